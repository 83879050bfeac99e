import { type BackoffPolicy, backoffMs } from "../base/backoff.js";
import type { EsimdError } from "../base/errors.js";
import type { Random } from "../base/random.js";

/** How long a run pauses between two questions, by what it asks. A simulation of a fleet reads them here, too (docs/fleet.md). */
export const pauses = {
  /** After a POST that was provably not processed. */
  post: { firstMs: 2_000, maxMs: 60_000 },
  /** Between two looks at the list for what a POST without its answer made. */
  settling: { firstMs: 1_000, maxMs: 60_000 },
  /** Until the reservation is available. */
  available: { firstMs: 500, maxMs: 10_000 },
  /** Before the next download session of the same run. */
  session: { firstMs: 2_000, maxMs: 30_000 },
  /** While a Sim is `scheduled`. */
  sim: { firstMs: 500, maxMs: 10_000 },
  /** Until the provider has heard of the installation. */
  confirm: { firstMs: 500, maxMs: 10_000 },
  /** Until the provider takes a connection. */
  reach: { firstMs: 1_000, maxMs: 15_000 },
} as const satisfies Readonly<Record<string, BackoffPolicy>>;

/** All POSTs of one reservation in one run, while each was provably not processed. */
const postAttempts = 5;

/**
 * Milliseconds until a POST that was not processed goes again, after try number `attempt`; undefined when that is for the next run, which
 * is told of a longer Retry-After by the error. Pure.
 */
export function nextPostMs(
  { code, retryAfterMs }: Pick<EsimdError, "code" | "retryAfterMs">,
  attempt: number,
  random: Random,
): number | undefined {
  const worthIt = code === "api_unreachable" || code === "api_rate_limited";
  const tooLong = (retryAfterMs ?? 0) > pauses.post.maxMs;
  if (!worthIt || tooLong || attempt >= postAttempts) return undefined;
  return backoffMs(pauses.post, attempt, random, retryAfterMs);
}
