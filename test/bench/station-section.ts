import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stationMarks } from "./ceilings.js";
import { runStation, type StationRun, summaryOf } from "./metered.js";
import { ts48Bytes } from "./setting.js";
import { table } from "./table.js";

/** `--only station`: many units at once beside one. Times of the machine, which stand beside their marks and are not judged. */

export interface StationFigures {
  readonly units: number;
  /** What the modems wait before every answer. */
  readonly delayMs: number;
  /** From the station's own last line. */
  readonly seconds: number;
  /** To one unit with the same modems. */
  readonly ratio: number;
  /** Of the station's own process, from its start to its end. */
  readonly cpuSecondsPerUnit: number;
  readonly peakKib: number;
}

export interface StationSection {
  readonly marks: typeof stationMarks;
  readonly figures: readonly StationFigures[];
}

/** What the modems wait before every answer. */
export const stationDelays: readonly number[] = [50, 300];
const most = 64;
/** One unit alone, whose median is taken: what else the machine does weighs the most there. */
const starts = 3;

export async function measureStationSection(delays: readonly number[]): Promise<StationSection> {
  const figures: StationFigures[] = [];
  for (const delayMs of delays) {
    const alone: Measured[] = [];
    for (let start = 0; start < starts; start++) alone.push(await measure(1, delayMs));
    const one = alone.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(starts / 2)];
    if (one === undefined) throw new Error("no unit was measured alone");
    for (const run of [one, await measure(most, delayMs)]) figures.push({ ...run, ratio: run.seconds / one.seconds });
  }
  return { marks: stationMarks, figures };
}

type Measured = Omit<StationFigures, "ratio">;

/** @throws when a unit does not pass: then there is nothing to time. */
async function measure(units: number, delayMs: number): Promise<Measured> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-station-"));
  try {
    const line = ["--fake", String(units), "--units", String(units), "--fault-percent", "0"];
    const modems = ["--delay-ms", String(delayMs), "--profile-bytes", String(ts48Bytes)];
    const run = await runStation([...line, ...modems, "--json", "--dir", join(dir, "line")]);
    const { seconds } = allPassed(run, units);
    const { cpuSeconds, peakKib } = run.usage;
    return { units, delayMs, seconds, cpuSecondsPerUnit: cpuSeconds / units, peakKib };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function allPassed({ status, stdout, stderr }: StationRun, units: number): { readonly seconds: number } {
  if (status !== 0) throw new Error(`the station ended with ${status}; it said:\n${stderr}`);
  const summary = summaryOf(stdout);
  if (summary.passed === units && summary.charges === units) return summary;
  throw new Error(
    `of ${units} units not all passed and were paid for: ${JSON.stringify(summary)}; it said:\n${stderr}`,
  );
}

export function showStationSection({ figures, marks }: StationSection): string {
  const ratioMarks = new Map([
    [50, marks.ratioAt50Ms],
    [300, marks.ratioAt300Ms],
  ]);
  const markOf = (delayMs: number): string => {
    const mark = ratioMarks.get(delayMs);
    return mark === undefined ? "none" : `≤ ${mark}`;
  };
  return [
    `A station with units of ${ts48Bytes} bytes at once, beside one; the emulated line is on the same cores`,
    table(
      ["units", "delay, ms", "seconds", "ratio", "mark", "CPU s a unit", "mark", "peak, MB"],
      figures.map(({ units, delayMs, seconds, ratio, cpuSecondsPerUnit, peakKib }) => [
        units,
        delayMs,
        seconds.toFixed(1),
        ratio.toFixed(2),
        units === 1 ? "" : markOf(delayMs),
        cpuSecondsPerUnit.toFixed(3),
        // One unit alone carries the whole start of the program.
        units === 1 ? "" : `≤ ${marks.cpuSecondsPerUnit}`,
        ((peakKib * 1024) / 1e6).toFixed(1),
      ]),
    ),
    "",
  ].join("\n");
}
