import { spawn } from "node:child_process";
import type { Clock } from "../base/clock.js";
import { formatMs } from "../base/deadline.js";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";

/** A program of the operator's prints a label: its bytes on stdin, no shell, no words on its command line, a deadline. Exit status 0: it has it. */

export interface LabelPrint {
  /** An absolute path. */
  readonly command: string;
  readonly bytes: Uint8Array;
  /** Of it the program gets the PATH and the time zone, and nothing else: there may be secrets in the rest. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a script may want to know besides, as `ESIMD_LABEL_FORMAT`; no activation code. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a program says of its failure is for the error's sentence; what goes beyond is not kept. */
const longestWords = 2048;
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

type Ending =
  | { readonly kind: "exited"; readonly status: number | null; readonly signal: string | null }
  | { readonly kind: "unstarted"; readonly error: Error };

/** Resolves when the program has ended well. @throws EsimdError `label_unprinted`, and the signal's reason; the program has ended then, too. */
export async function printLabel(print: LabelPrint): Promise<void> {
  const { command, bytes, env, facts = {}, clock, timeoutMs, signal } = print;
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
  child.stdin.end(bytes);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ending = await new Promise<Ending>((resolve) => {
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
  const fault = isLate ? `did not end within ${formatMs(timeoutMs)}, and was killed` : faultOf(ending);
  if (fault === undefined) return;
  const said = words.trim() === "" ? "" : `; it says ${quote(words.trim().replace(/\s+/g, " "))}`;
  throw new EsimdError("label_unprinted", `${command} ${fault}${said}`, {
    cause: ending.kind === "unstarted" ? ending.error : undefined,
  });
}

function faultOf(ending: Ending): string | undefined {
  if (ending.kind === "unstarted") return `cannot be started: ${describeCause(ending.error)}`;
  if (ending.status === 0) return undefined;
  return ending.signal === null ? `ended with exit status ${ending.status}` : `ended by ${ending.signal}`;
}
