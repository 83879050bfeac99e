import { type Random, seededRandom } from "../../src/base/random.js";
import { optionsFor } from "./cuts.js";
import { faultsAt } from "./faults.js";
import { type PowerCut, powerCuts } from "./files.js";
import type { Findings } from "./findings.js";
import type { Happening } from "./life.js";
import { type Plan, play } from "./play.js";
import { nameOf, type Point } from "./points.js";
import { setups } from "./setups.js";

/** Faults and cuts in random combinations: as many lives as the seed says, each with several of them. */

export async function sweepSeed(seed: number, found: Findings): Promise<void> {
  const random = seededRandom(seed);
  const setup = one(random, setups);
  const plans = Array.from({ length: 1 + below(random, 4) }, (_, index) => randomPlan(random, index + 1));
  const verdict = await play(optionsFor(setup), plans);
  const story = `seed ${seed}: ${plans.map(({ name }) => name).join("; ")}`;
  found.seed(setup, verdict, story);
}

/** What happened is known only afterwards: the name is read once the life is over. */
function randomPlan(random: Random, life: number): Plan {
  const places = Array.from({ length: 1 + below(random, 3) }, () => 1 + below(random, 280)).sort((a, b) => a - b);
  const last = places.at(-1);
  const dies = random.next() < 0.6;
  const death = random.next() < 0.6 ? ("power" as const) : ("killed" as const);
  const when = random.next() < 0.5 ? ("before" as const) : ("after" as const);
  const cut: PowerCut = one(random, powerCuts);
  const seen: string[] = [];
  return {
    get name() {
      return `life ${life}: ${seen.join(", ") || "nothing"}`;
    },
    cut,
    at: (point: Point): Happening | undefined => {
      if (!places.includes(point.number)) return undefined;
      if (dies && point.number === last) {
        seen.push(`${death === "power" ? `power cut (${cut})` : "kill"} ${when} "${nameOf(point)}"`);
        return { kind: "death", when, death };
      }
      const faults = faultsAt(point);
      if (faults.length === 0) return undefined;
      const fault = one(random, faults);
      seen.push(`"${nameOf(point)}" ${fault.name}`);
      return fault.happening;
    },
  };
}

function below(random: Random, limit: number): number {
  return Math.floor(random.next() * limit);
}

function one<T>(random: Random, list: readonly T[]): T {
  const chosen = list[below(random, list.length)];
  if (chosen === undefined) throw new Error("nothing to choose from");
  return chosen;
}
