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

/** Runs that failed in a row, the last one included. */
export interface FailedRuns {
  readonly failures: number;
  /** Those among them that spent a session of a paid order. */
  readonly costly: number;
  /** Whether the last one did. */
  readonly spentSession: boolean;
}

/** Milliseconds until the next run after one that failed. Pure. */
export function restAfterFailure(
  { code, retryAfterMs }: Pick<EsimdError, "code" | "retryAfterMs">,
  { failures, costly, spentSession }: FailedRuns,
  random: Random,
): number {
  const forMs = spentSession
    ? backoffMs(seldom, costly, random, retryAfterMs)
    : backoffMs(hardlyChanges.has(code) ? seldom : retryPause, failures, random, retryAfterMs);
  return Math.round(forMs);
}
