import { buildDateMs } from "../base/build-date.js";
import type { Clock } from "../base/clock.js";
import { EsimdError } from "../base/errors.js";
import { beforeBuild } from "../provision/host-clock.js";

/** The half of the clock's rule that is known at once (provision/host-clock.ts has the whole). @throws EsimdError `clock_insane`. */
export function requireSaneClock(clock: Clock): void {
  const why = beforeBuild({ nowMs: clock.nowMs(), builtAtMs: buildDateMs });
  if (why !== undefined) throw new EsimdError("clock_insane", why);
}
