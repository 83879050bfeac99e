import type { Verdict } from "./play.js";
import { nameOf, type Point } from "./points.js";
import { nameOfSetup } from "./setups.js";
import type { Setup } from "./world.js";

/** What a part of a sweep found; plain data, so that it passes between processes. */
export interface Counts {
  /** Distinct points, by setup, state and effect. */
  readonly points: readonly string[];
  readonly cuts: number;
  readonly pairs: number;
  readonly faults: number;
  readonly seeds: number;
  /** Of the real program. */
  readonly kills: number;
  readonly lives: number;
  readonly violations: readonly Violation[];
}

export interface Violation {
  readonly setup: string;
  readonly story: string;
  readonly what: string;
}

export interface Findings {
  readonly counts: () => Counts;
  readonly point: (setup: Setup, point: Point) => void;
  readonly cut: (setup: Setup, verdict: Verdict, story: string) => void;
  /** `times`: how many pairs this one stands for, since their first cuts left equal worlds. */
  readonly pair: (setup: Setup, verdict: Verdict, story: string, times: number) => void;
  readonly fault: (setup: Setup, verdict: Verdict, story: string) => void;
  readonly seed: (setup: Setup, verdict: Verdict, story: string) => void;
}

/** The one violation that is the sweep's own: its runs are not alike. */
export const missedPoint = "the sweep did not come to its point";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export function findings(): Findings {
  const points = new Set<string>();
  const violations: Violation[] = [];
  const counts: Mutable<Omit<Counts, "points" | "violations">> = {
    cuts: 0,
    pairs: 0,
    faults: 0,
    seeds: 0,
    kills: 0,
    lives: 0,
  };
  const take = (setup: Setup, verdict: Verdict, story: string): boolean => {
    counts.lives += verdict.lives.length;
    for (const what of verdict.violations) violations.push({ setup: nameOfSetup(setup), story, what });
    return verdict.met.every(Boolean);
  };
  /** A point that did not come again is a defect of the sweep: its runs are not alike, and it proves nothing. */
  const mustMeet = (setup: Setup, verdict: Verdict, story: string): void => {
    if (!take(setup, verdict, story)) violations.push({ setup: nameOfSetup(setup), story, what: missedPoint });
  };
  return {
    counts: () => ({ ...counts, points: [...points], violations }),
    point: (setup, point) => points.add(`${nameOfSetup(setup)}: ${nameOf(point)}`),
    cut: (setup, verdict, story) => {
      counts.cuts++;
      mustMeet(setup, verdict, story);
    },
    pair: (setup, verdict, story, times) => {
      counts.pairs += times;
      mustMeet(setup, verdict, story);
    },
    fault: (setup, verdict, story) => {
      counts.faults++;
      mustMeet(setup, verdict, story);
    },
    seed: (setup, verdict, story) => {
      counts.seeds++;
      take(setup, verdict, story);
    },
  };
}

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    points: [...new Set([...a.points, ...b.points])],
    cuts: a.cuts + b.cuts,
    pairs: a.pairs + b.pairs,
    faults: a.faults + b.faults,
    seeds: a.seeds + b.seeds,
    kills: a.kills + b.kills,
    lives: a.lives + b.lives,
    violations: [...a.violations, ...b.violations],
  };
}

export const noCounts: Counts = {
  points: [],
  cuts: 0,
  pairs: 0,
  faults: 0,
  seeds: 0,
  kills: 0,
  lives: 0,
  violations: [],
};
