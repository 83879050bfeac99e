/**
 * The only timers of the program. Everything that waits takes a {@link Clock}, so that a test or a simulation can own time.
 */

/** Cancels a timer; calling it twice, or after the timer fired, is harmless. */
export type CancelTimer = () => void;

export interface Clock {
  /** Wall time in milliseconds since the epoch. May jump: field devices boot in 1970 and are corrected later. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start that never jump; the base of every deadline. */
  monotonicMs(): number;
  /** Calls `fire` once after `delayMs` unless cancelled first. */
  setTimer(delayMs: number, fire: () => void): CancelTimer;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/**
 * A clock that stands still until told to move, for tests and simulations.
 * `advance` fires due timers in order of their time, then of their making, and lets promises settle in between.
 */
export class VirtualClock implements Clock {
  #monotonicMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startMs;
  }

  nowMs(): number {
    return this.#wallOffsetMs + this.#monotonicMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, fire: () => void): CancelTimer {
    const timer: Timer = { atMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Sets the wall clock without moving monotonic time, as NTP or a person would. */
  jumpWallTo(epochMs: number): void {
    this.#wallOffsetMs = epochMs - this.#monotonicMs;
  }

  /** Milliseconds until the next timer is due, or undefined when nothing waits. */
  nextDueMs(): number | undefined {
    const next = this.#next(Number.POSITIVE_INFINITY);
    return next === undefined ? undefined : next.atMs - this.#monotonicMs;
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    await settle();
    for (let due = this.#next(untilMs); due !== undefined; due = this.#next(untilMs)) {
      this.#timers.delete(due);
      this.#monotonicMs = Math.max(this.#monotonicMs, due.atMs);
      due.fire();
      await settle();
    }
    this.#monotonicMs = untilMs;
  }

  /** Moves time from timer to timer until `promise` settles; fails when nothing is left that could settle it. */
  async runUntil<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const watched = promise.finally(() => {
      done = true;
    });
    watched.catch(() => undefined);
    for (let idleRounds = 0; !done && idleRounds < 1000; ) {
      await settle();
      const dueMs = this.nextDueMs();
      if (done) break;
      if (dueMs === undefined) {
        idleRounds++;
        continue;
      }
      idleRounds = 0;
      await this.advance(dueMs);
    }
    if (!done) throw new Error("the virtual clock has no timer left, and the promise is still pending");
    return watched;
  }

  #next(untilMs: number): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue;
      if (best === undefined || timer.atMs < best.atMs || (timer.atMs === best.atMs && timer.order < best.order)) {
        best = timer;
      }
    }
    return best;
  }
}

/** Lets every promise that is ready run; setImmediate comes after the microtasks and after I/O callbacks that are due. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
