import type { Random } from "./random.js";

/** How long to wait before attempt 2, 3, …: doubling from `firstMs` up to `maxMs`, with full jitter above half. */
export interface BackoffPolicy {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** A Retry-After is spread by a quarter of itself, by so much at most. */
const longestSpreadMs = 60_000;

/**
 * The pause after failed attempt number `attempt` (1 is the first). Half of the exponential step is kept and half is random:
 * a fleet whose power returns at once spreads out, and no device retries at once.
 * A Retry-After of the other side is a lower bound, and chance comes on top of it: a fleet that is told "in a second" must not come back
 * in one tick.
 */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: Random, retryAfterMs = 0): number {
  const stepMs = Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
  const chance = random.next();
  const spreadMs = Math.max(stepMs / 2, Math.min(retryAfterMs / 4, longestSpreadMs));
  return Math.max(stepMs / 2 + (stepMs / 2) * chance, retryAfterMs === 0 ? 0 : retryAfterMs + spreadMs * chance);
}
