import { EsimdError } from "../../base/errors.js";
import {
  beforeBuild,
  type ClockTrust,
  clockHint,
  dayOf,
  judgeHostClock,
  tolerableClockErrorMs,
} from "../../provision/host-clock.js";
import { type Check, type Facts, found, type Outcome, well } from "./check.js";

export const clock: Check = {
  name: "clock",
  asks: "Is the host's clock right, so that certificates can be judged?",
  knows:
    "The rule of a run: not before esimd was made, and synchronised or within a day of the modem's clock ([first boot](first-boot.md)). Besides, that it is within a day of the API's answer. Where no modem could be asked, the rule's second half is left to the run.",
  codes: ["clock_insane"],
  needs: [],
  after: ["api", "modem"],
  timeoutMs: 10_000,
  atOnce: ({ clock: hosts, hostClock }) => {
    const why = beforeBuild({ nowMs: hosts.nowMs(), builtAtMs: hostClock.builtAtMs });
    return why === undefined ? undefined : found(new EsimdError("clock_insane", why));
  },
  run: async ({ surroundings, facts }, signal): Promise<Outcome> => {
    const { clock: hosts, hostClock, config } = surroundings;
    const isSynchronised = (await hostClock.isMarked()) || (await hostClock.isSynchronised(signal));
    const { builtAtMs } = hostClock;
    return judgeClock({ nowMs: hosts.nowMs(), builtAtMs, isSynchronised, trust: config.boot.clockTrust }, facts);
  },
};

export interface HostClockNow {
  readonly nowMs: number;
  readonly builtAtMs: number;
  readonly isSynchronised: boolean | undefined;
  readonly trust: ClockTrust;
}

/** Pure. */
export function judgeClock(host: HostClockNow, facts: Pick<Facts, "apiDateMs" | "modemClockMs">): Outcome {
  const { nowMs, trust } = host;
  const { apiDateMs } = facts;
  if (apiDateMs !== undefined && Math.abs(nowMs - apiDateMs) > tolerableClockErrorMs) {
    return found(
      new EsimdError("clock_insane", `the clock says ${dayOf(nowMs)}, and the API's answer ${dayOf(apiDateMs)}`),
    );
  }
  const modem = "modemClockMs" in facts ? (facts.modemClockMs ?? "unset") : "unasked";
  const judgement = judgeHostClock({ ...host, modem }, trust);
  if (judgement.sane) return well();
  // Why no modem could be asked is a finding of its own.
  if (modem === "unasked") return well("whether the modem's clock vouches for the host's shows in a run");
  const agrees = apiDateMs === undefined ? "" : "; the API's answer agrees with it, which a run does not know yet";
  return found(new EsimdError("clock_insane", `${judgement.why}${agrees}`, { hint: clockHint }));
}
