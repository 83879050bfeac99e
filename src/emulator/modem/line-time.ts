/** How long bytes take on a serial line. It carries both directions at once, and each of them one byte after the other. */

import { type Clock, sleep } from "../../base/clock.js";

/** 8N1: a start bit, eight of data, a stop bit. */
const bitsPerByte = 10;

/** One direction. Its times are those of an exact line, whatever the machine's timers make of them: no byte is late because the last one was. */
export class LineTime {
  readonly #msPerByte: number;
  #freeMs = Number.NEGATIVE_INFINITY;

  /** @param baud Undefined: as fast as it goes. */
  constructor(baud: number | undefined) {
    this.#msPerByte = baud === undefined ? 0 : (bitsPerByte * 1000) / baud;
  }

  /** When the last of so many bytes is across that are there from `fromMs` on. */
  pass(bytes: number, fromMs: number): number {
    this.#freeMs = Math.max(fromMs, this.#freeMs) + this.takesMs(bytes);
    return this.#freeMs;
  }

  takesMs(bytes: number): number {
    return bytes * this.#msPerByte;
  }
}

/** Waits for a moment of the monotonic clock: timers count whole milliseconds and may be early by a part of one. Rejects as {@link sleep} does. */
export async function sleepUntil(clock: Clock, atMs: number, signal?: AbortSignal): Promise<void> {
  for (let leftMs = atMs - clock.monotonicMs(); leftMs > 0; leftMs = atMs - clock.monotonicMs()) {
    await sleep(clock, leftMs, signal);
  }
}
