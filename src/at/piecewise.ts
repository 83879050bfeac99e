import { type Clock, sleep } from "../base/clock.js";
import type { BytePort } from "../serial/port.js";

/** How a modem wants long lines: some lose what comes beyond a few bytes without a pause (lpac issue 167, on Quectel). */
export interface Pieces {
  readonly bytes: number;
  readonly pauseMs: number;
}

/** Writes a line whole, or in pieces with pauses between them. */
export async function writeLine(
  port: BytePort,
  line: Uint8Array,
  pieces: Pieces | undefined,
  clock: Clock,
): Promise<void> {
  if (pieces === undefined || line.length <= pieces.bytes) {
    await port.write(line);
    return;
  }
  for (let at = 0; at < line.length; at += pieces.bytes) {
    if (at > 0) await sleep(clock, pieces.pauseMs);
    await port.write(line.subarray(at, at + pieces.bytes));
  }
}
