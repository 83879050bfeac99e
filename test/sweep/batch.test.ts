import { describe, expect, it } from "vitest";
import { playBatch, pointsOf } from "./batch-world.js";
import { type DiskFailure, type PowerCut, powerCuts } from "./files.js";
import type { Death, Happening } from "./life.js";
import type { NetworkFault } from "./network.js";
import { nameOf, type Point } from "./points.js";

/**
 * Every numbered point of a batch of three, of which two are under way at once: the process is killed there, the power goes, the disk or
 * the network fails. Then it runs again, and a person decides what is in doubt: three codes, three charges, each charge in the ledger.
 */

const count = 3;
const parallel = 2;

const atPoint =
  (wanted: Point, happening: Happening) =>
  (point: Point): Happening | undefined =>
    point.number === wanted.number ? happening : undefined;

async function findings(
  points: readonly Point[],
  happenings: readonly { readonly name: string; readonly happening: Happening; readonly cut?: PowerCut }[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const point of points) {
    for (const { name, happening, cut = "strict" } of happenings) {
      const wrong = await playBatch(count, parallel, atPoint(point, happening), cut);
      for (const what of wrong) found.push(`${name} at point ${point.number}, ${nameOf(point)}: ${what}`);
    }
  }
  return found;
}

const deaths = (death: Death, cut?: PowerCut) =>
  (["before", "after"] as const).map((when) => ({
    name: `${death}${cut === undefined ? "" : ` (${cut})`} ${when}`,
    happening: { kind: "death", when, death } as const,
    ...(cut === undefined ? {} : { cut }),
  }));

describe("a batch of three codes", () => {
  it("has a point at every step that leaves the process", async () => {
    const points = await pointsOf(count, parallel);
    expect(points.filter(({ effect }) => effect === "POST /v1/ESimProfiles")).toHaveLength(count);
    // A first line, and three for each item.
    expect(points.filter(({ effect }) => effect === "sync ledger.jsonl")).toHaveLength(1 + 3 * count);
  });

  it("is killed at any of them", async () => {
    expect(await findings(await pointsOf(count, parallel), deaths("killed"))).toEqual([]);
  });

  it("loses its power at any of them, with all that a disk may have lost", async () => {
    const points = await pointsOf(count, parallel);
    // What is not synced yet is there before a step as well as after the one before it.
    const cuts = powerCuts.flatMap((cut) =>
      cut === "strict" ? deaths("power", cut) : deaths("power", cut).slice(0, 1),
    );
    expect(
      await findings(
        points.filter(({ room }) => room === "disk"),
        cuts,
      ),
    ).toEqual([]);
    expect(
      await findings(
        points.filter(({ room }) => room === "api"),
        deaths("power", "strict"),
      ),
    ).toEqual([]);
  });

  it("meets a disk that fails at any of them", async () => {
    const failures = (["ENOSPC", "EIO"] as const satisfies readonly DiskFailure[]).map((failure) => ({
      name: failure,
      happening: { kind: "disk", failure } as const,
    }));
    const points = (await pointsOf(count, parallel)).filter(({ room }) => room === "disk");
    expect(await findings(points, failures)).toEqual([]);
  });

  it("meets a network and a provider that fail at any of them", async () => {
    const spoilt = (effect: boolean): readonly NetworkFault[] => [
      { do: "cut", effect },
      { do: "silence", effect },
      { do: "cut-in-body", effect },
      { do: "status", status: 500, effect },
      { do: "status", status: 503, effect, html: true },
      { do: "html", effect },
      { do: "wrong-json", effect },
      { do: "empty", effect },
    ];
    const faults: readonly NetworkFault[] = [
      { do: "refused" },
      ...spoilt(false),
      ...spoilt(true),
      { do: "late-effect", ms: 30_000 },
      { do: "slow", ms: 10_000 },
      { do: "status", status: 429, effect: false, retryAfter: "7" },
      { do: "status", status: 429, effect: false, retryAfter: "7200" },
      { do: "status", status: 401, effect: false },
      { do: "redirect" },
    ];
    const happenings = faults.map((fault) => ({
      name: JSON.stringify(fault),
      happening: { kind: "network", fault } as const,
    }));
    const points = (await pointsOf(count, parallel)).filter(({ room }) => room === "api");
    expect(await findings(points, happenings)).toEqual([]);
  });
});
