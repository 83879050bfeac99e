/** Everything that goes to the host, in order, at the speed of the line. */

import { type Clock, sleep } from "../../base/clock.js";
import { LineTime, sleepUntil } from "./line-time.js";

export interface HostOutputOptions {
  readonly clock: Clock;
  /** 8N1: ten bits a byte. Undefined is as fast as it goes. */
  readonly baud: number | undefined;
  readonly write: (bytes: Uint8Array) => void;
}

/** Cuts a text into pieces with pauses between. */
export interface SplitStyle {
  readonly chunkBytes: number;
  readonly pauseMs: number;
}

/** A slice of paced output takes about this long; timers finer than that do not exist. */
const sliceMs = 5;

export class HostOutput {
  readonly #options: HostOutputOptions;
  readonly #time: LineTime;
  #power = new AbortController();
  #tail: Promise<void> = Promise.resolve();

  constructor(options: HostOutputOptions) {
    this.#options = options;
    this.#time = new LineTime(options.baud);
  }

  /**
   * Resolves when the last byte was written, or dropped because the power went. Texts never mix. On a paced line a byte is written when it
   * is across; `fromMs` is when the modem had it ready, where a timer was late to say so.
   */
  send(text: string | Uint8Array, split?: SplitStyle, fromMs = this.#options.clock.monotonicMs()): Promise<void> {
    const { signal } = this.#power;
    const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
    this.#tail = this.#tail.then(() => this.#write(bytes, split, fromMs, signal));
    return this.#tail;
  }

  /** Drops what is not written yet. */
  cut(): void {
    this.#power.abort();
    this.#power = new AbortController();
    this.#tail = Promise.resolve();
  }

  async #write(bytes: Uint8Array, split: SplitStyle | undefined, fromMs: number, signal: AbortSignal): Promise<void> {
    const { clock, baud, write } = this.#options;
    const paced = baud === undefined ? bytes.length : Math.max(1, Math.floor((baud / 10_000) * sliceMs));
    const sliceBytes = Math.max(1, Math.min(split?.chunkBytes ?? bytes.length, paced));
    const pauseMs = split?.pauseMs ?? 0;
    let readyMs = fromMs;
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      const slice = bytes.subarray(at, at + sliceBytes);
      if (baud !== undefined)
        await sleepUntil(clock, this.#time.pass(slice.length, readyMs), signal).catch(() => undefined);
      if (signal.aborted) return;
      write(slice);
      if (pauseMs > 0) await sleep(clock, pauseMs, signal).catch(() => undefined);
      readyMs = pauseMs > 0 ? clock.monotonicMs() : readyMs;
    }
  }
}
