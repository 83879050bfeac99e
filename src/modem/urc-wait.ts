import { type Clock, sleep } from "../base/clock.js";
import type { ModemLine } from "./exchange.js";

/** A wait that a URC cuts short. What the URC says is hearsay; it only makes the next look come at once. */
export interface UrcWait {
  /** Waits so long, and no longer than until such a URC comes, or not at all where one came since the last wait. */
  orAfter(ms: number, signal: AbortSignal): Promise<void>;
  stop(): void;
}

export function urcWait(line: ModemLine, pattern: RegExp): UrcWait {
  let heard = false;
  let wake: AbortController | undefined;
  const stop = line.channel.onUrc((text) => {
    if (!pattern.test(text)) return;
    heard = true;
    wake?.abort();
  });
  return {
    stop,
    orAfter: async (ms, signal) => {
      wake = new AbortController();
      if (!heard) await sleepUnless(line.clock, ms, wake.signal, signal);
      heard = false;
      wake = undefined;
    },
  };
}

async function sleepUnless(clock: Clock, ms: number, wake: AbortSignal, signal: AbortSignal): Promise<void> {
  try {
    await sleep(clock, ms, AbortSignal.any([wake, signal]));
  } catch (error) {
    if (signal.aborted || !wake.aborted) throw error;
  }
}
