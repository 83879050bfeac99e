import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/logging.js";
import { serve } from "../../src/daemon/service.js";
import { Whereabouts } from "../../src/daemon/whereabouts.js";
import { realHost } from "../../src/serial/host-roots.js";
import { restOn } from "../support/rest.js";
import type { NetworkFault } from "./network.js";
import type { Point } from "./points.js";
import { dayMs, hourMs, isAt, lostAnswer, minuteMs, ownLpa, Story, thePost, unwritableFrom } from "./story.js";
import { type At, simPort } from "./world.js";

/** `esimd run` in a world that fails at every run for days, and then is well. */

interface Served {
  /** How the runs ended: the code, or `provisioned`. */
  readonly ends: readonly string[];
  /** When each ended, from the start. */
  readonly endedMs: readonly number[];
}

/** The daemon, from its start until it has been at rest for long. */
async function served(story: Story, at: At, healsAtMs: number, restsMs = dayMs): Promise<Served> {
  const { world } = story;
  const stopping = new AbortController();
  const ends: string[] = [];
  const endedMs: number[] = [];
  const startMs = world.clock.monotonicMs();
  const sinceMs = (): number => world.clock.monotonicMs() - startMs;
  world.clock.setTimer(healsAtMs + restsMs, () => stopping.abort(new Error("the story is over")));
  await world.command(
    (process) => {
      const whereabouts = new Whereabouts(simPort, realHost);
      return serve(
        {
          port: simPort,
          clock: process.clock,
          random: process.random,
          log: silentLog,
          provision: async (signal) => {
            const beganMs = sinceMs();
            try {
              const result = await process.provision(signal);
              ends.push(result.report.error?.code ?? result.report.state);
              return result;
            } finally {
              endedMs.push(sinceMs());
              expect(sinceMs() - beganMs).toBeLessThan(world.deadlineMs + 2 * minuteMs);
            }
          },
          onResult: ({ report, exitStatus }) => story.heard(report, exitStatus),
          isPresent: () => whereabouts.isAny(),
          presence: () => whereabouts.presence(),
          rest: restOn(process.clock),
        },
        stopping.signal,
      );
    },
    story.watched((point) => (sinceMs() < healsAtMs ? at(point) : undefined)),
  );
  return { ends, endedMs };
}

const network =
  (matches: (point: Point) => boolean, fault: NetworkFault): At =>
  (point) =>
    matches(point) ? { kind: "network", fault } : undefined;
const inRoom =
  (room: Point["room"]) =>
  (point: Point): boolean =>
    point.room === room;

/** A server that takes connections, and does badly what it is asked over them. */
const requestsIn =
  (room: Point["room"]) =>
  (point: Point): boolean =>
    point.room === room && point.effect !== "connect";

interface BadDays {
  readonly name: string;
  readonly at: At;
  readonly code: string;
  /** A week when left out. */
  readonly days?: number;
  /** Before it is over. */
  readonly charges: number;
  /** How long after the world is well it may take; an hour's pause, and what is left of the last bad run. */
  readonly doneWithinMs?: number;
}

const badDays: readonly BadDays[] = [
  { name: "no network", at: network(inRoom("api"), { do: "refused" }), code: "api_unreachable", charges: 0 },
  {
    name: "the API answers 503",
    at: network(requestsIn("api"), { do: "status", status: 503, effect: false }),
    code: "api_unavailable",
    days: 1,
    charges: 0,
  },
  {
    name: "the API is silent",
    at: network(requestsIn("api"), { do: "silence", effect: false }),
    code: "deadline",
    days: 1,
    charges: 0,
  },
  { name: "the disk is full", at: unwritableFrom(() => true, "ENOSPC"), code: "disk_full", days: 1, charges: 0 },
  {
    name: "the SM-DP+ cannot be reached",
    at: network(inRoom("smdp"), { do: "refused" }),
    code: "smdp_unreachable",
    days: 1,
    charges: 1,
  },
  {
    name: "the package never arrives",
    at: network(({ effect }) => effect === "getBoundProfilePackage", { do: "cut", effect: true }),
    code: "smdp_unreachable",
    charges: 1,
    doneWithinMs: dayMs,
  },
  {
    name: "the SM-DP+ fails at the package",
    at: network(({ effect }) => effect === "getBoundProfilePackage", { do: "status", status: 500, effect: false }),
    code: "smdp_error",
    days: 1,
    charges: 1,
    doneWithinMs: dayMs,
  },
  {
    name: "the Sim cannot be activated",
    at: network(({ effect }) => effect === "POST /v1/Sims/:sid", { do: "status", status: 503, effect: false }),
    code: "api_unavailable",
    days: 1,
    charges: 1,
  },
];

/** From half a minute, doubled up to an hour, and of each pause at least half. */
const mostRuns = (badMs: number): number => 16 + badMs / (hourMs / 2);

describe("a daemon whose world fails for days", () => {
  // A week has some two hundred runs, and the machine may have other things to do.
  it.each(badDays)(
    "$name: it tries by its back-off, and is done soon after the world is well",
    {
      timeout: 120_000,
    },
    async (bad) => {
      const { days = 7, doneWithinMs = 2 * hourMs } = bad;
      const story = await Story.begin(ownLpa);
      let charges = 0;
      const { ends, endedMs } = await served(
        story,
        (point) => {
          charges = story.charges;
          return bad.at(point);
        },
        days * dayMs,
      );
      expect(new Set(ends.slice(0, -1))).toEqual(new Set([bad.code]));
      expect(ends.at(-1)).toBe("provisioned");
      expect(ends.length).toBeLessThan(mostRuns(days * dayMs));
      expect((endedMs.at(-1) ?? 0) - days * dayMs).toBeLessThan(doneWithinMs);
      expect([charges, story.charges, story.world.smdp.orders().length]).toEqual([bad.charges, 1, 1]);
      await story.isWell();
      await story.end();
    },
  );
});

it("a daemon in doubt about a POST, at a provider that is away for days: one charge once it is back", async () => {
  const story = await Story.begin(ownLpa);
  let isMade = false;
  const { ends } = await served(
    story,
    (point) => {
      if (point.room !== "api") return undefined;
      if (isMade) return { kind: "network", fault: { do: "status", status: 503, effect: false } };
      isMade = isAt(thePost, point);
      return isMade ? lostAnswer : undefined;
    },
    2 * dayMs,
  );
  expect(ends.at(-1)).toBe("provisioned");
  expect([story.charges, story.posts, story.kinds()]).toEqual([1, 1, ["intent", "adopted", "charged"]]);
  await story.isWell();
  await story.end();
});
