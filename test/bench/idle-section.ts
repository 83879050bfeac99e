import { idleCeilings } from "./ceilings.js";
import { type IdleFigures, measureIdle } from "./idle.js";
import { table } from "./table.js";

/** `--only idle`: what a resting daemon costs. These depend on the machine, and start times on what else it does. */

export interface IdleSection {
  readonly ceilings: typeof idleCeilings;
  readonly idle: readonly IdleFigures[];
}

export async function measureIdleSection(): Promise<IdleSection> {
  return { ceilings: idleCeilings, idle: await measureIdle({ settleMs: 15_000, watchMs: 60_000, starts: 5 }) };
}

export function showIdleSection({ idle, ceilings }: IdleSection): string {
  return [
    "A resting daemon, from the bundle, for a minute",
    table(
      [
        "program",
        "start to READY, ms",
        "RSS, MB",
        "of it anonymous",
        "threads",
        "wake-ups a second",
        "preemptions a second",
      ],
      [
        ...idle.map((one) => [
          one.what,
          one.readyMs === null ? "" : String(Math.round(one.readyMs)),
          megabytes(one.rssKib),
          megabytes(one.anonymousKib),
          one.threads,
          one.wakeUpsPerSecond.toFixed(2),
          one.preemptionsPerSecond.toFixed(2),
        ]),
      ],
    ),
    `Ceilings: ${ceilings.readyMs} ms, ${megabytes(ceilings.rssKib)} MB, ${ceilings.wakeUpsPerSecond} wake-up a second`,
    "",
  ].join("\n");
}

function megabytes(kib: number): string {
  return ((kib * 1024) / 1e6).toFixed(1);
}
