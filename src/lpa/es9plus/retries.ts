import { backoffMs } from "../../base/backoff.js";
import type { EsimdError } from "../../base/errors.js";
import type { Random } from "../../base/random.js";

/** When an ES9+ request is sent again. A simulation of a fleet asks here, too (docs/fleet.md). */

const connectAttempts = 3;
const connectPause = { firstMs: 500, maxMs: 4_000 };

/** Milliseconds until the next try after try number `attempt` made no connection; undefined when the session is over. Pure. */
export function nextConnectMs(attempt: number, random: Random): number | undefined {
  return attempt >= connectAttempts ? undefined : backoffMs(connectPause, attempt, random);
}

const crowdedPause = { firstMs: 2_000, maxMs: 30_000 };
const crowdedPatienceMs = 180_000;

/**
 * Milliseconds until a session that the SM-DP+ did not let begin (429, 503) is asked for again, after try number `attempt`, `waitedMs`
 * after the first; undefined when that is for the next session. Pure.
 */
export function nextSessionMs(
  { retryAfterMs = 0 }: Pick<EsimdError, "retryAfterMs">,
  attempt: number,
  waitedMs: number,
  random: Random,
): number | undefined {
  const pauseMs = backoffMs(crowdedPause, attempt, random, retryAfterMs);
  return waitedMs + pauseMs > crowdedPatienceMs ? undefined : pauseMs;
}
