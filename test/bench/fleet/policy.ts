import { defaultRetry, nextTryMs, type Tried } from "../../../src/api/retries.js";
import { type BackoffPolicy, backoffMs } from "../../../src/base/backoff.js";
import type { Random } from "../../../src/base/random.js";
import { type FailedRuns, restAfterFailure, retryPause } from "../../../src/daemon/rest-after-run.js";
import { nextSessionMs } from "../../../src/lpa/es9plus/retries.js";
import { nextPostMs, pauses } from "../../../src/provision/pauses.js";
import { availablePolls, pollPauseMs, simPolls } from "../../../src/provision/polling.js";
import type { Refusal } from "./gate.js";

/** When a device asks again: the daemon's own functions, or something simpler to compare them with. Milliseconds; undefined: not in this run. */
export interface FleetPolicy {
  readonly name: string;
  /** A request to the API. */
  tryMs(refusal: Refusal, tried: Tried): number | undefined;
  /** The POST that reserves. */
  postMs(refusal: Refusal, attempt: number, waitedMs: number): number | undefined;
  /** The next question for something that is not so far yet. */
  pollMs(what: Polled, waited: Waited): number;
  /** initiateAuthentication, which the SM-DP+ does not let in; undefined: the session has failed. */
  initiateMs(refusal: Refusal, attempt: number, waitedMs: number): number | undefined;
  sessionMs(sessions: number): number;
  /** From a failed run to the next. */
  restMs(refusal: Refusal, runsInARow: number, failed: FailedRuns): number;
}

/** `settling`: what a POST without its answer has made. */
export type Polled = "available" | "sim" | "confirm" | "settling";

export interface Waited {
  /** Questions so far, and 1. */
  readonly attempt: number;
  readonly waitedMs: number;
  readonly retryAfterMs?: number | undefined;
}

const polls = { available: availablePolls, sim: simPolls, confirm: availablePolls } as const;

export function daemonPolicy(random: Random): FleetPolicy {
  return {
    name: "esimd",
    tryMs: (refusal, tried) => nextTryMs(defaultRetry, refusal, tried, random),
    postMs: (refusal, attempt, waitedMs) => nextPostMs(refusal, attempt, waitedMs, random),
    pollMs: (what, { attempt, waitedMs, retryAfterMs }) =>
      what === "settling"
        ? backoffMs(pauses.settling, attempt, random)
        : pollPauseMs(polls[what], waitedMs, random, { retryAfterMs }),
    initiateMs: (refusal, attempt, waitedMs) => nextSessionMs(refusal, attempt, waitedMs, random),
    sessionMs: (sessions) => backoffMs(pauses.session, sessions, random),
    restMs: (refusal, _runs, failed) => restAfterFailure(refusal, failed, random),
  };
}

/** Four tries of a request, five of the POST, one of a session, and pauses by `pauseMs`. A Retry-After is waited out to the millisecond. */
function simple(name: string, pauseMs: (policy: BackoffPolicy, attempt: number) => number): FleetPolicy {
  const next = (most: number, attempt: number, { retryAfterMs = 0 }: Refusal, policy: BackoffPolicy) =>
    attempt >= most ? undefined : Math.max(retryAfterMs, pauseMs(policy, attempt));
  return {
    name,
    tryMs: (refusal, { attempt }) => next(4, attempt, refusal, defaultRetry.backoff),
    postMs: (refusal, attempt) => next(5, attempt, refusal, pauses.post),
    pollMs: (what, { attempt }) => pauseMs(what === "settling" ? pauses.settling : polls[what], attempt),
    initiateMs: () => undefined,
    sessionMs: (sessions) => pauseMs(pauses.session, sessions),
    restMs: ({ retryAfterMs = 0 }, runs) => Math.max(retryAfterMs, pauseMs(retryPause, runs)),
  };
}

/** The same pause again and again. */
export function fixedPause(): FleetPolicy {
  return simple("fixed pauses", ({ firstMs }) => firstMs);
}

/** Doubling up to a cap, with no chance in it; from run to run up to five minutes. */
export function withoutJitter(): FleetPolicy {
  return simple("doubling to 5 min, no jitter", ({ firstMs, maxMs }, attempt) =>
    Math.min(maxMs, 300_000, firstMs * 2 ** Math.min(30, attempt - 1)),
  );
}
