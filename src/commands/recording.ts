import { closeSync, openSync, readFileSync, realpathSync, renameSync, writeFileSync, writeSync } from "node:fs";
import type { RecordingSummary, TranscriptSink } from "../at/transcript/recording-port.js";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import { version } from "../base/version.js";
import { realHost } from "../serial/host-roots.js";
import { portOpener } from "../serial/open.js";
import type { OpenPort } from "../serial/port.js";
import type { CommandContext, FlagSpec, ParsedArgs } from "./command.js";

/** `--record FILE`: a redacted transcript of what crosses the port, for any command that opens one. */

export const recordFlag: Readonly<Record<"record", FlagSpec>> = {
  record: {
    type: "string",
    value: "FILE",
    help: "Write a redacted transcript of the AT port to this new file (see docs/transcripts.md).",
  },
};

export interface CommandRecording {
  /** In the place of the ordinary way to open a port; undefined when nothing is recorded. */
  readonly open: OpenPort | undefined;
  /** Ends the transcript and tells a person what is in it. To be called when the last port is closed, on every way out. */
  finish(): void;
}

/** @throws EsimdError `bad_input` for a file that exists or cannot be made. */
export async function recordingOf(
  context: CommandContext,
  args: ParsedArgs,
  port: string,
  log: Log,
): Promise<CommandRecording> {
  const path = args.text("record");
  if (path === undefined) return { open: undefined, finish: () => undefined };
  const { clock, host = realHost } = context;
  const { createRecording } = await import("../at/transcript/recording-port.js");
  const file = createFile(path);
  const recording = createRecording({
    clock,
    sink: file.sink,
    madeBy: `esimd ${version()}`,
    sourceOf: (opened) => (isSerialLine(opened) ? "hardware" : "unknown"),
    port,
    startedAtMs: clock.nowMs(),
  });
  return {
    open: recording.wrap(portOpener({ clock, log, host })),
    finish: () => {
      const summary = recording.finish();
      const trouble = file.trouble();
      context.stderr(trouble === undefined ? told(path, summary) : `The transcript ${path} is not whole: ${trouble}\n`);
    },
  };
}

interface TranscriptSinkFile {
  readonly sink: TranscriptSink;
  /** Why it could not be written to its end. */
  trouble(): string | undefined;
}

/** A new file that only its owner may read. What fails later ends the transcript, not the work that it is of. */
function createFile(path: string): TranscriptSinkFile {
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx", 0o600);
  } catch (cause) {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    throw new EsimdError(
      "bad_input",
      exists
        ? `the transcript ${quote(path)} is there already, and a transcript is never overwritten`
        : `the transcript ${quote(path)} cannot be made: ${describeCause(cause)}`,
      { hint: "Give --record a file that does not exist, in a folder that may be written.", cause },
    );
  }
  let trouble: string | undefined;
  const attempt = (work: () => void): void => {
    if (trouble !== undefined) return;
    try {
      work();
    } catch (cause) {
      trouble = describeCause(cause);
    }
  };
  return {
    trouble: () => trouble,
    sink: {
      append: (line) => attempt(() => void writeSync(descriptor, line)),
      finish: (header) => {
        attempt(() => replaceFirstLine(path, header));
        closeSync(descriptor);
      },
    },
  };
}

function replaceFirstLine(path: string, line: string): void {
  const text = readFileSync(path, "latin1");
  const whole = `${path}.whole`;
  writeFileSync(whole, line + text.slice(text.indexOf("\n") + 1), { encoding: "latin1", mode: 0o600, flag: "wx" });
  renameSync(whole, path);
}

/** A tty that a driver of the kernel made, and no pseudo-terminal. */
function isSerialLine(port: string): boolean {
  try {
    return /^\/dev\/(tty[A-Z]|wwan)/.test(realpathSync(port));
  } catch {
    return false;
  }
}

function told(path: string, summary: RecordingSummary): string {
  const kinds = Object.entries(summary.replaced).map(([kind, count]) => `${count} ${kind}`);
  const replaced = kinds.length === 0 ? "no identifiers in it" : `stand-ins for ${kinds.join(", ")}`;
  const cut = summary.complete ? "" : " It stopped at its greatest size.";
  return `Recorded ${summary.entries} entries to ${path}: ${replaced}; ${summary.blanked} stretches overwritten.${cut} Look at it before you send it.\n`;
}
