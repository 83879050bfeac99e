import { backoffMs } from "../../base/backoff.js";
import type { Random } from "../../base/random.js";

/** When an ES9+ request is sent again. A simulation of a fleet asks here, too (docs/fleet.md). */

const connectAttempts = 3;
const connectPause = { firstMs: 500, maxMs: 4_000 };

/** Milliseconds until the next try after try number `attempt` made no connection; undefined when the session is over. Pure. */
export function nextConnectMs(attempt: number, random: Random): number | undefined {
  return attempt >= connectAttempts ? undefined : backoffMs(connectPause, attempt, random);
}
