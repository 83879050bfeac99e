import { describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { serve } from "../../../src/daemon/service.js";
import { parseBehaviours } from "../../../src/emulator/api/behaviours.js";
import { restOn } from "../../support/rest.js";
import type { Point } from "../../sweep/points.js";
import { SimWorld, simPort, sweepPki } from "../../sweep/world.js";
import { Fleet } from "./fleet.js";
import type { Refusal } from "./gate.js";
import { daemonPolicy } from "./policy.js";
import { asks, type FleetSetting } from "./setting.js";

/**
 * The fleet's model of a device beside the daemon's own code, on an emulated modem, eUICC, API and SM-DP+: both are turned away by one
 * script, and must ask the same in the same order.
 */

/** What is refused: `asked` by its name, `nth` of all requests to the API and sessions, `sinceMs` the first of them. */
type Script = (asked: string, nth: number, sinceMs: number) => number | undefined;

interface Asked {
  readonly what: string;
  readonly status: number | undefined;
  readonly atMs: number;
}

/** Whatever chance makes of the pauses, the first look for the reservation comes before this and the second after it. */
const availableMs = 1_500;
const scheduledMs = 720;
const dayMs = 86_400_000;

const names: Readonly<Record<number, string>> = {
  [asks.simByIccid]: "Sim by ICCID",
  [asks.list]: "list",
  [asks.settle]: "list",
  [asks.post]: "POST",
  [asks.available]: "available?",
  [asks.session]: "session",
  [asks.sim]: "Sim",
  [asks.simSettled]: "Sim",
  [asks.simUpdate]: "Sim update",
  [asks.confirm]: "installed?",
};

function modelled(script: Script, chance: number): readonly Asked[] {
  const asked: Asked[] = [];
  const refuses = (ask: number, nowMs: number): Refusal | undefined => {
    const what = names[ask] ?? "unknown";
    const status = script(what, asked.length + 1, nowMs - (asked[0]?.atMs ?? nowMs));
    asked.push({ what, status, atMs: nowMs });
    if (status === undefined) return undefined;
    const code = what === "session" ? "smdp_busy" : status === 429 ? "api_rate_limited" : "api_unavailable";
    return { code, retryAfterMs: undefined };
  };
  const gate = { perSecond: 1, kind: "script", refuses } as const;
  const times = { bootMs: 0, connectMs: 1_000, downloadMs: 3_000, enableMs: 3_000, availableMs, scheduledMs };
  const setting: FleetSetting = { devices: 1, api: gate, smdp: gate, times };
  const fleet = new Fleet(setting, daemonPolicy({ next: () => chance }), seededRandom(1));
  fleet.run(dayMs);
  expect(fleet.devices.doneMs[0]).toBeLessThan(dayMs);
  return asked;
}

async function real(script: Script): Promise<readonly Asked[]> {
  const made = { method: "POST", path: "/v1/ESimProfiles" } as const;
  const updated = { method: "POST", path: "/v1/Sims/*" } as const;
  const world = await SimWorld.create({
    family: "etsi-apdu",
    lpa: "host",
    method: "eid",
    provider: "twilio",
    pki: sweepPki(),
    apiBehaviours: parseBehaviours(
      [
        { match: made, actions: [{ do: "walk", toAvailableMs: availableMs }] },
        { match: updated, actions: [{ do: "sim-update", scheduledMs }] },
      ],
      "the test",
    ),
  });
  const asked: Asked[] = [];
  const stopping = new AbortController();
  const at = (point: Point) => {
    const what = nameOf(point);
    if (what === undefined) return undefined;
    const atMs = world.clock.monotonicMs();
    const status = script(what, asked.length + 1, atMs - (asked[0]?.atMs ?? atMs));
    asked.push({ what, status, atMs });
    return status === undefined
      ? undefined
      : ({ kind: "network", fault: { do: "status", status, effect: false } } as const);
  };
  try {
    await world.command(
      (process) =>
        serve(
          {
            port: simPort,
            clock: process.clock,
            random: process.random,
            log: silentLog,
            provision: (signal) => process.provision(signal),
            onResult: ({ report }) => {
              if (report.state === "provisioned") stopping.abort(new Error("the device is provisioned"));
            },
            isPresent: () => Promise.resolve(true),
            presence: () => Promise.resolve("same"),
            rest: restOn(process.clock),
          },
          stopping.signal,
        ),
      at,
    );
  } finally {
    await world.close();
  }
  return asked;
}

function nameOf({ room, effect, state }: Point): string | undefined {
  if (room === "smdp") return effect === "initiateAuthentication" ? "session" : undefined;
  if (room !== "api" || effect === "connect") return undefined;
  if (effect === "GET /v1/ESimProfiles/:sid") return state === "confirming" ? "installed?" : "available?";
  const named = {
    "GET /v1/ESimProfiles?Eid": "list",
    "POST /v1/ESimProfiles": "POST",
    "GET /v1/Sims?Iccid": "Sim by ICCID",
    "GET /v1/Sims/:sid": "Sim",
    "POST /v1/Sims/:sid": "Sim update",
  };
  return Object.entries(named).find(([known]) => known === effect)?.[1] ?? effect;
}

const words = (asked: readonly Asked[]): readonly string[] =>
  asked.map(({ what, status }) => (status === undefined ? what : `${what}: ${status}`));

/** What follows what, each once: how often it does so in a time is for chance to say. */
const steps = (asked: readonly Asked[]): readonly string[] => {
  const pairs = asked.flatMap(({ what }, i) => (asked[i + 1] === undefined ? [] : [`${what}, ${asked[i + 1]?.what}`]));
  return [...new Set(pairs)].sort();
};

/** From a refusal to the next question of the same. */
const pausesMs = (asked: readonly Asked[]): readonly number[] =>
  asked.flatMap(({ what, status, atMs }, i) => {
    const next = asked[i + 1];
    return status === undefined || next?.what !== what ? [] : [next.atMs - atMs];
  });

describe("a device of the model and the daemon's own code", () => {
  it.each<[string, Script, number]>([
    ["when nothing is refused", () => undefined, 8],
    ["when the first three are", (_what, nth) => (nth <= 3 ? 429 : undefined), 11],
    ["when two of three are, once the first got through", (_what, nth) => (nth % 3 === 1 ? undefined : 429), 19],
    ["when the SM-DP+ has no room at first", (what, nth) => (what === "session" && nth < 8 ? 503 : undefined), 11],
  ])("ask the same, and as often, %s", async (_name, script, requests) => {
    const daemon = await real(script);
    const [soonest, latest] = [modelled(script, 0), modelled(script, 0.999_999)];
    expect(words(soonest)).toEqual(words(daemon));
    expect(words(latest)).toEqual(words(daemon));
    expect(daemon).toHaveLength(requests);
    // A run's first question comes after the modem's own time, which is no matter of the policy.
    const ownMs = 60_000;
    const least = pausesMs(soonest);
    const most = pausesMs(latest);
    for (const [i, pauseMs] of pausesMs(daemon).entries()) {
      expect(pauseMs).toBeGreaterThanOrEqual((least[i] ?? 0) - 1_000);
      expect(pauseMs).toBeLessThanOrEqual((most[i] ?? 0) + ((most[i] ?? 0) > 14_000 ? ownMs : 200));
    }
  });

  it.each<[string, Script, number]>([
    ["the POST for an hour", (what, _nth, ms) => (what === "POST" && ms < 3_600_000 ? 429 : undefined), 3],
    ["sessions for an hour", (what, _nth, ms) => (what === "session" && ms < 3_600_000 ? 503 : undefined), 3],
    [
      "the Sim's update for an hour",
      (what, _nth, ms) => (what === "Sim update" && ms < 3_600_000 ? 429 : undefined),
      3,
    ],
    ["everything for an hour", (_what, _nth, ms) => (ms < 3_600_000 ? 429 : undefined), 1],
    ["everything but the first list for an hour", (_what, nth, ms) => (nth > 1 && ms < 3_600_000 ? 429 : undefined), 2],
    [
      "the first POST, and it is unclear what became of it",
      (what, nth) => (what === "POST" && nth < 4 ? 503 : undefined),
      1,
    ],
  ])("go the same way when %s is refused", async (_name, script, leastLists) => {
    const daemon = await real(script);
    expect(steps(modelled(script, 0.5))).toEqual(steps(daemon));
    expect(daemon.filter(({ what }) => what === "list").length).toBeGreaterThanOrEqual(leastLists);
  });
});
