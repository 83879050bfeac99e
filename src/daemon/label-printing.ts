import type { Clock } from "../base/clock.js";
import { formatMs } from "../base/deadline.js";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { type ProgramEnding, runProgram } from "./operator-program.js";

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

/** Resolves when the program has ended well. @throws EsimdError `label_unprinted`, and the signal's reason; the program has ended then, too. */
export async function printLabel(print: LabelPrint): Promise<void> {
  const { bytes, facts = {}, ...program } = print;
  const { command, timeoutMs } = program;
  const { ending, isLate, said: words } = await runProgram({ ...program, facts, input: bytes });
  const fault = isLate ? `did not end within ${formatMs(timeoutMs)}, and was killed` : faultOf(ending);
  if (fault === undefined) return;
  const said = words === "" ? "" : `; it says ${quote(words.replace(/\s+/g, " "))}`;
  throw new EsimdError("label_unprinted", `${command} ${fault}${said}`, {
    cause: ending.kind === "unstarted" ? ending.error : undefined,
  });
}

function faultOf(ending: ProgramEnding): string | undefined {
  if (ending.kind === "unstarted") return `cannot be started: ${describeCause(ending.error)}`;
  if (ending.status === 0) return undefined;
  return ending.signal === null ? `ended with exit status ${ending.status}` : `ended by ${ending.signal}`;
}
