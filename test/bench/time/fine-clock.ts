import { type Clock, systemClock } from "../../../src/base/clock.js";

/** The machine's timers count whole milliseconds and come up to one late; the last stretch is waited for turn by turn. */
const stretchMs = 2;

/**
 * The machine's clock with timers that come when they are due, so that an emulated line takes the time of a real one and what is over is
 * the host's. It is for an emulator that has nothing else to do: while a timer is near, it turns without rest.
 */
export const fineClock: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs(),
  setTimer: (delayMs, fire) => {
    const dueMs = systemClock.monotonicMs() + delayMs;
    let cancelled = false;
    const turn = (): void => {
      if (cancelled) return;
      if (systemClock.monotonicMs() >= dueMs) fire();
      else setImmediate(turn);
    };
    const cancelTimer = systemClock.setTimer(Math.max(0, Math.floor(delayMs - stretchMs)), turn);
    return () => {
      cancelled = true;
      cancelTimer();
    };
  },
};
