import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.js";
import { outputOf } from "./output.js";

/** The built program as a user starts it, and what its own process took: what it works with is another process. */

export interface MeteredRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** From its start until it had ended. */
  readonly ms: number;
  readonly usage: Usage;
}

const usageSchema = z.object({
  /** User and system, of all threads, and of no child. */
  cpuSeconds: z.number().positive(),
  /** VmHWM. */
  peakKib: z.number().positive(),
});
export type Usage = z.infer<typeof usageSchema>;

const summarySchema = z.strictObject({
  units: z.int(),
  passed: z.int(),
  failed: z.int(),
  charges: z.int(),
  seconds: z.number(),
});
export type Summary = z.infer<typeof summarySchema>;

/** Only the process itself can be asked at its very end: its entry in /proc is gone when anybody hears of it. */
const meter = `process.on("exit", () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const { readFileSync, writeFileSync } = require("node:fs");
  const peakKib = Number(/^VmHWM:\\s+(\\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  writeFileSync(USAGE, JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakKib }));
});
`;

/** Runs `esimd station WORDS` from the build in `dist`. Whatever its exit status is, it is returned. @throws when it cannot be started, or is killed. */
export function runStation(words: readonly string[]): Promise<MeteredRun> {
  return runMetered([resolve("dist/cli.js"), "station", ...words], process.env);
}

/** Runs Node with these words. Whatever its exit status is, it is returned. @throws when it cannot be started, or is killed. */
export async function runMetered(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<MeteredRun> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-meter-"));
  try {
    const usage = join(dir, "usage.json");
    const preload = join(dir, "meter.cjs");
    await writeFile(preload, meter.replace("USAGE", JSON.stringify(usage)));
    const startedMs = systemClock.monotonicMs();
    const child = spawn(process.execPath, ["--require", preload, ...words], { stdio: ["ignore", "pipe", "pipe"], env });
    const output = outputOf(child);
    const status = await new Promise<number>((done, failed) => {
      child.once("error", failed);
      child.once("close", (code, signal) => {
        if (code === null) failed(new Error(`the program was ended by ${signal}; it said:\n${output.stderr}`));
        else done(code);
      });
    });
    const ms = systemClock.monotonicMs() - startedMs;
    const measured = await readFile(usage, "utf8").catch((cause: unknown) => {
      // What it said on its way out tells more than that its figures are missing.
      throw new Error(
        `the program ended with ${status} and left no figures; it said:\n${output.stderr}\n${output.stdout.slice(-2000)}`,
        { cause },
      );
    });
    return { status, ...output, ms, usage: usageSchema.parse(JSON.parse(measured)) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The last line of what it said. @throws when that is none. */
export function summaryOf(stdout: string): Summary {
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  return summarySchema.parse(JSON.parse(last));
}
