import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { stationMarks } from "./ceilings.js";
import { type MeteredRun, runStation, summaryOf } from "./metered.js";
import { ts48Bytes } from "./setting.js";
import { table } from "./table.js";

/** `--only station`: many units at once beside one. Times of the machine, which stand beside their marks and are not judged. */

export interface StationFigures {
  readonly units: number;
  /** What the modems wait before every answer. */
  readonly delayMs: number;
  /** From the station's own last line; of several starts the median. */
  readonly seconds: number;
  /** Of each start, in the order of time: a ratio to one unit is worth no more than these agree. */
  readonly everySeconds: readonly number[];
  /** To one unit with the same modems. */
  readonly ratio: number;
  /** Of the station's own process, from its start to its end. */
  readonly cpuSecondsPerUnit: number;
  readonly peakKib: number;
}

export interface StationSection {
  readonly marks: typeof stationMarks;
  /** Of the minute before: what else the machine does weighs on a unit alone and on 64 differently. */
  readonly loadAtStart: number;
  readonly loadAtEnd: number;
  readonly figures: readonly StationFigures[];
}

/** What the modems wait before every answer. */
export const stationDelays: readonly number[] = [50, 300];
const most = 64;
/** One unit alone, whose median is taken: what else the machine does weighs the most there. */
const starts = 3;

export async function measureStationSection(delays: readonly number[]): Promise<StationSection> {
  const figures: StationFigures[] = [];
  const loadAtStart = lastMinuteLoad();
  for (const delayMs of delays) {
    const alone: Measured[] = [];
    for (let start = 0; start < starts; start++) alone.push(await measure(1, delayMs));
    const one = alone.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(starts / 2)];
    if (one === undefined) throw new Error("no unit was measured alone");
    const many = await measure(most, delayMs);
    figures.push({ ...one, everySeconds: alone.map(({ seconds }) => seconds), ratio: 1 });
    figures.push({ ...many, everySeconds: [many.seconds], ratio: many.seconds / one.seconds });
  }
  return { marks: stationMarks, loadAtStart, loadAtEnd: lastMinuteLoad(), figures };
}

type Measured = Omit<StationFigures, "ratio" | "everySeconds">;

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

function allPassed({ status, stdout, stderr }: MeteredRun, units: number): { readonly seconds: number } {
  if (status !== 0) throw new Error(`the station ended with ${status}; it said:\n${stderr}`);
  const summary = summaryOf(stdout);
  if (summary.passed === units && summary.charges === units) return summary;
  throw new Error(
    `of ${units} units not all passed and were paid for: ${JSON.stringify(summary)}; it said:\n${stderr}`,
  );
}

export function showStationSection({ figures, marks, loadAtStart, loadAtEnd }: StationSection): string {
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
      ["units", "delay, ms", "seconds", "of", "ratio", "mark", "CPU s a unit", "mark", "peak, MB"],
      figures.map(({ units, delayMs, seconds, everySeconds, ratio, cpuSecondsPerUnit, peakKib }) => [
        units,
        delayMs,
        seconds.toFixed(1),
        everySeconds.map((one) => one.toFixed(1)).join(", "),
        ratio.toFixed(2),
        units === 1 ? "" : markOf(delayMs),
        cpuSecondsPerUnit.toFixed(3),
        // One unit alone carries the whole start of the program.
        units === 1 ? "" : `≤ ${marks.cpuSecondsPerUnit}`,
        ((peakKib * 1024) / 1e6).toFixed(1),
      ]),
    ),
    `The load of the machine's last minute was ${loadAtStart.toFixed(1)} before it and ${loadAtEnd.toFixed(1)} after it.`,
    "",
  ].join("\n");
}

function lastMinuteLoad(): number {
  return loadavg()[0] ?? Number.NaN;
}
