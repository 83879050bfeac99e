import { type Clock, systemClock } from "../../src/base/clock.js";

/**
 * A clock that goes so many times faster than real time: for what esimd waits for in vain. The emulators keep real time, so that a modem
 * is as many times slower. The date is the real one, for certificates.
 */
export function hurriedClock(times: number): Clock {
  return {
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs() * times,
    setTimer: (ms, fire) => systemClock.setTimer(Math.ceil(ms / times), fire),
  };
}
