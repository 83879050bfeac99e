import { idleCeilings } from "./ceilings.js";
import { type IdleFigures, measureIdle } from "./idle.js";
import { table } from "./table.js";

/** `--only idle`: what a resting daemon costs. These depend on the machine, and start times on what else it does. */

export interface IdleSection {
  readonly ceilings: typeof idleCeilings;
  readonly idle: readonly IdleFigures[];
  /** Empty when every figure is within its ceiling. */
  readonly over: readonly string[];
}

export async function measureIdleSection(): Promise<IdleSection> {
  const idle = await measureIdle({ settleMs: 15_000, watchMs: 60_000, starts: 5 });
  return { ceilings: idleCeilings, idle, over: overCeilings(idle) };
}

/** What is more than it may be, in words; the first of the figures is the bare Node's. A time is printed and not judged: it is the machine's, too. */
export function overCeilings([, ...daemons]: readonly IdleFigures[]): readonly string[] {
  const { rssKib, wakeUpsPerSecond } = idleCeilings;
  return daemons.flatMap((one) => [
    ...(one.rssKib > rssKib ? [`${one.what}: RSS of ${megabytes(one.rssKib)} MB`] : []),
    ...(one.wakeUpsPerSecond > wakeUpsPerSecond ? [`${one.what}: ${one.wakeUpsPerSecond} wake-ups a second`] : []),
  ]);
}

export function showIdleSection({ idle, ceilings, over }: IdleSection): string {
  return [
    "A resting daemon, from the bundle, for a minute",
    table(
      [
        "program",
        "start to READY, ms",
        "of it CPU",
        "RSS, MB",
        "of it anonymous",
        "threads",
        "wake-ups a second",
        "preemptions a second",
      ],
      [
        ...idle.map((one) => [
          one.what,
          Math.round(one.readyMs),
          one.readyCpuMs,
          megabytes(one.rssKib),
          megabytes(one.anonymousKib),
          one.threads,
          one.wakeUpsPerSecond.toFixed(2),
          one.preemptionsPerSecond.toFixed(2),
        ]),
      ],
    ),
    `Ceilings: ${ceilings.readyMs} ms, ${megabytes(ceilings.rssKib)} MB, ${ceilings.wakeUpsPerSecond} wake-up a second.`,
    ...over.map((what) => `OVER ITS CEILING: ${what}`),
    "",
  ].join("\n");
}

function megabytes(kib: number): string {
  return ((kib * 1024) / 1e6).toFixed(1);
}
