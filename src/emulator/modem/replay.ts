/** A modem that answers from a transcript: each command line gets what was recorded for it, and one that was never recorded gets ERROR. */

import { readFile, stat } from "node:fs/promises";
import {
  maxTranscriptBytes,
  parseTranscript,
  type TranscriptEntry,
  type TranscriptFile,
} from "../../at/transcript/format.js";
import { type Clock, sleep } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { ModemWire } from "./fake-modem.js";
import { createLineReader, type HostLine } from "./line-reader.js";
import { openPty } from "./transport/pty.js";
import { openSocketServer } from "./transport/socket.js";
import type { ModemTransport, TransportEvents } from "./transport/transport.js";

/** What the modem said at one moment, and how long after what came before. */
export interface RecordedPiece {
  readonly afterMs: number;
  readonly text: string;
}

/** A command line and all that came until the next one: echo, answer, and the URCs behind it. */
export interface RecordedExchange {
  readonly command: string;
  readonly pieces: readonly RecordedPiece[];
}

/** Cuts a recording at its command lines. What the modem said before the first belongs to none and comes with an empty command. Pure. */
export function exchangesOf(entries: readonly TranscriptEntry[]): readonly RecordedExchange[] {
  const exchanges: { command: string; pieces: RecordedPiece[] }[] = [{ command: "", pieces: [] }];
  let typed = "";
  let lastMs = entries[0]?.atMs ?? 0;
  for (const entry of entries) {
    if (!("text" in entry)) continue;
    if (entry.from === "host") {
      const lines = (typed + entry.text).split("\r");
      typed = lines.pop() ?? "";
      for (const line of lines) {
        const command = normalised(line);
        if (command !== "") exchanges.push({ command, pieces: [] });
      }
    } else exchanges.at(-1)?.pieces.push({ afterMs: entry.atMs - lastMs, text: entry.text });
    lastMs = entry.atMs;
  }
  return exchanges;
}

/**
 * Finds the answer to a command: the next one recorded for it, else the last one before. Keeps its place in the recording, and begins anew
 * with another host: a tty does not tell of one, but by what it says first.
 */
export class ReplayCursor {
  readonly #keys: readonly string[];
  readonly #exchanges: readonly RecordedExchange[];
  /** The exchange that was played last; -1 before the first. */
  #at = -1;

  constructor(exchanges: readonly RecordedExchange[]) {
    this.#exchanges = exchanges;
    this.#keys = exchanges.map(({ command }) => keyOf(command));
  }

  /** To the start, for another host. */
  rewind(): void {
    this.#at = -1;
  }

  /** Undefined for a command that was never recorded. */
  next(line: string): RecordedExchange | undefined {
    const key = keyOf(normalised(line));
    const ahead = this.#keys.indexOf(key, this.#at + 1);
    const isHostsFirst = ahead === -1 && key === this.#keys[0];
    if (ahead === -1 && !isHostsFirst) return this.#exchanges[this.#keys.lastIndexOf(key, this.#at)];
    this.#at = isHostsFirst ? 0 : ahead;
    return this.#exchanges[this.#at];
  }
}

/** What a command is known by: the modem gives another number to each channel that is opened (TS 27.007 8.45), and a host repeats that one. */
function keyOf(command: string): string {
  return command.replace(/^(AT\+(?:CGLA|CCHC)=)"?[0-9A-Fa-f]+"?(?=,|$)/, "$1*");
}

/** As a modem reads it: without line feeds and spaces around, case kept only within quotes (V.250 5.2.1, 5.4.2). */
function normalised(line: string): string {
  const parts = line.replace(/\n/g, "").trim().split('"');
  return parts.map((part, index) => (index % 2 === 0 ? part.replace(/\s+/g, "").toUpperCase() : part)).join('"');
}

export interface ReplayOptions {
  readonly clock: Clock;
  readonly wire: ModemWire;
  readonly transcript: TranscriptFile;
  /** 1 waits as long as the modem took, 0 answers at once. */
  readonly timing: number;
  /** Told of each command line that was never recorded, and how many there were. */
  readonly onUnknown: (line: string, count: number) => void;
}

export interface ReplayModem {
  /** What a host opens. */
  readonly port: string;
  /** Command lines that the recording has. */
  readonly recordedCommands: number;
  /** Those that it did not have, so far. */
  readonly unknownCommands: number;
  close(): Promise<void>;
}

/** @throws EsimdError `transcript_invalid` for a recording without a command; what opening the wire throws. */
export async function startReplay(options: ReplayOptions): Promise<ReplayModem> {
  const { clock, wire, transcript, timing, onUnknown } = options;
  const [preamble, ...exchanges] = exchangesOf(transcript.entries);
  if (exchanges.length === 0) {
    throw new EsimdError("transcript_invalid", "the transcript has no command, so that there is nothing to answer");
  }
  const cursor = new ReplayCursor(exchanges);
  const over = new AbortController();
  let unknown = 0;
  let early = preamble?.pieces ?? [];
  let tail = Promise.resolve();
  const say = async (pieces: readonly RecordedPiece[]): Promise<void> => {
    for (const { afterMs, text } of pieces) {
      const waitMs = afterMs * timing;
      if (waitMs > 0) await sleep(clock, waitMs, over.signal);
      if (over.signal.aborted) return;
      transport.write(Buffer.from(text, "latin1"));
    }
  };
  const answer = (line: HostLine): void => {
    const text = line.kind === "line" ? line.text : "(a line that is too long)";
    const exchange = line.kind === "line" ? cursor.next(text) : undefined;
    if (exchange === undefined && normalised(text) === "") return;
    if (exchange === undefined) onUnknown(text, ++unknown);
    // What the modem said before it was asked anything, such as RDY, is heard by whoever speaks to it first.
    const pieces = [...early, ...(exchange?.pieces ?? [{ afterMs: 0, text: "\r\nERROR\r\n" }])];
    early = [];
    tail = tail.then(() => say(pieces)).catch(() => undefined);
  };
  const reader = createLineReader(answer);
  const transport = await openWire(wire, {
    onBytes: (bytes) => reader.push(bytes),
    onHostChange: () => {
      reader.reset();
      cursor.rewind();
    },
  });
  return {
    get port() {
      return transport.address;
    },
    recordedCommands: exchanges.length,
    get unknownCommands() {
      return unknown;
    },
    close: async () => {
      over.abort(new EsimdError("cancelled", "the replay was stopped"));
      await tail;
      await transport.close();
    },
  };
}

async function openWire(wire: ModemWire, events: TransportEvents): Promise<ModemTransport> {
  switch (wire.kind) {
    case "pty":
      return openPty({ events, link: wire.link });
    case "socket":
      return openSocketServer(wire.listen, events);
    case "memory":
      return wire.wire.attach(events);
  }
}

/** @throws EsimdError `transcript_invalid`. */
export async function loadTranscript(path: string): Promise<TranscriptFile> {
  const refuse = (why: string, cause?: unknown): EsimdError =>
    new EsimdError("transcript_invalid", `the transcript ${quote(path)} ${why}`, { cause });
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) throw refuse("is not there");
  if (!file.isFile() || file.size > maxTranscriptBytes) throw refuse("is no file of at most 64 MiB");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw refuse("cannot be read", cause);
  }
  return parseTranscript(text, path);
}
