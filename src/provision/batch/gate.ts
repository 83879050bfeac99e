import { type Clock, sleep } from "../../base/clock.js";

/** One pause for all who ask the provider: where it asked one of them to wait, none of them asks before that is over. */
export interface Gate {
  /** Nobody passes for so long from now. */
  hold(ms: number): void;
  /** Rejects with the signal's reason. */
  pass(signal: AbortSignal): Promise<void>;
}

export function createGate(clock: Clock): Gate {
  let openAtMs = 0;
  return {
    hold: (ms) => {
      openAtMs = Math.max(openAtMs, clock.monotonicMs() + ms);
    },
    pass: async (signal) => {
      signal.throwIfAborted();
      // It may be held once more meanwhile.
      for (;;) {
        const leftMs = openAtMs - clock.monotonicMs();
        if (leftMs <= 0) return;
        await sleep(clock, leftMs, signal);
      }
    },
  };
}
