import type { Clock } from "../base/clock.js";

/** A wait for what lines bring, one at a time: looked at again with each line, ended by time, by the caller, or with the port. */
export class LineWait {
  readonly #clock: Clock;
  #wake: () => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when `done` holds or the time is up; rejects with the signal's reason, or with what {@link fail} is given. */
  until(done: () => boolean, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        cancelTimer();
        signal?.removeEventListener("abort", onAbort);
        this.#wake = () => undefined;
        this.#fail = () => undefined;
        settle();
      };
      const onAbort = (): void => finish(() => reject(signal?.reason));
      const cancelTimer = this.#clock.setTimer(timeoutMs, () => finish(resolve));
      this.#wake = () => {
        if (done()) finish(resolve);
      };
      this.#fail = (error) => finish(() => reject(error));
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted) onAbort();
    });
  }

  wake(): void {
    this.#wake();
  }

  fail(error: unknown): void {
    this.#fail(error);
  }
}
