import { type Clock, sleep } from "../../src/base/clock.js";

/** Waiting for what is to be seen from outside: a condition that is looked at again and again, with a deadline. */

export interface Wait {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What is waited for, as it would stand behind "waited in vain for". */
  readonly what: string;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** @returns the first value that is not undefined. @throws Error when there is none in time, or the signal's reason. */
export async function until<Seen>(
  { clock, timeoutMs, what, pollMs, signal }: Wait,
  look: () => Promise<Seen | undefined> | Seen | undefined,
): Promise<Seen> {
  const untilMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const seen = await look();
    if (seen !== undefined) return seen;
    if (clock.monotonicMs() >= untilMs) throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`);
    await sleep(clock, pollMs, signal);
  }
}
