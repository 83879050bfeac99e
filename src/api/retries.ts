import { type BackoffPolicy, backoffMs } from "../base/backoff.js";
import type { ErrorCode, EsimdError } from "../base/errors.js";
import type { Random } from "../base/random.js";

/** When one request to the provider is sent again. A simulation of a fleet asks here, too (docs/fleet.md). */
export interface RetryPolicy {
  /** All tries of one request, the first included. */
  readonly attempts: number;
  readonly backoff: BackoffPolicy;
  /** A longer Retry-After is not waited for here; the error carries it to the caller. */
  readonly longestRetryAfterMs: number;
}

export const defaultRetry: RetryPolicy = {
  attempts: 4,
  backoff: { firstMs: 1000, maxMs: 15_000 },
  longestRetryAfterMs: 60_000,
};

/** What may pass if the same request is sent again: the network, a deadline of one request, 5xx, 429. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "api_unreachable",
  "api_unavailable",
  "api_rate_limited",
  "deadline",
]);

/** Milliseconds until the next try after try number `attempt`; undefined when the error is the caller's. Pure. */
export function nextTryMs(
  { attempts, backoff, longestRetryAfterMs }: RetryPolicy,
  { code, retryAfterMs }: Pick<EsimdError, "code" | "retryAfterMs">,
  attempt: number,
  random: Random,
): number | undefined {
  const tooLong = (retryAfterMs ?? 0) > longestRetryAfterMs;
  if (attempt >= attempts || tooLong || !passing.has(code)) return undefined;
  return backoffMs(backoff, attempt, random, retryAfterMs);
}
