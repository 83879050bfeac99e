import type { Clock } from "../../base/clock.js";
import type { BytePort, OpenPort } from "../../serial/port.js";
import { encodeTranscriptLine, type TranscriptEntry, type TranscriptHeader, transcriptSchemaName } from "./format.js";
import { IdentityWatch } from "./identity-watch.js";
import { TranscriptRedactor } from "./redactor.js";

/** Where a transcript goes, line by line. */
export interface TranscriptSink {
  append(line: string): void;
  /** Puts the whole header in place of the first line, which was written before the modem had said who it is. */
  finish(header: string): void;
}

export interface RecordingOptions {
  readonly clock: Clock;
  readonly sink: TranscriptSink;
  /** `esimd 1.2.3`. */
  readonly madeBy: string;
  /** What is behind a port, by the name that it is opened by: `auto` tells nothing. */
  readonly sourceOf: (port: string) => TranscriptHeader["source"];
  /** As `--port` names it, for a recording of which no port was ever opened. */
  readonly port: string;
  /** Left out where a recording must be the same whenever it is made. */
  readonly startedAtMs?: number;
}

/** What a recording came to. */
export interface RecordingSummary {
  readonly entries: number;
  readonly complete: boolean;
  readonly replaced: Readonly<Record<string, number>>;
  readonly blanked: number;
}

export interface Recording {
  /** Opens ports as `open` does and records what crosses them, one after the other. */
  wrap(open: OpenPort): OpenPort;
  /** Writes what is held back, and the end. To be called once, when the last port is closed. */
  finish(): RecordingSummary;
}

/** A run of hours on a slow modem has far less. */
const maxRecordedBytes = 32 * 1024 * 1024;

export function createRecording(options: RecordingOptions): Recording {
  const { clock, sink, madeBy, sourceOf, startedAtMs } = options;
  let { port } = options;
  const startMs = clock.monotonicMs();
  const watch = new IdentityWatch();
  const header = (): TranscriptHeader => ({
    schema: transcriptSchemaName,
    madeBy,
    source: sourceOf(port),
    port: kindOf(port),
    ...watch.identity,
    ...(startedAtMs === undefined ? {} : { startedAt: new Date(startedAtMs).toISOString() }),
  });
  let entries = 0;
  let bytes = 0;
  let complete = true;
  const emit = (entry: TranscriptEntry): void => {
    const line = encodeTranscriptLine(entry);
    bytes += line.length;
    if (bytes > maxRecordedBytes) complete = false;
    if (!complete) return;
    watch.see(entry);
    entries++;
    sink.append(line);
  };
  let begun = false;
  /** Not before a port is open, so that a recording that is cut off tells of the right one, too. */
  const begin = (): void => {
    if (!begun) sink.append(encodeTranscriptLine(header()));
    begun = true;
  };
  const redactor = new TranscriptRedactor(emit);
  const elapsedMs = (): number => Math.round(clock.monotonicMs() - startMs);
  const record = (from: "host" | "modem", data: Uint8Array): void =>
    redactor.text(elapsedMs(), from, Buffer.from(data).toString("latin1"));
  const note = (what: "opened" | "closed" | "gone"): void => redactor.entry({ atMs: elapsedMs(), port: what });
  return {
    wrap: (open) => async (address, signal) => {
      const inner = await open(address, signal);
      port = address;
      begin();
      note("opened");
      return recorded(inner, record, note);
    },
    finish: () => {
      begin();
      redactor.end();
      const { replaced, blanked } = redactor.summary;
      sink.append(encodeTranscriptLine({ end: { complete, replaced: { ...replaced }, blanked } }));
      sink.finish(encodeTranscriptLine(header()));
      return { entries, complete, replaced, blanked };
    },
  };
}

function kindOf(port: string): TranscriptHeader["port"] {
  return port.startsWith("tcp:") ? "tcp" : port.startsWith("unix:") ? "unix" : "tty";
}

function recorded(
  inner: BytePort,
  record: (from: "host" | "modem", data: Uint8Array) => void,
  note: (what: "closed" | "gone") => void,
): BytePort {
  let isOver = false;
  const over = (how: "closed" | "gone"): void => {
    if (!isOver) note(how);
    isOver = true;
  };
  return {
    name: inner.name,
    ...(inner.isUart === undefined ? {} : { isUart: inner.isUart }),
    ...(inner.setBaud === undefined ? {} : { setBaud: inner.setBaud.bind(inner) }),
    write: (data) => {
      record("host", data);
      return inner.write(data);
    },
    onData: (listener) =>
      inner.onData((data) => {
        record("modem", data);
        listener(data);
      }),
    onGone: (listener) =>
      inner.onGone((error) => {
        over("gone");
        listener(error);
      }),
    close: async () => {
      await inner.close();
      over("closed");
    },
  };
}
