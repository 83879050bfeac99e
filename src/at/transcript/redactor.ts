import { Blanking } from "./blanking.js";
import type { TranscriptEntry, TranscriptFooter } from "./format.js";
import { LineRedaction } from "./line-redaction.js";

/**
 * The redaction of a recording as it grows: bytes in as they cross the wire, redacted entries out in the same order and the same pieces.
 * Rules work on whole lines and whole messages; an entry leaves when all lines that it has a part in are redacted.
 */

type Side = "host" | "modem";

interface Line {
  raw: string;
  /** Redacted, its end included. */
  out: string | undefined;
  /** The command whose tail this line repeats. */
  echoOf: Line | undefined;
}

interface Part {
  readonly line: Line;
  readonly from: number;
  readonly to: number;
}

type Waiting =
  | { readonly kind: "text"; readonly atMs: number; readonly from: Side; readonly parts: readonly Part[] }
  | { readonly kind: "entry"; readonly entry: TranscriptEntry };

/** CR and LF end a line; behind a prompt also Ctrl-Z and ESC (TS 27.005, 3.5.1). */
const lineEnds: ReadonlySet<number> = new Set([0x0d, 0x0a, 0x1a, 0x1b]);
const maxLineChars = 65_536;
/** More than a whole bound profile package in chunks; then what is held back is overwritten and let go. */
const maxWaiting = 50_000;
/** Commands that were sent and may still be echoed. */
const maxEchoes = 8;

export interface Summary {
  readonly replaced: TranscriptFooter["end"]["replaced"];
  readonly blanked: number;
}

export class TranscriptRedactor {
  readonly #blanking = new Blanking();
  readonly #lines = new LineRedaction(this.#blanking);
  readonly #emit: (entry: TranscriptEntry) => void;
  readonly #open: Record<Side, Line> = { host: freshLine(), modem: freshLine() };
  readonly #commands: Line[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(emit: (entry: TranscriptEntry) => void) {
    this.#emit = emit;
  }

  get summary(): Summary {
    return { replaced: this.#blanking.standIns.counts, blanked: this.#blanking.blanked };
  }

  /** What one read or write brought, as latin1. */
  text(atMs: number, from: Side, text: string): void {
    const parts: Part[] = [];
    const done: Line[] = [];
    for (const piece of piecesOf(text)) {
      const line = this.#open[from];
      parts.push({ line, from: line.raw.length, to: line.raw.length + piece.length });
      line.raw += piece;
      if (!hasEnd(piece) && line.raw.length < maxLineChars) continue;
      this.#open[from] = freshLine();
      done.push(line);
    }
    if (parts.length > 0) this.#waiting.push({ kind: "text", atMs, from, parts });
    for (const line of done) this.#redact(from, line);
    this.#release();
  }

  /** Something that is no text and needs no redaction. The lines on their way will not be finished. */
  entry(entry: TranscriptEntry): void {
    this.#cutOpenLines();
    this.#waiting.push({ kind: "entry", entry });
    this.#release();
  }

  /** Nothing more comes: all that is held back leaves. */
  end(): void {
    this.#cutOpenLines();
    this.#lines.settle();
    this.#release();
  }

  #redact(from: Side, line: Line): void {
    const end = hasEnd(line.raw) ? line.raw.slice(-1) : "";
    const text = line.raw.slice(0, line.raw.length - end.length);
    if (end === "") {
      line.out = this.#lines.cut(text);
      return;
    }
    if (from === "modem" && this.#isEcho(text, line)) return;
    if (from === "host" && text !== "") {
      this.#commands.push(line);
      if (this.#commands.length > maxEchoes) this.#commands.shift();
    }
    this.#lines[from](text, (redacted) => {
      line.out = redacted + end;
      this.#release();
    });
  }

  /** A modem's echo is the command again, or its tail, and gets the same stand-ins when the command has them. */
  #isEcho(text: string, line: Line): boolean {
    if (text.length < 2) return false;
    const command = this.#commands.findLast(({ raw }) => raw.slice(0, -1).endsWith(text));
    if (command === undefined) return false;
    line.echoOf = command;
    return true;
  }

  #cutOpenLines(): void {
    for (const side of ["host", "modem"] as const) {
      const line = this.#open[side];
      if (line.raw === "") continue;
      this.#open[side] = freshLine();
      line.out = this.#lines.cut(line.raw);
    }
  }

  #release(): void {
    if (this.#waiting.length > maxWaiting) {
      this.#cutOpenLines();
      this.#lines.settle();
    }
    let released = 0;
    for (const item of this.#waiting) {
      if (item.kind === "entry") this.#emit(item.entry);
      else {
        const text = redactedText(item.parts);
        if (text === undefined) break;
        this.#emit({ atMs: item.atMs, from: item.from, text });
      }
      released++;
    }
    this.#waiting.splice(0, released);
  }
}

function hasEnd(text: string): boolean {
  return lineEnds.has(text.charCodeAt(text.length - 1));
}

/** Lines with their ends, and what is left behind the last of them. */
function piecesOf(text: string): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (!lineEnds.has(text.charCodeAt(at))) continue;
    pieces.push(text.slice(start, at + 1));
    start = at + 1;
  }
  return start < text.length ? [...pieces, text.slice(start)] : pieces;
}

function redactedText(parts: readonly Part[]): string | undefined {
  let text = "";
  for (const { line, from, to } of parts) {
    const out = redactedLine(line);
    if (out === undefined) return undefined;
    text += out.slice(from, to);
  }
  return text;
}

function redactedLine(line: Line): string | undefined {
  const { raw, echoOf } = line;
  if (echoOf === undefined) return line.out;
  return echoOf.out === undefined ? undefined : echoOf.out.slice(0, -1).slice(1 - raw.length) + raw.slice(-1);
}

function freshLine(): Line {
  return { raw: "", out: undefined, echoOf: undefined };
}
