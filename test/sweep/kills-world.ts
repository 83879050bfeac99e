import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.js";
import { type Log, silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { type BehaviourInput, parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { checkScenario } from "../../src/emulator/smdp/scenario.js";
import { type FakeWorld, startFakeWorld } from "../../src/emulator/world.js";
import { storeFolder } from "../../src/provision/store/store.js";
import type { DevicePlan } from "./kills-plan.js";

/** The world of one device: the emulators as its plan has them, and what its esimd is called with. */
export interface DeviceWorld {
  readonly fake: FakeWorld;
  /** Of the journal and the ledger. */
  readonly store: string;
  readonly words: readonly string[];
  /** What happened so far that is to be counted from outside: AT lines and requests. */
  events(): number;
  close(): Promise<void>;
}

export async function startDeviceWorld(plan: DevicePlan, signal: AbortSignal): Promise<DeviceWorld> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-kills-"));
  let requests = 0;
  let fake: FakeWorld | undefined;
  const close = async (): Promise<void> => {
    await fake?.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const { family } = plan;
    fake = await startFakeWorld({
      dir,
      clock: systemClock,
      random: seededRandom(plan.worldSeed),
      log: countingLog(() => requests++),
      dialect: family.dialect,
      delayMs: plan.answerDelayMs,
      profileSizeBytes: plan.profileBytes,
      modemWorld: {
        simBusyMs: 150,
        registrationMs: 200,
        // A run that follows a kill waits so long until the modem gives up on the old one; a slow machine must not come near it.
        relayTimeoutMs: 2500,
        lpaEffectMs: 300,
        installMs: plan.installMs,
        ...family.modemWorld,
      },
      apiTiming: { toReservingMs: 20, toAvailableMs: 60, simScheduledMs: 60 },
      apiBehaviours: parseBehaviours(apiBehaviours(plan), "the sweep's API"),
      // A device that is killed often begins more sessions than most SM-DP+ would bear; how many it may is not the question here.
      smdpScenario: checkScenario({ maxAttempts: 1000 }, "the sweep's SM-DP+"),
    });
    const { port, env, modem } = fake;
    if (plan.provider === "none") await fake.reserveForEuicc(signal);
    const config = await writeConfig(dir, plan);
    const { ESIMD_STATE_DIR: stateDir = dir } = env;
    const store = storeFolder(stateDir, modem.euicc.eid);
    // Made beforehand, so that it can be watched from the first change on.
    await mkdir(store, { recursive: true });
    const { method, provider } = plan;
    const choices = ["--lpa", family.lpa, "--method", method, "--provider", provider];
    return {
      fake,
      store,
      words: ["provision", "--json", "--port", port, "--config", config, ...choices],
      events: () => requests + modem.counts.commandLines + modem.counts.urcs,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The emulators' own logs are silent, but the API's word for a request, which comes before its effect. */
function countingLog(onRequest: () => void): Log {
  return {
    ...silentLog,
    debug: (_facts, sentence) => {
      if (sentence === "request") onRequest();
    },
  };
}

function apiBehaviours({ apiDelayMs, postDelayMs, staleListMs }: DevicePlan): readonly BehaviourInput[] {
  const post = { method: "POST", path: "/v1/ESimProfiles" } as const;
  return [
    {
      match: post,
      actions: [
        { do: "delay", ms: postDelayMs },
        { do: "stale-list", ms: staleListMs },
      ],
    },
    { match: { method: "GET" }, actions: [{ do: "delay", ms: apiDelayMs }] },
  ];
}

/** Short waits, but for the settling time: it must be longer than all that delays what a POST does. */
async function writeConfig(dir: string, { family }: DevicePlan): Promise<string> {
  const lines = [
    "[api]",
    'timeout = "5s"',
    "[reservation]",
    'reserve_settle = "4s"',
    'available_wait = "20s"',
    "[sim]",
    'fleet = "default"',
    "[confirm]",
    'wait = "2s"',
    "[network]",
    'registration_wait = "10s"',
  ];
  if (family.takesIsdR) {
    const dialects = join(dir, "dialects");
    await mkdir(dialects);
    const impatient = `based_on = "${family.dialect}"\n[refresh]\nwait_ms = 300\n`;
    await writeFile(join(dialects, "impatient.toml"), impatient);
    lines.push("[modem]", "take_isdr = true", `dialects = ${JSON.stringify(dialects)}`);
  }
  const path = join(dir, "sweep.toml");
  await writeFile(path, `${lines.join("\n")}\n`);
  return path;
}
