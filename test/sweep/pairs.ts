import { type Random, seededRandom } from "../../src/base/random.js";
import { calmPoints, chosen, optionsFor, planOf } from "./cuts.js";
import { powerCuts } from "./files.js";
import type { Findings } from "./findings.js";
import { fingerprintOf } from "./fingerprint.js";
import { type Plan, play } from "./play.js";
import { nameOf, type Point } from "./points.js";
import { type Setup, SimWorld } from "./world.js";

/**
 * Cut twice: at every point of the first life, and at every point of the life that follows it. First cuts that leave equal worlds have
 * equal second lives, so that one of them is tried for all.
 */

export interface FirstCut {
  readonly name: string;
  readonly nth: number;
  readonly when: "before" | "after";
  /** How many first cuts left a world like this one. */
  readonly alike: number;
}

/** The first cuts that leave different worlds. */
export async function firstCuts(setup: Setup): Promise<readonly FirstCut[]> {
  const options = optionsFor(setup);
  const byWorld = new Map<string, FirstCut>();
  for (const point of chosen(await calmPoints(options))) {
    for (const when of ["before", "after"] as const) {
      const first = { name: nameOf(point), nth: point.nth, when };
      const world = await SimWorld.create(options);
      await world.live(planOf({ ...first, death: "power", cut: "strict" }).at);
      await world.afterDeath("power", "strict");
      const fingerprint = fingerprintOf(world);
      await world.close();
      const alike = byWorld.get(fingerprint);
      byWorld.set(fingerprint, alike === undefined ? { ...first, alike: 1 } : { ...alike, alike: alike.alike + 1 });
    }
  }
  return [...byWorld.values()];
}

export async function sweepPairs(setup: Setup, first: FirstCut, found: Findings): Promise<void> {
  const options = optionsFor(setup);
  const known = new Set<string>();
  const one = planOf({ ...first, death: "power", cut: "strict" });
  const alone = await play(options, [one]);
  found.cut(setup, alone, one.name);
  for (const point of chosen(alone.lives[1] ?? [])) {
    for (const when of whensOf(point)) {
      const two: Plan = planOf({ name: nameOf(point), nth: point.nth, when, death: "power", cut: "strict" });
      found.pair(setup, await play({ ...options, known }, [one, two]), `${one.name}, then ${two.name}`, first.alike);
    }
  }
}

/** Pairs that a seed draws, for the families that are not given all. */
export async function samplePairs(setup: Setup, seed: number, count: number, found: Findings): Promise<void> {
  const options = optionsFor(setup);
  const random = seededRandom(seed);
  const points = chosen(await calmPoints(options));
  for (let drawn = 0; drawn < count; drawn++) {
    const one = drawnCut(random, points);
    // Which points the second life has is known only once the first was cut.
    const alone = await play(options, [one]);
    const two = drawnCut(random, chosen(alone.lives[1] ?? []));
    found.pair(setup, await play(options, [one, two]), `seed ${seed}: ${one.name}, then ${two.name}`, 1);
  }
}

function drawnCut(random: Random, points: readonly Point[]): Plan {
  const point = points[Math.floor(random.next() * points.length)];
  if (point === undefined) throw new Error("a life without a point");
  const when = random.next() < 0.5 ? "before" : "after";
  const death = random.next() < 0.7 ? "power" : "killed";
  const cut = powerCuts[Math.floor(random.next() * powerCuts.length)] ?? "strict";
  return planOf({ name: nameOf(point), nth: point.nth, when, death, cut });
}

/** At the disk, behind one step is before the next; elsewhere the effect and its answer are two things. */
function whensOf(point: Point): readonly ("before" | "after")[] {
  return point.room === "disk" ? ["before"] : ["before", "after"];
}
