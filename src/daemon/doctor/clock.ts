import { formatMs } from "../../base/deadline.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { requireSaneClock } from "../sane-clock.js";
import { type Check, type Facts, found, type Outcome, well } from "./check.js";

/** Certificates, tokens and Retry-After dates bear hours; a day is a clock that nobody set. */
const tolerableMs = 24 * 60 * 60_000;

export const clock: Check = {
  name: "clock",
  asks: "Is the host's clock right, so that certificates can be judged?",
  knows:
    "That it is not before esimd was made, and within a day of the API's answer. Where the API gave none, it is compared with the modem's clock; if the two differ, nobody knows which is wrong.",
  codes: ["clock_insane"],
  needs: [],
  after: ["api", "modem"],
  timeoutMs: 10_000,
  atOnce: ({ clock: hosts }) => {
    try {
      requireSaneClock(hosts);
      return undefined;
    } catch (error) {
      if (!isEsimdError(error)) throw error;
      return found(error);
    }
  },
  run: async ({ surroundings, facts }): Promise<Outcome> => judgeClock(surroundings.clock.nowMs(), facts),
};

/** Pure. */
export function judgeClock(nowMs: number, facts: Pick<Facts, "apiDateMs" | "modemClockMs">): Outcome {
  const { apiDateMs, modemClockMs } = facts;
  if (apiDateMs !== undefined) {
    if (Math.abs(nowMs - apiDateMs) <= tolerableMs) return well();
    return found(
      new EsimdError("clock_insane", `the clock says ${day(nowMs)}, and the API's answer ${day(apiDateMs)}`),
    );
  }
  if (modemClockMs === undefined || Math.abs(nowMs - modemClockMs) <= tolerableMs) return well();
  const apart = formatDays(Math.abs(nowMs - modemClockMs));
  const hint =
    "Compare both with the right time, and set the one that is wrong; NTP or the network (NITZ) keeps it so.";
  const message = `the clock says ${day(nowMs)} and the modem's ${day(modemClockMs)}, which is ${apart} apart`;
  return found(new EsimdError("clock_insane", message, { hint }), "warning");
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function formatDays(ms: number): string {
  const days = Math.round(ms / tolerableMs);
  return days === 1 ? formatMs(ms) : `${days} days`;
}
