/**
 * What the last reservation took, for the many runs of one process that ask one provider: the next one is not asked for much sooner. What
 * is kept is how long it was seen *not* to be there; where the first look found it, that is nothing, and the next run looks early again. So
 * a provider that has become faster costs one run a late look.
 */
export class UsualWait {
  #unavailableMs = 0;

  /** A reservation became available; `unavailableMs` after its POST it was seen not to be. */
  note(unavailableMs: number): void {
    this.#unavailableMs = unavailableMs;
  }

  /** How long no look is worth its request. */
  get quietMs(): number {
    return Math.min(longestQuietMs, this.#unavailableMs);
  }
}

/** Whatever the last one took. */
const longestQuietMs = 120_000;
