/** Everything that goes to the host, in order, at the speed of the line. */

import { type Clock, sleep } from "../../base/clock.js";

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
  #power = new AbortController();
  #tail: Promise<void> = Promise.resolve();

  constructor(options: HostOutputOptions) {
    this.#options = options;
  }

  /** Resolves when the last byte was written, or dropped because the power went. Texts never mix. */
  send(text: string | Uint8Array, split?: SplitStyle): Promise<void> {
    const { signal } = this.#power;
    const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
    this.#tail = this.#tail.then(() => this.#write(bytes, split, signal));
    return this.#tail;
  }

  /** Drops what is not written yet. */
  cut(): void {
    this.#power.abort();
    this.#power = new AbortController();
    this.#tail = Promise.resolve();
  }

  async #write(bytes: Uint8Array, split: SplitStyle | undefined, signal: AbortSignal): Promise<void> {
    const { clock, baud, write } = this.#options;
    const bytesPerMs = baud === undefined ? undefined : baud / 10_000;
    const paced = bytesPerMs === undefined ? bytes.length : Math.max(1, Math.floor(bytesPerMs * sliceMs));
    const sliceBytes = Math.max(1, Math.min(split?.chunkBytes ?? bytes.length, paced));
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      if (signal.aborted) return;
      const slice = bytes.subarray(at, at + sliceBytes);
      write(slice);
      const pauseMs = (bytesPerMs === undefined ? 0 : slice.length / bytesPerMs) + (split?.pauseMs ?? 0);
      if (pauseMs > 0) await sleep(clock, pauseMs, signal).catch(() => undefined);
    }
  }
}
