import type { HttpAnswer, HttpFailure, HttpRequest, HttpTransport, OpenHttpTransport } from "../../api/transport.js";
import { createHttpTransport } from "../../api/transport.js";
import type { CancelTimer, Clock } from "../../base/clock.js";
import { toEsimdError } from "../../base/errors.js";

/**
 * The line's share of the provider's API: so many requests at once, so many a second, over all slots. First come, first served: a slot has one
 * request on its way at a time, so that none is passed over. When the API asks one for a pause, it asks all.
 */

export interface ApiLimits {
  readonly concurrency: number;
  readonly perSecond: number;
}

/** A longer Retry-After than this is for the one that got it: the line goes on trying. */
const longestPauseMs = 60_000;

interface Waiting {
  readonly admit: () => void;
}

export class ApiGate {
  readonly #clock: Clock;
  readonly #limits: ApiLimits;
  readonly #waiting = new Set<Waiting>();
  #underWay = 0;
  /** Requests that may begin now; grows with time up to one second's worth, but never below a whole one. */
  #tokens: number;
  #countedMs: number;
  #pausedUntilMs = 0;
  #timer: CancelTimer | undefined;

  constructor(clock: Clock, limits: ApiLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tokens = this.#most;
    this.#countedMs = clock.monotonicMs();
  }

  /** How many requests wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The API asked for a pause, and it is not over. */
  get isPaused(): boolean {
    return this.#clock.monotonicMs() < this.#pausedUntilMs;
  }

  /** How requests travel under these limits. */
  transport(open: OpenHttpTransport = createHttpTransport): OpenHttpTransport {
    return (options) => {
      const inner = open(options);
      return { exchange: (request, signal) => this.#exchange(inner, request, signal), close: () => inner.close() };
    };
  }

  async #exchange(inner: HttpTransport, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | HttpFailure> {
    try {
      await this.#turn(signal);
    } catch (thrown) {
      // It never left: whoever pays knows that nothing was bought.
      return { kind: "failure", error: toEsimdError(thrown), sent: false, status: undefined };
    }
    try {
      const answer = await inner.exchange(request, signal);
      if (answer.kind === "answer" && answer.status === 429) this.#pause(answer.header("retry-after"));
      return answer;
    } finally {
      this.#underWay--;
      this.#admit();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(waiting);
        // Nobody waits for the end of a pause any more: a timer would hold the process until then.
        if (this.#waiting.size === 0) this.#forgetTimer();
        reject(signal.reason);
      };
      const waiting: Waiting = {
        admit: () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(waiting);
      this.#admit();
    });
  }

  get #most(): number {
    return Math.max(1, this.#limits.perSecond);
  }

  #admit(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#most, this.#tokens + ((nowMs - this.#countedMs) * this.#limits.perSecond) / 1000);
    this.#countedMs = nowMs;
    for (const waiting of this.#waiting) {
      if (this.#underWay >= this.#limits.concurrency) return;
      const leftMs = Math.max(this.#pausedUntilMs - nowMs, ((1 - this.#tokens) * 1000) / this.#limits.perSecond);
      if (leftMs > 0) {
        this.#lookAgainIn(leftMs);
        return;
      }
      this.#tokens--;
      this.#underWay++;
      this.#waiting.delete(waiting);
      waiting.admit();
    }
  }

  #lookAgainIn(ms: number): void {
    this.#forgetTimer();
    // A hair more, since a timer may fire a moment early by a clock of whole milliseconds.
    this.#timer = this.#clock.setTimer(Math.ceil(ms) + 1, () => {
      this.#timer = undefined;
      this.#admit();
    });
  }

  #forgetTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  #pause(retryAfter: string | undefined): void {
    const seconds = Number(retryAfter);
    const pauseMs = /^\d{1,6}$/.test(retryAfter ?? "") ? seconds * 1000 : 1000;
    const untilMs = this.#clock.monotonicMs() + Math.min(longestPauseMs, pauseMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }
}
