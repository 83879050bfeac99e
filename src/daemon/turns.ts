/**
 * How many runs may be on their way at once, over all modems of the daemon: each takes memory, a connection to the provider, and where the
 * modem's own LPA is relayed a core's share. First come, first served; a modem waits with one run at most, so that none is passed over.
 */
export class RunTurns {
  #limit: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Those that are over the limit now end as they would; the next begins when there is room. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#admit();
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get isFree(): boolean {
    return this.#taken < this.#limit && this.#waiting.size === 0;
  }

  /** Resolves to what gives the turn back, once it is ours; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener("abort", giveUp);
        this.#taken++;
        resolve(() => this.#giveBack());
      };
      const giveUp = (): void => {
        this.#waiting.delete(admit);
        reject(signal.reason);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(admit);
      this.#admit();
    });
  }

  #giveBack(): void {
    this.#taken--;
    this.#admit();
  }

  #admit(): void {
    for (const admit of this.#waiting) {
      if (this.#taken >= this.#limit) return;
      this.#waiting.delete(admit);
      admit();
    }
  }
}
