import type { Clock } from "../base/clock.js";
import type { Random } from "../base/random.js";
import type { OnSignal } from "../daemon/daemon.js";
import type { HostRoots } from "../serial/host-roots.js";

/** Everything a command may touch of the process; a test passes its own. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts on SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
  /** For a daemon: hears other signals of the process until the returned function is called; left out, there are none. */
  readonly onSignal?: OnSignal;
  /** The result, and nothing else. */
  readonly stdout: (text: string) => void;
  /** A result that is no text; left out, such a result goes into files only. */
  readonly stdoutBytes?: (bytes: Uint8Array) => void;
  /** For people: progress, warnings, the sentence of an error. */
  readonly stderr: (text: string) => void;
  readonly stderrIsTerminal: boolean;
  /** False when left out. */
  readonly stdoutIsTerminal?: boolean;
  readonly stdin: NodeJS.ReadableStream;
  /** Where devices and processes are looked for; the real host when left out. */
  readonly host?: HostRoots;
}

/** A flag of a command line: what it takes and one line for `--help`. */
export interface FlagSpec {
  readonly type: "string" | "boolean";
  /** The placeholder in the help, for a flag that takes a value. */
  readonly value?: string;
  readonly help: string;
  readonly multiple?: true;
}

export interface ParsedArgs {
  readonly positionals: readonly string[];
  /** The value of a string flag, if given (the last one, if given more than once). */
  text(name: string): string | undefined;
  /** All values of a flag that may be given more than once. */
  texts(name: string): readonly string[];
  /** True when a boolean flag was given. */
  has(name: string): boolean;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** As it stands behind the command's name in the help: "list|download", "". */
  readonly positionals: string;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** Resolves to the exit status; throws an EsimdError, which cli.ts turns into one sentence and its exit status. */
  run(context: CommandContext, args: ParsedArgs): Promise<number>;
}
