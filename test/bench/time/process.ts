import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { sleep, systemClock } from "../../../src/base/clock.js";
import { outputOf } from "../output.js";

/** A program as a process: what it said, how long it ran, and what /proc says it took. */

export interface ProcessRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** User and system, all threads, in steps of 10 ms. */
  readonly cpuSeconds: number;
  /** VmHWM. */
  readonly peakKib: number;
}

export interface ProgramCall {
  readonly program: string;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly deadlineMs: number;
}

/** Both only grow, and are read so often that what is missed before the end is less than a step of theirs. */
const lookMs = 5;

/** @throws when it cannot be started, or is not done by its deadline. */
export async function runProcess({ program, words, env, deadlineMs }: ProgramCall): Promise<ProcessRun> {
  const clock = systemClock;
  const startedAtMs = clock.monotonicMs();
  const child = spawn(program, [...words], { env, stdio: ["ignore", "pipe", "pipe"] });
  const output = outputOf(child);
  let endedAtMs: number | undefined;
  const usage = { cpuSeconds: 0, peakKib: 0 };
  const ended = new Promise<number>((done, failed) => {
    child.once("error", failed);
    child.once("exit", () => {
      endedAtMs = clock.monotonicMs();
    });
    child.once("close", (code, signal) => {
      if (code === null)
        failed(new Error(`${program} was ended by ${signal}; it said:\n${output.stderr}${output.stdout}`));
      else done(code);
    });
  });
  ended.catch(() => undefined);
  for (let pid = child.pid; pid !== undefined && endedAtMs === undefined; ) {
    Object.assign(usage, usageOf(pid) ?? {});
    if (clock.monotonicMs() - startedAtMs > deadlineMs) child.kill("SIGKILL");
    await sleep(clock, lookMs);
  }
  const status = await ended;
  return { status, ...output, startedAtMs, endedAtMs: endedAtMs ?? startedAtMs, ...usage };
}

/** proc(5); undefined once the process is gone, or about to be. */
function usageOf(pid: number): { readonly cpuSeconds: number; readonly peakKib: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (peak === undefined) return undefined;
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakKib: Number(peak) };
  } catch {
    return undefined;
  }
}
