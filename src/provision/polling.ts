import type { Random } from "../base/random.js";

/**
 * How often the provider is asked for what it does by itself: soon at first, since a fast one is done in a second, then by what was waited
 * already, so that the number of questions grows with the logarithm of the wait, and in the end by a longest pause.
 */
export interface PollPolicy {
  /** The least pause, and so the first one. */
  readonly firstMs: number;
  /** A pause is this many times what was waited before it. */
  readonly growth: number;
  /** The same once a quiet time is over, when the end is near. */
  readonly nearGrowth: number;
  readonly maxMs: number;
  /** The part of a pause that is left to chance: 0.1 takes up to a tenth off it. */
  readonly jitter: number;
}

/** Seven questions in the minute that a slow provider may take; one, where it is done within 0.9 s. */
export const availablePolls: PollPolicy = { firstMs: 1_000, growth: 1.6, nearGrowth: 0.1, maxMs: 18_000, jitter: 0.1 };

export interface PollOptions {
  /** What the provider asked for: a lower bound. */
  readonly retryAfterMs?: number | undefined;
  /** How long nobody expects an answer that is worth the question. */
  readonly quietMs?: number | undefined;
}

/** While a Sim is `scheduled`. A change that takes less than half a second is asked for once; a longer one is seen before twice its time is over. */
export const simPolls: PollPolicy = { firstMs: 500, growth: 1, nearGrowth: 1, maxMs: 10_000, jitter: 0.1 };

/**
 * The pause before the next question, after `waitedMs` of waiting. By the time and not by a count: an early hint that came to nothing does
 * not make the questions rarer. Pure.
 */
export function pollPauseMs(
  policy: PollPolicy,
  waitedMs: number,
  random: Random,
  { retryAfterMs = 0, quietMs = 0 }: PollOptions = {},
): number {
  const { firstMs, growth, nearGrowth, maxMs, jitter } = policy;
  const grownMs = Math.min(maxMs, (quietMs > 0 ? nearGrowth : growth) * waitedMs);
  const stepMs = Math.max(firstMs, waitedMs < quietMs ? quietMs - waitedMs : grownMs);
  return Math.max(stepMs * (1 - jitter * random.next()), retryAfterMs);
}
