import type { CancelTimer, Clock } from "../../base/clock.js";
import type { Outlet, StreamEnd } from "../../daemon/control/routes.js";
import { bounds } from "./bounds.js";
import type { ViewFeed } from "./feed.js";

/** The view for one page as it reads: the whole first, then what changes. Nothing is written ahead of it, and one that does not read is dropped. */
export function streamView(feed: ViewFeed, outlet: Outlet, clock: Clock): StreamEnd {
  let revision = 0;
  let ended = false;
  let stalled: CancelTimer | undefined;
  let cancelBeat: CancelTimer = () => undefined;

  const write = (event: string, data: object): void => {
    const frame = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    if (ended || outlet.write(frame) || ended) return;
    stalled = clock.setTimer(bounds.stallMs, () => outlet.drop(`it did not read for ${bounds.stallMs / 1000} s`));
  };
  const pump = (): void => {
    if (ended || stalled !== undefined) return;
    const change = feed.since(revision);
    revision = feed.revision;
    if (change !== undefined) write("change", change);
  };
  const beat = (): void => {
    cancelBeat = clock.setTimer(bounds.aliveMs, beat);
    if (stalled === undefined) write("alive", { atMs: clock.nowMs() });
  };

  outlet.onRoom(() => {
    stalled?.();
    stalled = undefined;
    pump();
  });
  const unfollow = feed.follow(pump);
  revision = feed.revision;
  write("view", feed.view());
  cancelBeat = clock.setTimer(bounds.aliveMs, beat);
  return () => {
    ended = true;
    unfollow();
    cancelBeat();
    stalled?.();
  };
}
