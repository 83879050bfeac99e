import { loadavg } from "node:os";
import { programCeilings, programMarks } from "./ceilings.js";
import { measureLpac, measureStarts, measureWholeRuns, type RunFigures } from "./program.js";
import { type CommandSize, measureSizes, type ProgramSizes } from "./program-sizes.js";
import { table } from "./table.js";

/** `--only program`: what the program is made of, how soon it starts, and what a whole run takes. */

export interface ProgramSection {
  readonly ceilings: typeof programCeilings;
  readonly marks: typeof programMarks;
  /** Of the minute before and after: CPU seconds are more on cores that others use, too. */
  readonly loadAtStart: number;
  readonly loadAtEnd: number;
  readonly sizes: ProgramSizes;
  readonly starts: readonly RunFigures[];
  readonly wholeRuns: readonly RunFigures[];
  /** Or why there is none. */
  readonly lpac: RunFigures | string;
}

export async function measureProgramSection(): Promise<ProgramSection> {
  const loadAtStart = lastMinuteLoad();
  const sizes = await measureSizes(process.cwd());
  const starts = await measureStarts();
  const wholeRuns = await measureWholeRuns();
  const lpac = await measureLpac();
  const loadAtEnd = lastMinuteLoad();
  return {
    ceilings: programCeilings,
    marks: programMarks,
    loadAtStart,
    loadAtEnd,
    sizes,
    starts,
    wholeRuns,
    lpac,
  };
}

export function showProgramSection(section: ProgramSection): string {
  const { sizes, starts, wholeRuns, lpac, loadAtStart, loadAtEnd, marks } = section;
  const { bundle, npmPackage, debianPackage, dependencies } = sizes;
  const bareCpu = starts[0]?.cpuSeconds ?? Number.NaN;
  const counts = [
    ["the bundle of the Debian package, bytes", bundle.bytes, programCeilings.bundleBytes],
    ["its files", bundle.files, programCeilings.bundleFiles],
    ["npm's package, bytes", npmPackage.bytes, programCeilings.npmPackageBytes],
    ["the Debian package, bytes", debianPackage?.bytes ?? "no dpkg-deb here", programCeilings.debianPackageBytes],
    ["runtime dependencies, direct", dependencies.direct, programCeilings.directDependencies],
    ["with theirs", dependencies.all, programCeilings.allDependencies],
  ] as const;
  const timed = [...starts, ...wholeRuns, ...(typeof lpac === "string" ? [] : [lpac])];
  return [
    "**What the program is made of**",
    "",
    table(["what", "count", "ceiling"], counts),
    "",
    "**What is loaded at once**",
    "",
    table(["command", "files", "sources", "bytes"], [...sizes.commands, ...sizes.later].map(loadedRow)),
    "",
    `**Start and whole runs** (load ${loadAtStart} before, ${loadAtEnd} after; medians)`,
    "",
    table(
      ["program", "ms", "CPU s", "of bare node's", "CPU mark", "peak, MB", "mark", "runs"],
      timed.map((one) => timedRow(one, bareCpu, marks)),
    ),
    ...(typeof lpac === "string" ? ["", lpac] : []),
    "",
  ].join("\n");
}

function loadedRow({ what, files, sources, bytes }: CommandSize) {
  return [what, files, sources.length, bytes] as const;
}

function timedRow({ what, ms, cpuSeconds, peakKib, runs }: RunFigures, bareCpu: number, marks: typeof programMarks) {
  const marked = what === "esimd provision";
  return [
    what,
    Math.round(ms),
    cpuSeconds.toFixed(3),
    (cpuSeconds / bareCpu).toFixed(1),
    marked ? `≤ ${marks.provisionCpuSeconds}` : "",
    ((peakKib * 1024) / 1e6).toFixed(1),
    marked ? `≤ ${marks.provisionPeakMb}` : "",
    runs,
  ] as const;
}

function lastMinuteLoad(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
