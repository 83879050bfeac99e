import type { Clock } from "./clock.js";
import { EsimdError } from "./errors.js";

/** What a wait is allowed to cost and who may end it. */
export interface Bound {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the wait early; its reason becomes the rejection. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long `work` may take after that to leave things in order: a port to close, a channel on a card. Left out, what it still does is
   * not waited for.
   */
  readonly tidyMs?: number | undefined;
  /** What is waited for, as the subject of a sentence: "the eUICC's profile list". */
  readonly what: string;
}

/**
 * Runs `work` with a signal that aborts when the deadline passes or the caller's signal aborts.
 * Settles at that moment, or `tidyMs` later at most, even when `work` ignores its signal; rejects with `deadline` or the caller's reason.
 */
export function withDeadline<T>(bound: Bound, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, timeoutMs, tidyMs, signal, what } = bound;
  if (signal?.aborted) return Promise.reject(signal.reason);
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => stop(signal?.reason);
    let cancelTimer = clock.setTimer(timeoutMs, () =>
      stop(new EsimdError("deadline", `${what} did not finish within ${formatMs(timeoutMs)}`)),
    );
    let stopped: { readonly reason: unknown } | undefined;
    const release = (): void => {
      cancelTimer();
      signal?.removeEventListener("abort", onAbort);
    };
    const stop = (reason: unknown): void => {
      release();
      stopped = { reason };
      controller.abort(reason);
      if (tidyMs === undefined) reject(reason);
      else cancelTimer = clock.setTimer(tidyMs, () => reject(reason));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (end: () => void): void => {
      release();
      if (stopped === undefined) end();
      else reject(stopped.reason);
    };
    work(controller.signal).then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}

/** A signal for a whole run: aborts with `deadline` after `timeoutMs`, or as the caller's does. `release` ends the wait for either. */
export function deadlineSignal(bound: Bound): { readonly signal: AbortSignal; readonly release: () => void } {
  const { clock, timeoutMs, signal, what } = bound;
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  const cancelTimer = clock.setTimer(timeoutMs, () =>
    controller.abort(new EsimdError("deadline", `${what} did not finish within ${formatMs(timeoutMs)}`)),
  );
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return {
    signal: controller.signal,
    release: () => {
      cancelTimer();
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** A duration as a person says it: "300 ms", "12 s", "15 min". */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(1))} s`;
  return `${Number((ms / 60_000).toFixed(1))} min`;
}
