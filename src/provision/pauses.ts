import { type BackoffPolicy, backoffMs } from "../base/backoff.js";
import type { EsimdError } from "../base/errors.js";
import type { Random } from "../base/random.js";

/** How long a run pauses before it asks again for what was refused or did not come. What the provider does by itself is asked for by polling.ts. A simulation of a fleet reads them here, too (docs/fleet.md). */
export const pauses = {
  /** After a POST that was provably not processed. */
  post: { firstMs: 2_000, maxMs: 10_000 },
  /** Between two looks at the list for what a POST without its answer made. */
  settling: { firstMs: 1_000, maxMs: 60_000 },
  /** Before the next download session of the same run. */
  session: { firstMs: 2_000, maxMs: 30_000 },
  /** Until the provider takes a connection. */
  reach: { firstMs: 1_000, maxMs: 15_000 },
} as const satisfies Readonly<Record<string, BackoffPolicy>>;

/** All POSTs of one reservation in one run, while the provider cannot be reached. */
const postAttempts = 5;
/** What the world was asked before a POST is this old at the most when it goes; after that it is asked anew, by the next run. */
const postPatienceMs = 240_000;
/** A longer one is for the next run, which is told of it by the error. */
const longestRetryAfterMs = 60_000;

/**
 * Milliseconds until a POST that was not processed goes again, after try number `attempt`, `waitedMs` after the first; undefined when that
 * is for the next run. A provider that asks for a pause is asked for longer than one that is not there: the look at the world
 * before the POST would have to be made again. Pure.
 */
export function nextPostMs(
  { code, retryAfterMs = 0 }: Pick<EsimdError, "code" | "retryAfterMs">,
  attempt: number,
  waitedMs: number,
  random: Random,
): number | undefined {
  const isCrowded = code === "api_rate_limited";
  if (!isCrowded && (code !== "api_unreachable" || attempt >= postAttempts)) return undefined;
  if (retryAfterMs > longestRetryAfterMs) return undefined;
  const pauseMs = backoffMs(pauses.post, attempt, random, retryAfterMs);
  return waitedMs + pauseMs > postPatienceMs ? undefined : pauseMs;
}
