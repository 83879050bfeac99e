import { type BackoffPolicy, backoffMs } from "../base/backoff.js";
import type { ErrorCode, EsimdError } from "../base/errors.js";
import type { Random } from "../base/random.js";

/** How long the daemon rests after a run, by how that ended. A simulation of a fleet asks here, too (docs/fleet.md). */

/** Doubling from half a minute to an hour: a fleet whose provider is down must not keep it down. */
export const retryPause: BackoffPolicy = { firstMs: 30_000, maxMs: 3_600_000 };
/** To a day, for what hardly changes or costs something each time. */
export const seldom: BackoffPolicy = { firstMs: 30_000, maxMs: 86_400_000 };

/**
 * What only a person or another modem changes once the first tries are over, which are for a slow start: a look a day costs nobody
 * anything, while each one takes the modem from ModemManager, and the connection with it.
 */
const hardlyChanges: ReadonlySet<ErrorCode> = new Set([
  "no_euicc",
  "euicc_other_slot",
  "euicc_m2m",
  "modem_unknown",
  "port_forbidden",
  "smdp_untrusted",
  "lpa_holds_isdr",
]);

/** Who asks for a pause is there, and has many to serve. */
const crowded: ReadonlySet<ErrorCode> = new Set(["api_rate_limited", "smdp_busy"]);

/**
 * A rest that grows with the time that the crowd already lasts: an eighth of it, so that no device of a fleet comes much later than there
 * is room for it, however long that takes; and never more than an hour. Doubling would let the last ones wait as long again as all took.
 */
const crowdedRest = { shareOfCrowdedTime: 1 / 8, leastMs: 30_000, mostMs: 3_600_000 } as const;

export function isCrowded({ code }: Pick<EsimdError, "code">): boolean {
  return crowded.has(code);
}

/** Runs that failed in a row, the last one included; those that a crowd turned away are not counted. */
export interface FailedRuns {
  readonly failures: number;
  /** Those among them that spent a session of a paid order. */
  readonly costly: number;
  /** Whether the last one did. */
  readonly spentSession: boolean;
  /** Milliseconds since the first run began that a crowd turned away. */
  readonly crowdedMs: number;
}

/** Milliseconds until the next run after one that failed. Pure. */
export function restAfterFailure(
  { code, retryAfterMs }: Pick<EsimdError, "code" | "retryAfterMs">,
  runs: FailedRuns,
  random: Random,
): number {
  return Math.round(backoffMs(...pauseOf(code, runs), random, retryAfterMs));
}

function pauseOf(code: ErrorCode, { failures, costly, spentSession, crowdedMs }: FailedRuns): [BackoffPolicy, number] {
  if (spentSession) return [seldom, costly];
  if (!isCrowded({ code })) return [hardlyChanges.has(code) ? seldom : retryPause, failures];
  const { shareOfCrowdedTime, leastMs, mostMs } = crowdedRest;
  const firstMs = Math.min(mostMs, Math.max(leastMs, crowdedMs * shareOfCrowdedTime));
  return [{ firstMs, maxMs: mostMs }, 1];
}
