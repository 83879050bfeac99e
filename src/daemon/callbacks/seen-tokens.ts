import type { Clock } from "../../base/clock.js";

/** Longer than any vendor repeats a callback (KORE: once, within 15 s). */
const keptMs = 24 * 3_600_000;
const kept = 1_000;

/** The idempotency tokens of the callbacks that came: a repeated one asks nothing a second time. Bounded; the oldest is forgotten first. */
export class SeenTokens {
  readonly #clock: Clock;
  readonly #at = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes it. */
  isNew(token: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    for (const [old, atMs] of this.#at) {
      if (nowMs - atMs < keptMs && this.#at.size < kept) break;
      this.#at.delete(old);
    }
    if (this.#at.has(token)) return false;
    this.#at.set(token, nowMs);
    return true;
  }
}
