import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createProviderApi } from "../api/client.js";
import { type Clock, sleep } from "../base/clock.js";
import { EsimdError } from "../base/errors.js";
import type { Eid } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { Behaviour as ApiBehaviour } from "./api/behaviours.js";
import { type FakeApi, type FakeApiTiming, fakeApiDefaults, startFakeApi } from "./api/fake-api.js";
import { type FakeModem, type ModemWire, startFakeModem } from "./modem/fake-modem.js";
import type { Scenario as ModemScenario, World as ModemWorld } from "./modem/scenario.js";
import type { Curve } from "./pki/curves.js";
import { loadPki } from "./pki/pki.js";
import { type FakeSmdp, startFakeSmdp } from "./smdp/fake-smdp.js";
import type { Scenario as SmdpScenario } from "./smdp/scenario.js";
import { type FakeSmds, startFakeSmds } from "./smds/fake-smds.js";

/** The three emulators wired together: a modem with an eUICC, the SM-DP+ it downloads from, and the API that sells the profiles. */

export interface FakeWorldOptions {
  /** Certificates, roots, a configuration and, on a pty, the modem's link are put here. */
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dialect?: string | undefined;
  readonly eid?: Eid | undefined;
  /** A pty under `DIR/modem` when left out. */
  readonly wire?: ModemWire | undefined;
  /** The eUICC starts with an enabled bootstrap profile; by default where the modem cannot download without one. */
  readonly bootstrap?: boolean | undefined;
  readonly delayMs?: number | undefined;
  readonly modemScenario?: ModemScenario | undefined;
  readonly modemWorld?: Partial<ModemWorld> | undefined;
  readonly smdpScenario?: SmdpScenario | undefined;
  readonly profileSizeBytes?: number | undefined;
  readonly curve?: Curve | undefined;
  /** A root SM-DS stands on the eUICC, and no default SM-DP+. */
  readonly discovery?: boolean | undefined;
  readonly apiBehaviours?: readonly ApiBehaviour[] | undefined;
  readonly apiTiming?: Partial<FakeApiTiming> | undefined;
}

export interface FakeWorld {
  /** What `--port` takes. */
  readonly port: string;
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly smdpAddress: string;
  readonly ciRoots: string;
  /** What another command needs in its environment to live in this world. */
  readonly env: Readonly<Record<string, string>>;
  readonly modem: FakeModem;
  readonly smdp: FakeSmdp;
  readonly smds: FakeSmds | undefined;
  readonly api: FakeApi;
  /** Plays the back end of provider `none`: reserves a profile for the eUICC and waits until it is there. */
  reserveForEuicc(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The dialect whose modem downloads by its own network, and so needs one. */
const needsNetwork = "quectel-nwmode";
const fleet = fakeApiDefaults.fleets[0];

/** @throws EsimdError `bad_input` and others of the emulators; what was started is stopped again. */
export async function startFakeWorld(options: FakeWorldOptions): Promise<FakeWorld> {
  const started: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const emulator of started.splice(0).reverse()) await emulator.close();
  };
  try {
    return await wire(options, started, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function wire(
  options: FakeWorldOptions,
  started: { close(): Promise<void> }[],
  close: () => Promise<void>,
): Promise<FakeWorld> {
  const { clock, random, log, dialect } = options;
  const dir = resolve(options.dir);
  const ciRoots = join(dir, "ci-roots");
  await mkdir(ciRoots, { recursive: true });
  await mkdir(join(dir, "pki"), { recursive: true });
  const pki = loadPki(join(dir, "pki"), options.curve === undefined ? {} : { curve: options.curve });
  await writeFile(join(ciRoots, "ci.pem"), pki.ciPem);

  const loopback = { host: "127.0.0.1", port: 0 };
  const smds = options.discovery === true ? await startFakeSmds({ listen: loopback, pki, log }) : undefined;
  if (smds !== undefined) started.push(smds);
  const smdp = await startFakeSmdp({
    listen: loopback,
    pki,
    clock,
    random,
    log,
    ...(options.smdpScenario === undefined ? {} : { scenario: options.smdpScenario }),
    profileSizeBytes: options.profileSizeBytes,
    smds,
  });
  started.push(smdp);
  const api = await startFakeApi({
    listen: loopback,
    clock,
    random,
    log,
    smdp: { host: smdp.address },
    behaviours: options.apiBehaviours,
    timing: options.apiTiming,
  });
  started.push(api);
  const modem = await startFakeModem({
    clock,
    random,
    log,
    pki,
    dialect,
    eid: options.eid,
    wire: options.wire ?? { kind: "pty", link: join(dir, "modem") },
    scenario: options.modemScenario,
    world: options.modemWorld,
    delayMs: options.delayMs,
    bootstrap: options.bootstrap ?? dialect === needsNetwork,
    defaultSmdpAddress: smds === undefined ? smdp.address : undefined,
    rootSmdsAddress: smds?.address,
  });
  started.push(modem);

  const config = join(dir, "config.toml");
  await writeFile(config, `# Made for the emulators in this folder.\n[sim]\nfleet = "${fleet}"\n`);
  return {
    port: modem.port,
    apiUrl: api.url,
    tokenUrl: api.tokenUrl,
    smdpAddress: smdp.address,
    ciRoots,
    env: {
      ESIMD_CONFIG: config,
      ESIMD_STATE_DIR: join(dir, "state"),
      ESIMD_SOCKET: join(dir, "esimd.sock"),
      ESIMD_CI_ROOTS: ciRoots,
      ESIMD_API_URL: api.url,
      ESIMD_TOKEN_URL: api.tokenUrl,
      ESIMD_API_KEY: fakeApiDefaults.key,
      ESIMD_API_SECRET: fakeApiDefaults.secret,
    },
    modem,
    smdp,
    smds,
    api,
    reserveForEuicc: (signal) => reserve(options, api, modem.euicc.eid, signal),
    close,
  };
}

const pollMs = 100;

async function reserve(options: FakeWorldOptions, api: FakeApi, eid: Eid, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = options;
  const { key, secret } = fakeApiDefaults;
  const client = createProviderApi({ provider: "twilio", baseUrl: api.url, key, secret, clock, random, log });
  try {
    const made = await client.createESimProfile({ eid }, signal);
    if (made.kind !== "created") throw made.error;
    for (;;) {
      const { status } = await client.getESimProfile(made.profile.sid, signal);
      if (status === "available") return;
      if (status === "failed") throw new EsimdError("reservation_failed", "the emulated back end got no profile");
      await sleep(clock, pollMs, signal);
    }
  } finally {
    await client.close();
  }
}
