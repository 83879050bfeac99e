import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differences, readLineResult, readStationRecord } from "./line-checks.js";
import { type LineOrder, lineFaultPercent, lineSlots } from "./line-order.js";
import { measureVirtualLine, type VirtualFigures } from "./line-virtual.js";
import { runStation, type Summary, summaryOf } from "./metered.js";
import { table } from "./table.js";

/** `--only line`: a batch over 64 slots with faults in 5 % of its units. What does not come out as it was planned fails the run; times are printed alone. */

export interface RealFigures {
  readonly summary: Summary;
  readonly cpuSecondsPerUnit: number;
  readonly peakKib: number;
  readonly differences: readonly string[];
}

export interface LineSection {
  readonly order: LineOrder;
  readonly real: RealFigures;
  readonly virtual: VirtualFigures;
}

export async function measureLineSection(order: LineOrder): Promise<LineSection> {
  return { order, real: await measureReal(order), virtual: await measureVirtualLine(order) };
}

/** What makes the run fail, a sentence each. Pure. */
export function lineFailures({ real, virtual }: LineSection): readonly string[] {
  return [
    ...real.differences.map((what) => `in real time: ${what}`),
    ...virtual.differences.map((what) => `on the fake clock: ${what}`),
  ];
}

/** The program as a user starts it, with modems that answer at once. @throws when it ends with anything but 0. */
async function measureReal({ units, seed }: LineOrder): Promise<RealFigures> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-line-"));
  try {
    const line = ["--fake", String(lineSlots), "--units", String(units), "--seed", String(seed)];
    const faults = ["--fault-percent", String(lineFaultPercent)];
    const { status, stdout, stderr, usage } = await runStation([...line, ...faults, "--json", "--dir", dir]);
    if (status !== 0) throw new Error(`the station ended with ${status}; it said:\n${stderr}`);
    const summary = summaryOf(stdout);
    const { cpuSeconds, peakKib } = usage;
    return {
      summary,
      cpuSecondsPerUnit: cpuSeconds / units,
      peakKib,
      differences: differences({ line: await readLineResult(dir), summary, record: await readStationRecord(dir) }),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export function showLineSection(section: LineSection): string {
  const { order, real, virtual } = section;
  const failures = lineFailures(section);
  const row = (what: string, { passed, failed, charges, seconds }: Summary): readonly (string | number)[] => [
    what,
    passed,
    failed,
    charges,
    seconds.toFixed(1),
    Math.round((order.units / seconds) * 3600),
  ];
  return [
    `A batch of ${order.units} units over ${lineSlots} slots, faults in ${lineFaultPercent} %, seed ${order.seed}`,
    table(
      ["line", "passed", "failed", "charges", "seconds", "units an hour", "real seconds", "CPU s a unit", "of"],
      [
        [
          ...row("real time, modems answer at once", real.summary),
          real.summary.seconds.toFixed(1),
          real.cpuSecondsPerUnit.toFixed(3),
          "the station's process",
        ],
        [
          ...row(`fake clock, modems take ${virtual.delayMs} ms`, virtual.summary),
          virtual.realSeconds.toFixed(1),
          virtual.cpuSecondsPerUnit.toFixed(3),
          "station and line in one process",
        ],
      ],
    ),
    `The station's process took ${((real.peakKib * 1024) / 1e6).toFixed(1)} MB at most.`,
    `A slot on the fake clock needs ${virtual.secondsPerUnit.toFixed(1)} s a unit.`,
    failures.length === 0 ? "Verdicts, charges and record are as planned." : "",
    ...failures.map((what) => `NOT AS PLANNED: ${what}`),
    "",
  ].join("\n");
}
