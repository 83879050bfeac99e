/** A change that the modem accepts at once and carries out some time later, one at a time. */

import type { CancelTimer, Clock } from "../../../base/clock.js";

export class LateChange {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  #accepted: { readonly what: string; readonly cancel: CancelTimer } | undefined;

  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** What was accepted last and is still to come. */
  get accepted(): string | undefined {
    return this.#accepted?.what;
  }

  /** Takes the place of what was accepted before and has not happened yet. */
  accept(what: string, carryOut: () => void): void {
    this.#accepted?.cancel();
    const cancel = this.#clock.setTimer(this.#delayMs(), () => {
      this.#accepted = undefined;
      carryOut();
    });
    this.#accepted = { what, cancel };
  }

  /** Power is gone: what had not happened does not happen. */
  powerOff(): void {
    this.#accepted?.cancel();
    this.#accepted = undefined;
  }
}
