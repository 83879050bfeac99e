import { type Clock, sleep } from "../../src/base/clock.js";
import type { TakeRest } from "../../src/daemon/service.js";

/** Rests that nothing ends but the clock and a stop. */
export function restOn(clock: Clock): TakeRest {
  return async ({ forMs }, signal) => {
    try {
      await sleep(clock, forMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return "over";
  };
}
