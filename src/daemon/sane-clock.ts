import type { Clock } from "../base/clock.js";
import { EsimdError } from "../base/errors.js";

/** No esimd was made before this day: a clock before it is wrong, and certificates cannot be judged by it. */
const earliestMs = Date.UTC(2025, 0, 1);

/** @throws EsimdError `clock_insane`. */
export function requireSaneClock(clock: Clock): void {
  if (clock.nowMs() >= earliestMs) return;
  const today = new Date(clock.nowMs()).toISOString().slice(0, 10);
  throw new EsimdError("clock_insane", `the clock says ${today}, before this esimd was made`);
}
