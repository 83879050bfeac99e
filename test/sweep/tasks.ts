import { sweepCuts, sweepForgetfulDisk } from "./cuts.js";
import { sweepBadDays, sweepFaults } from "./faults.js";
import { type Counts, type Findings, findings } from "./findings.js";
import { sweepForgottenNotifications } from "./forgotten-notifications.js";
import { firstCuts, samplePairs, sweepPairs } from "./pairs.js";
import type { Room } from "./points.js";
import { type Later, sweepRollback } from "./rollback.js";
import { sweepSeed } from "./seeds.js";
import { mainSetups, nameOfSetup, setups } from "./setups.js";
import type { Setup } from "./world.js";

/** A part of a sweep that a worker does by itself; plain data. */
export type Task =
  | ({ readonly kind: "cuts"; readonly setup: Setup; readonly thorough: boolean } & Narrowed)
  | ({ readonly kind: "forgetful-disk"; readonly setup: Setup } & Narrowed)
  | ({ readonly kind: "faults"; readonly setup: Setup; readonly room: Room } & Narrowed)
  | { readonly kind: "bad-days"; readonly setup: Setup }
  | { readonly kind: "forgotten-notifications"; readonly setup: Setup }
  | { readonly kind: "rollback"; readonly setup: Setup; readonly later: Later; readonly points?: string }
  /** A share of the first cuts, each with every second one: those whose number leaves `share` when divided by `shares`. */
  | { readonly kind: "pairs"; readonly setup: Setup; readonly share: number; readonly shares: number }
  /** Every `every`th pair. */
  | { readonly kind: "some-pairs"; readonly setup: Setup; readonly seed: number; readonly count: number }
  | { readonly kind: "seeds"; readonly from: number; readonly count: number };

export interface Narrowed {
  /** Only the points whose names have this in them. */
  readonly points?: string;
}

export const sections = ["cuts", "faults", "pairs", "seeds", "kills"] as const;
export type Section = (typeof sections)[number];

const seedsInATask = 25;
const pairShares = 8;
const sampledPairs = 12;
/** The family that is cut twice at every pair of points: our own LPA on a modem of no known maker. */
const [pairFamily] = mainSetups;

/** The tasks of a section; long ones first, so that no worker is left alone with one. */
export function tasksOf(section: Exclude<Section, "kills">, seed: number, seeds: number): readonly Task[] {
  switch (section) {
    case "cuts":
      return [
        ...mainSetups.map((setup): Task => ({ kind: "cuts", setup, thorough: true })),
        ...setups
          .filter((setup) => !mainSetups.includes(setup))
          .map((setup): Task => ({ kind: "cuts", setup, thorough: false })),
        ...mainSetups.map((setup): Task => ({ kind: "forgetful-disk", setup })),
        ...mainSetups.flatMap((setup) =>
          (["never", "after-the-cut"] as const).map((later): Task => ({ kind: "rollback", setup, later })),
        ),
      ];
    case "faults":
      return [
        ...mainSetups.flatMap((setup) =>
          (["serial", "disk", "api", "smdp"] as const).map((room): Task => ({ kind: "faults", setup, room })),
        ),
        ...setups
          .filter(({ family, lpa }) => family === "etsi-apdu" || lpa === "modem")
          .map((setup): Task => ({ kind: "bad-days", setup })),
        ...setups
          .filter(({ lpa }) => lpa === "host")
          .map((setup): Task => ({ kind: "forgotten-notifications", setup })),
      ];
    case "pairs":
      return [
        ...(pairFamily === undefined
          ? []
          : Array.from(
              { length: pairShares },
              (_, share): Task => ({ kind: "pairs", setup: pairFamily, share, shares: pairShares }),
            )),
        ...setups
          .filter((setup) => setup !== pairFamily)
          .map((setup, index): Task => ({ kind: "some-pairs", setup, seed: seed + index, count: sampledPairs })),
      ];
    case "seeds":
      return Array.from({ length: Math.ceil(seeds / seedsInATask) }, (_, index): Task => {
        const from = index * seedsInATask;
        return { kind: "seeds", from: seed + from, count: Math.min(seedsInATask, seeds - from) };
      });
  }
}

export function nameOfTask(task: Task): string {
  switch (task.kind) {
    case "cuts":
      return `cuts${ofPoints(task)}: ${nameOfSetup(task.setup)}`;
    case "forgetful-disk":
      return `a disk that forgets${ofPoints(task)}: ${nameOfSetup(task.setup)}`;
    case "faults":
      return `${task.room} faults${ofPoints(task)}: ${nameOfSetup(task.setup)}`;
    case "bad-days":
      return `the provider's bad days: ${nameOfSetup(task.setup)}`;
    case "forgotten-notifications":
      return `notifications that the eUICC forgets: ${nameOfSetup(task.setup)}`;
    case "rollback":
      return `a new profile without service, which it gets ${task.later}: ${nameOfSetup(task.setup)}`;
    case "pairs":
      return `pairs, share ${task.share + 1} of ${task.shares}: ${nameOfSetup(task.setup)}`;
    case "some-pairs":
      return `${task.count} pairs of seed ${task.seed}: ${nameOfSetup(task.setup)}`;
    case "seeds":
      return `seeds ${task.from} to ${task.from + task.count - 1}`;
  }
}

function ofPoints({ points }: Narrowed): string {
  return points === undefined ? "" : ` at "${points}"`;
}

export async function perform(task: Task): Promise<Counts> {
  const found = findings();
  await performWith(task, found);
  return found.counts();
}

async function performWith(task: Task, found: Findings): Promise<void> {
  switch (task.kind) {
    case "cuts":
      return sweepCuts(task.setup, task, found);
    case "forgetful-disk":
      return sweepForgetfulDisk(task.setup, task.points ?? "", found);
    case "faults":
      return sweepFaults(task.setup, task, found);
    case "bad-days":
      return sweepBadDays(task.setup, found);
    case "forgotten-notifications":
      return sweepForgottenNotifications(task.setup, found);
    case "rollback":
      return sweepRollback(task.setup, task, found);
    case "pairs": {
      const firsts = await firstCuts(task.setup);
      for (const [index, first] of firsts.entries()) {
        if (index % task.shares === task.share) await sweepPairs(task.setup, first, found);
      }
      return;
    }
    case "some-pairs":
      return samplePairs(task.setup, task.seed, task.count, found);
    case "seeds":
      for (let seed = task.from; seed < task.from + task.count; seed++) await sweepSeed(seed, found);
  }
}
