import type { Clock } from "../../base/clock.js";

/**
 * Wrong passwords make the next try wait: a few are free, then each doubles the wait, by address and, more generously, for all addresses
 * together, since an IPv6 network has more of them than can be remembered.
 */

const freeOfOne = 4;
const freeOfAll = 40;
const firstWaitMs = 1_000;
const longestWaitMs = 5 * 60_000;
/** Who tried wrongly and then did not for so long begins anew. */
const forgottenMs = 15 * 60_000;
const mostAddresses = 256;

interface Wrong {
  readonly count: number;
  readonly lastMs: number;
}

const everybody = "*";

export class Tries {
  readonly #clock: Clock;
  readonly #wrong = new Map<string, Wrong>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long this address has to wait before a password of its is looked at; 0: not at all. */
  waitMs(address: string): number {
    return Math.max(this.#waitOf(address, freeOfOne), this.#waitOf(everybody, freeOfAll));
  }

  wrong(address: string): void {
    for (const who of [address, everybody]) {
      const count = (this.#recent(who)?.count ?? 0) + 1;
      // Taken out and put in, so that the map's order is that of the last try.
      this.#wrong.delete(who);
      this.#wrong.set(who, { count, lastMs: this.#clock.monotonicMs() });
    }
    for (const who of this.#wrong.keys()) {
      if (this.#wrong.size <= mostAddresses) return;
      if (who !== everybody) this.#wrong.delete(who);
    }
  }

  right(address: string): void {
    this.#wrong.delete(address);
  }

  #waitOf(who: string, free: number): number {
    const wrong = this.#recent(who);
    if (wrong === undefined || wrong.count < free) return 0;
    const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(wrong.count - free, 20));
    return Math.max(0, wrong.lastMs + wait - this.#clock.monotonicMs());
  }

  #recent(who: string): Wrong | undefined {
    const wrong = this.#wrong.get(who);
    return wrong !== undefined && this.#clock.monotonicMs() - wrong.lastMs < forgottenMs ? wrong : undefined;
  }
}
