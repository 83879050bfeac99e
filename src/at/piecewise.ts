import { type Clock, sleep } from "../base/clock.js";
import type { BytePort } from "../serial/port.js";

/** How a modem wants long lines: some lose what comes beyond a few bytes without a pause (lpac issue 167, on Quectel). */
export interface Pieces {
  readonly bytes: number;
  readonly pauseMs: number;
}

/** A line on its way to the port. */
export interface LineWriting {
  /** Resolves once the port has taken all of it; rejects with the port's error, or with the signal's reason. */
  readonly done: Promise<void>;
  /** Whether every byte was handed to the port, which may still hold it. */
  isWhole(): boolean;
}

/**
 * Writes a line whole, or in pieces with pauses between them. No piece follows once the signal has aborted: the rest would be read with
 * the next line, and what is cut has no line end, so that the modem does not carry it out by itself.
 */
export function writeLine(
  port: BytePort,
  line: Uint8Array,
  pieces: Pieces | undefined,
  clock: Clock,
  signal: AbortSignal,
): LineWriting {
  const pieceBytes = pieces === undefined ? line.length : pieces.bytes;
  let handed = 0;
  const write = async (): Promise<void> => {
    while (handed < line.length) {
      if (handed > 0 && pieces !== undefined) await sleep(clock, pieces.pauseMs, signal);
      signal.throwIfAborted();
      const piece = line.subarray(handed, handed + pieceBytes);
      handed += piece.length;
      await port.write(piece);
    }
  };
  return { done: write(), isWhole: () => handed === line.length };
}
