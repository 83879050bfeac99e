import { ReadlineParser } from "@serialport/parser-readline";

/** A line longer than this is no answer of any modem; the longest legal one carries an ES9+ request of about 8 kB. */
export const maxLineBytes = 64 * 1024;

export interface LineListener {
  /** A whole line without its end, never empty. The prompt arrives as the line ">". */
  line(text: string): void;
  /** A line grew beyond {@link maxLineBytes}; its bytes are dropped up to its end. */
  overflow(): void;
}

const lf = 0x0a;
const cr = 0x0d;
const greater = 0x3e;
const space = 0x20;

/**
 * Bytes to lines. ReadlineParser does the splitting; in front of it stands a guard for what it does not do: its buffer is unbounded,
 * a lone CR (an echo, an answer under ATV0) would not end a line, and the prompt `> ` has no end at all.
 */
export class LineReader {
  readonly #parser = new ReadlineParser({ delimiter: "\n", encoding: "latin1" });
  #lineBytes = 0;
  #skipping = false;
  #promptSeen = 0;

  constructor(listener: LineListener) {
    this.#parser.on("data", (line: string) => {
      const text = line.trim();
      if (line.length >= maxLineBytes) listener.overflow();
      else if (text !== "") listener.line(text);
    });
  }

  /** Takes what stands on the line so far for a whole one: what comes next is said at another speed. */
  endLine(): void {
    this.push(Uint8Array.of(lf));
  }

  push(bytes: Uint8Array): void {
    const out = Buffer.alloc(bytes.length * 2);
    let length = 0;
    for (const byte of bytes) {
      const ends = byte === lf || byte === cr;
      if (ends) {
        this.#lineBytes = 0;
        this.#promptSeen = 0;
        if (!this.#skipping) out[length++] = lf;
        this.#skipping = false;
        continue;
      }
      if (this.#skipping || byte === 0) continue;
      if (this.#lineBytes >= maxLineBytes) {
        this.#skipping = true;
        out[length++] = lf;
        continue;
      }
      out[length++] = byte;
      this.#lineBytes++;
      if (byte === greater && this.#lineBytes === 1) this.#promptSeen = 1;
      else if (byte === space && this.#promptSeen === 1 && this.#lineBytes === 2) {
        out[length++] = lf;
        this.#lineBytes = 0;
        this.#promptSeen = 0;
      } else this.#promptSeen = 0;
    }
    if (length > 0) this.#parser.write(out.subarray(0, length));
  }
}
