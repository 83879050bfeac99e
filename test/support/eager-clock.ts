import { type CancelTimer, type Clock, VirtualClock } from "../../src/base/clock.js";

/**
 * A clock for whole runs over real sockets and files: it stands still while anything happens in this process, and jumps to the next
 * timer as soon as nothing does. A deadline of four minutes costs milliseconds, and no timer fires before what was to come earlier.
 */
export interface EagerClock extends Clock {
  /** Sets the wall clock, as NTP or a person would. */
  jumpWallTo(epochMs: number): void;
  stop(): void;
}

/** A turn of the event loop that takes a millisecond counts as quiet below this; what a timer and a look at the queue cost is far less. */
const quietMs = 0.12;
/** So many quiet turns in a row, each with a look at every socket, before time moves; more for a jump that is as far as a deadline. */
const quietTurns = { near: 3, far: 15 } as const;
const farMs = 3_000;

/** Requests to the system that will come back without a socket: files, names, connections on their way. */
const underWay =
  /^(FSReq|FileHandle|CloseReq|GetAddrInfo|GetNameInfo|TCPConnect|PipeConnect|Shutdown|Write|RandomBytes|KeyGen)/;

const isUnderWay = (): boolean => process.getActiveResourcesInfo().some((name) => underWay.test(name));

/**
 * How a turn is seen to be quiet. `computed`: by what a millisecond of real time was used for, which also waits for a kernel that carries
 * bytes in its own time, as a pty does. `events`: by the number of events that the loop took in, and without waiting; for thousands of
 * steps where everything that talks is a socket of this process, whose bytes are at the other end once they are written.
 */
type Look = "computed" | "events";

export function startEagerClock(startMs = Date.now(), look: Look = "computed"): EagerClock {
  const virtual = new VirtualClock(startMs);
  const isQuiet = look === "computed" ? quietByComputing() : quietByEvents();
  let stopped = false;
  let quiet = 0;
  const turn = async (): Promise<void> => {
    if (stopped) return;
    const waits = isUnderWay();
    quiet = isQuiet() && !waits ? quiet + 1 : 0;
    const dueMs = virtual.nextDueMs();
    const enough = dueMs !== undefined && dueMs >= farMs ? quietTurns.far : quietTurns.near;
    if (quiet >= enough && dueMs !== undefined) {
      quiet = 0;
      await virtual.advance(dueMs);
    }
    // While a disk is at work, turns that ask again at once would take the processor from it.
    if (look === "events" && !waits) setImmediate(() => void turn());
    else setTimeout(() => void turn(), 1);
  };
  void turn();
  return {
    nowMs: () => virtual.nowMs(),
    monotonicMs: () => virtual.monotonicMs(),
    setTimer: (delayMs, fire): CancelTimer => virtual.setTimer(delayMs, fire),
    jumpWallTo: (epochMs) => virtual.jumpWallTo(epochMs),
    stop: () => {
      stopped = true;
    },
  };
}

function quietByComputing(): () => boolean {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const activeMs = now.active - before.active;
    before = now;
    return activeMs <= quietMs;
  };
}

function quietByEvents(): () => boolean {
  let before = 0;
  return () => {
    const { events } = performance.nodeTiming.uvMetricsInfo;
    const isSame = events === before;
    before = events;
    return isSame;
  };
}
