import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { loadConfig, type Override } from "../../src/daemon/config/load.js";
import { provisionOnce } from "../../src/daemon/provisioner.js";
import { parseBehaviours } from "../../src/emulator/api/behaviours.js";
import type { FakeApiTiming, SeenRequest } from "../../src/emulator/api/fake-api.js";
import { progressPath } from "../../src/emulator/api/progress.js";
import { type FakeWorld, startFakeWorld } from "../../src/emulator/world.js";
import { type StateName, stateNames } from "../../src/provision/states.js";
import { startEagerClock } from "../support/eager-clock.js";
import { ts48Bytes } from "./setting.js";

/**
 * A whole provision of a new device, counted at the provider: every HTTP request with the state of the journey that sent it. The clock moves
 * when nothing happens, so that a provider that takes a minute costs seconds here, and the times are those of waits and answers alone.
 */

export interface RequestSetting {
  readonly provider: "twilio" | "kore";
  readonly method: "eid" | "activation-code";
  /** Until the profile is available: 0.8 s, as the emulators are by themselves, or a minute. */
  readonly api: "fast" | "minute";
  /** The Fleet is configured unless this says otherwise. */
  readonly sim?: SimSetting;
  /** The eUICC comes with an enabled profile of somebody else's. */
  readonly bootstrap?: boolean;
  /** How long the provider takes for a queued change of a Sim; it is done at once with 0. */
  readonly simScheduledMs?: number;
  /** What the modem waits before each answer, {@link usualModemDelayMs} when left out. */
  readonly modemDelayMs?: number;
}

export interface SimSetting {
  readonly fleet?: "none";
  readonly activate?: "none" | "active";
  readonly when?: string;
}

export interface RequestFigures {
  readonly setting: RequestSetting;
  /** To the API, without those for a token. */
  readonly requests: number;
  /** KORE's, for a token. */
  readonly tokenRequests: number;
  /** Each with the state that sent it, in their order: "surveying: GET /v1/ESimProfiles?Eid". */
  readonly sent: readonly string[];
  /** Milliseconds of the clock, whole and by state. */
  readonly wholeMs: number;
  readonly timings: Readonly<Partial<Record<StateName, number>>>;
}

const timings: Readonly<Record<RequestSetting["api"], Pick<FakeApiTiming, "toReservingMs" | "toAvailableMs">>> = {
  fast: { toReservingMs: 200, toAvailableMs: 600 },
  minute: { toReservingMs: 2_000, toAvailableMs: 58_000 },
};

export const usualModemDelayMs = 50;
/** What the provider waits before each answer: a server that is far away. */
export const apiDelayMs = 100;

/** @throws when the device does not end provisioned: then there is nothing to count. */
export async function measureRequests(setting: RequestSetting): Promise<RequestFigures> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-requests-"));
  const clock = startEagerClock();
  let world: FakeWorld | undefined;
  try {
    world = await startFakeWorld({
      dir,
      clock,
      random: seededRandom(3),
      log: silentLog,
      dialect: "etsi-apdu",
      wire: { kind: "socket", listen: { kind: "unix", path: join(dir, "modem.sock") } },
      delayMs: setting.modemDelayMs ?? usualModemDelayMs,
      bootstrap: setting.bootstrap,
      apiBehaviours: parseBehaviours([{ match: {}, actions: [{ do: "delay", ms: apiDelayMs }] }], "the bench"),
      apiTiming: {
        ...timings[setting.api],
        ...(setting.simScheduledMs === undefined ? {} : { simScheduledMs: setting.simScheduledMs }),
      },
      profileSizeBytes: ts48Bytes,
    });
    const { api } = world;
    const { fleet } = setting.sim ?? {};
    // The emulators' own file says nothing but the Fleet.
    if (fleet !== undefined) await writeFile(join(dir, "config.toml"), "");
    const { config } = loadConfig({
      env: world.env,
      overrides: overridesOf(setting),
    });
    const sent: string[] = [];
    let state: StateName = "connecting";
    const note = (): void => {
      const ours = api.requests().filter(({ path }) => path !== progressPath);
      for (const request of ours.slice(sent.length)) sent.push(`${state}: ${nameOf(request)}`);
    };
    const { outcome } = await provisionOnce(
      {
        config,
        port: world.port,
        clock,
        random: seededRandom(3),
        log: silentLog,
        observe: (seen) => {
          if (seen.kind !== "state") return;
          note();
          state = seen.state;
        },
      },
      new AbortController().signal,
    );
    note();
    if (outcome.state !== "provisioned") throw outcome.error ?? new Error(`the run ended ${outcome.state}`);
    const tokenRequests = sent.filter((name) => name.includes("token")).length;
    return {
      setting,
      requests: sent.length - tokenRequests,
      tokenRequests,
      sent,
      wholeMs: Math.round(outcome.finishedAtMs - outcome.startedAtMs),
      timings: outcome.timings,
    };
  } finally {
    await world?.close();
    clock.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

function overridesOf({ provider, method, sim = {} }: RequestSetting): readonly Override[] {
  const { activate, when } = sim;
  const flag = "the bench";
  return [
    { key: "modem.lpa", value: "host", flag },
    { key: "api.provider", value: provider, flag },
    { key: "reservation.method", value: method, flag },
    ...(activate === undefined ? [] : [{ key: "sim.activate", value: activate, flag } as const]),
    ...(when === undefined ? [] : [{ key: "sim.when", value: when, flag } as const]),
  ];
}

/** Without what differs from run to run: SIDs, and the values of a query. */
function nameOf({ method, path, query }: SeenRequest): string {
  const keys = [...new URLSearchParams(query).keys()].filter((key) => key !== "PageSize");
  const place = path.replace(/\/[A-Z]{2}[0-9a-f]{32}$/, "/SID").replace(/^\/api-services.*\/token$/, "token");
  return `${method} ${place}${keys.length === 0 ? "" : `?${keys.join("&")}`}`;
}

/** The states that took time, in the order of the table. */
export function statesOf(figures: readonly RequestFigures[]): readonly StateName[] {
  return stateNames.filter((name) => figures.some(({ timings: took }) => (took[name] ?? 0) >= 50));
}
