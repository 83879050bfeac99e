import { type Clock, sleep } from "../base/clock.js";

/**
 * Hints that the provider has changed something: a callback whose signature holds. Nothing in a hint is believed; it is a reason to ask
 * now instead of after the pause (the contract, rule 7).
 */

/** What is said to have changed; one of them is enough to know whom it concerns. */
export interface Hint {
  readonly sid: string | undefined;
  readonly eid: string | undefined;
}

/** @returns whether anybody waited for it. */
export type HintListener = (hint: Hint) => boolean;

export class Hints {
  readonly #listeners = new Set<HintListener>();

  /** @returns what ends the subscription. */
  subscribe(listener: HintListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  give(hint: Hint): boolean {
    let wanted = false;
    for (const listener of this.#listeners) wanted = listener(hint) || wanted;
    return wanted;
  }
}

/** However many hints come, the provider is asked no more often than this. */
const leastPauseMs = 500;

/** A pause between two questions to the provider, which a hint about this reservation or this EID cuts short. */
export async function pauseForHint(
  clock: Clock,
  hints: Hints | undefined,
  about: Hint,
  pauseMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (hints === undefined || pauseMs <= leastPauseMs) return sleep(clock, pauseMs, signal);
  const woken = new AbortController();
  const stop = hints.subscribe(({ sid, eid }) => {
    const isOurs = (sid !== undefined && sid === about.sid) || (eid !== undefined && eid === about.eid);
    if (isOurs) woken.abort();
    return isOurs;
  });
  try {
    await sleep(clock, leastPauseMs, signal);
    await sleep(clock, pauseMs - leastPauseMs, AbortSignal.any([signal, woken.signal]));
  } catch (error) {
    if (signal.aborted || !woken.signal.aborted) throw error;
  } finally {
    stop();
  }
}
