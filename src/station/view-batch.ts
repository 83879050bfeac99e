import type { BatchTally } from "./records/register.js";
import type { BatchView } from "./view.js";

/** The counters of a batch, as they are shown. Pure. */
export function viewOfBatch(
  name: string,
  tally: BatchTally,
  now: {
    readonly running: number;
    readonly budget: number | null;
    readonly work: { readonly units: ReadonlyMap<string, unknown> } | undefined;
  },
): BatchView {
  const { running, budget, work } = now;
  const { passed, failed, passedFirst, runs, charges, openedAtMs, passedMs } = tally;
  const left = work === undefined ? 0 : [...work.units.keys()].filter((serial) => !tally.hasPassed(serial)).length;
  return {
    name,
    openedAtMs,
    passed,
    failed,
    running,
    runs,
    passedFirst,
    charges,
    budget,
    cycle: cycleOf(passedMs),
    sheet: work === undefined ? null : { total: work.units.size, left },
  };
}

/** Of the last runs: what a shift was in the morning does not say what it is now. */
const lastRuns = 500;

function cycleOf(passedMs: readonly number[]): BatchView["cycle"] {
  const last = passedMs.at(-1);
  if (last === undefined) return null;
  const sorted = passedMs.slice(-lastRuns).sort((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? last;
  return { medianMs: at(0.5), p90Ms: at(0.9), lastMs: last };
}
