import type { CancelTimer, Clock } from "../../base/clock.js";
import { type Cursor, type EventHistory, lossFrame } from "./event-history.js";
import { heartbeatMs } from "./limits.js";
import type { Outlet, StreamEnd } from "./routes.js";

/**
 * The events for one reader, as it reads: nothing is written ahead of it, so that a slow one costs its place in the log and no memory. One
 * that does not read at all is dropped.
 */

/** As long as a reader may leave what was sent to it unread. */
export const stallMs = 30_000;

export function streamEvents(
  log: EventHistory,
  outlet: Outlet,
  { from, lastEventId, clock }: { readonly from: Cursor; readonly lastEventId: string | null; readonly clock: Clock },
): StreamEnd {
  let { sequence } = from;
  let had = lastEventId;
  let isForeign = from.isForeign;
  let ended = false;
  let stalled: CancelTimer | undefined;

  const write = (text: string): void => {
    if (ended || outlet.write(text) || ended) return;
    stalled = clock.setTimer(stallMs, () => outlet.drop("it did not read its events for 30 s"));
  };
  const pump = (): void => {
    while (!ended && stalled === undefined) {
      if (isForeign || log.lostUpTo > sequence) {
        isForeign = false;
        sequence = log.lostUpTo;
        write(lossFrame(log, sequence, had, clock.nowMs()));
        continue;
      }
      const next = log.after(sequence);
      if (next === undefined) return;
      sequence = next.sequence;
      had = log.idOf(sequence);
      write(next.frame);
    }
  };
  const beat = (): void => {
    if (stalled === undefined) write(": alive\n\n");
    cancelBeat = clock.setTimer(heartbeatMs, beat);
  };

  outlet.onRoom(() => {
    stalled?.();
    stalled = undefined;
    pump();
  });
  let cancelBeat = clock.setTimer(heartbeatMs, beat);
  const unsubscribe = log.onAdded(pump);
  // How long a client of the browser's kind waits before it comes again.
  write("retry: 2000\n\n");
  pump();
  return () => {
    ended = true;
    unsubscribe();
    cancelBeat();
    stalled?.();
  };
}
