import { spawn } from "node:child_process";
import type { Clock } from "../base/clock.js";

/** A program of the operator's: something on its stdin, no shell, no words on its command line, a deadline. */

export interface OperatorProgram {
  /** An absolute path. */
  readonly command: string;
  readonly input: string | Uint8Array;
  /** Of it the program gets the PATH and the time zone, and nothing else: there may be secrets in the rest. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a script can use without reading its stdin. */
  readonly facts: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type ProgramEnding =
  | { readonly kind: "exited"; readonly status: number | null; readonly signal: string | null }
  | { readonly kind: "unstarted"; readonly error: Error };

export interface ProgramEnd {
  readonly ending: ProgramEnding;
  /** It did not end in time, and was killed. */
  readonly isLate: boolean;
  /** What it said, cut to what a sentence can hold. */
  readonly said: string;
}

/** What a program says of its failure is for the error's sentence; what goes beyond is not kept. */
const longestWords = 2048;
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Resolves when the program has ended. @throws the signal's reason; the program has ended then, too. */
export async function runProgram(program: OperatorProgram): Promise<ProgramEnd> {
  const { command, input, env, facts, clock, timeoutMs, signal } = program;
  signal.throwIfAborted();
  const timeZone = env["TZ"];
  const child = spawn(command, [], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: env["PATH"] ?? defaultPath, ...(timeZone === undefined ? {} : { TZ: timeZone }), ...facts },
    // A process group of its own, so that what it started ends with it.
    detached: true,
    cwd: "/",
  });
  let words = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      words = `${words}${text}`.slice(0, longestWords);
    });
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  let isLate = false;
  const cancelTimer = clock.setTimer(timeoutMs, () => {
    isLate = true;
    kill();
  });
  signal.addEventListener("abort", kill, { once: true });
  // A program that does not read its stdin closes it.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ending = await new Promise<ProgramEnding>((resolve) => {
    child.once("error", (error) => resolve({ kind: "unstarted", error }));
    // Not "close": what it left running may still have the pipes.
    child.once("exit", (status, killed) => resolve({ kind: "exited", status, signal: killed }));
  });
  if (ending.kind === "exited" && ending.status !== 0) {
    // Its last words are wanted whole, and what it left running must not hold them up.
    kill();
    await closed;
  }
  cancelTimer();
  signal.removeEventListener("abort", kill);
  child.stdout.destroy();
  child.stderr.destroy();
  signal.throwIfAborted();
  return { ending, isLate, said: words.trim() };
}
