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
  /** What a provider asks to put later (429); as any other failure when left out. */
  readonly crowded?: CrowdedPolicy;
}

/** A provider that says 429 is well and has many to serve. */
export interface CrowdedPolicy {
  /** All tries of one request, while none of the client's got through: whoever has nothing to lose makes room, and comes back later. */
  readonly attemptsOutside: number;
  /** How long one request is tried once another one got through: what was reached costs a request that others need, if it is given up. */
  readonly patienceInsideMs: number;
  readonly backoff: BackoffPolicy;
}

export const defaultRetry: RetryPolicy = {
  attempts: 4,
  backoff: { firstMs: 1000, maxMs: 15_000 },
  longestRetryAfterMs: 60_000,
  crowded: { attemptsOutside: 2, patienceInsideMs: 300_000, backoff: { firstMs: 1000, maxMs: 10_000 } },
};

/** What may pass if the same request is sent again: the network, a deadline of one request, 5xx, 429. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "api_unreachable",
  "api_unavailable",
  "api_rate_limited",
  "deadline",
]);

/** What one client has seen of the crowd at its provider's door. */
export interface Crowd {
  /** A request of this client got through. */
  readonly wasLetIn: boolean;
  /** Grows with every 429 and shrinks with every success: the next refusal is answered with the pause that the last ones taught. */
  readonly level: number;
}

export const noCrowd: Crowd = { wasLetIn: false, level: 0 };

/** From here on every pause is the longest. */
const highestLevel = 10;

/** What is known of the crowd after an answer. Pure. */
export function crowdAfter({ wasLetIn, level }: Crowd, answer: "success" | "refused"): Crowd {
  if (answer === "success") return { wasLetIn: true, level: Math.max(0, level - 1) };
  return { wasLetIn, level: Math.min(highestLevel, level + 1) };
}

/** One request's past. */
export interface Tried {
  /** The number of the try that failed; 1 is the first. */
  readonly attempt: number;
  /** Since the first one was sent. */
  readonly waitedMs: number;
  /** After that try. */
  readonly crowd: Crowd;
}

/** Milliseconds until the next try; undefined when the error is the caller's. Pure. */
export function nextTryMs(
  { attempts, backoff, longestRetryAfterMs, crowded }: RetryPolicy,
  { code, retryAfterMs = 0 }: Pick<EsimdError, "code" | "retryAfterMs">,
  { attempt, waitedMs, crowd }: Tried,
  random: Random,
): number | undefined {
  if (retryAfterMs > longestRetryAfterMs || !passing.has(code)) return undefined;
  if (code !== "api_rate_limited" || crowded === undefined) {
    return attempt >= attempts ? undefined : backoffMs(backoff, attempt, random, retryAfterMs);
  }
  if (!crowd.wasLetIn && attempt >= crowded.attemptsOutside) return undefined;
  const pauseMs = backoffMs(crowded.backoff, crowd.level, random, retryAfterMs);
  return waitedMs + pauseMs > crowded.patienceInsideMs ? undefined : pauseMs;
}
