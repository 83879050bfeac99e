/** Bytes to command lines: CR ends a line (V.250 5.2.1), LF is ignored, and a line has a greatest length. */

import { Transform } from "node:stream";
import { ReadlineParser } from "@serialport/parser-readline";

/**
 * EG25 takes about 1.44 kB of `AT+QESIM="trans"` on a line; a real modem's maximum is in no manual. "ERROR" is what Quectel's manual promises for
 * a line beyond it.
 */
export const maxLineLength = 2048;

export type HostLine = { readonly kind: "line"; readonly text: string } | { readonly kind: "too-long" };

const carriageReturn = 0x0d;

/** Cuts each line one byte behind its maximum, so that an endless line costs no memory and can still be told from a good one. */
class LineGuard extends Transform {
  #lengthOfLine = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, kept: Buffer) => void): void {
    // Almost all chunks are too short to hold a line that is too long.
    if (this.#lengthOfLine + chunk.length <= maxLineLength) {
      const end = chunk.lastIndexOf(carriageReturn);
      this.#lengthOfLine = end < 0 ? this.#lengthOfLine + chunk.length : chunk.length - end - 1;
      done(null, chunk);
      return;
    }
    const kept = chunk.filter((byte) => {
      if (byte === carriageReturn) {
        this.#lengthOfLine = 0;
        return true;
      }
      return ++this.#lengthOfLine <= maxLineLength + 1;
    });
    done(null, Buffer.from(kept));
  }
}

export interface LineReader {
  /** Takes bytes in any split. */
  push(bytes: Uint8Array): void;
  /** Forgets half a line. */
  reset(): void;
}

/** Calls `onLine` for every line that is not empty. */
export function createLineReader(onLine: (line: HostLine) => void): LineReader {
  let generation = 0;
  const fresh = (): LineGuard => {
    const mine = ++generation;
    // Streams deliver a tick later: what was on its way when the reader was reset belongs to the old host.
    return pipeline((line) => {
      if (mine === generation) onLine(line);
    });
  };
  let guard = fresh();
  return {
    push: (bytes) => {
      guard.write(Buffer.from(bytes));
    },
    reset: () => {
      guard.unpipe();
      guard.destroy();
      guard = fresh();
    },
  };
}

function pipeline(onLine: (line: HostLine) => void): LineGuard {
  const guard = new LineGuard();
  const parser = guard.pipe(new ReadlineParser({ delimiter: "\r", encoding: "latin1" }));
  parser.on("data", (text: unknown) => {
    if (typeof text !== "string") return;
    const line = text.replace(/\n/g, "");
    if (line.length > maxLineLength) onLine({ kind: "too-long" });
    else if (line !== "") onLine({ kind: "line", text: line });
  });
  return guard;
}
