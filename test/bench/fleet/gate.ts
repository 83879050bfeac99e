import type { ErrorCode } from "../../../src/base/errors.js";

/** What stands before a server and lets so many requests in a second. */

export interface GateSetting {
  readonly perSecond: number;
  /**
   * `bucket`: what is over the rate is refused at once with 429, as the gateways of APIs do; `queue`: it waits its turn, and what finds
   * more than `queueSeconds` before it gets a 503; `script`: by `refuses` alone.
   */
  readonly kind: "bucket" | "queue" | "script";
  /** With a 429; left out, the answer has none. */
  readonly retryAfterSeconds?: number | undefined;
  readonly queueSeconds?: number | undefined;
  readonly refuses?: (asked: number, nowMs: number) => Refusal | undefined;
}

/** What becomes of a request, as its sender sees it. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
}

/** As long as the daemon waits for an answer (`api.timeout`). */
const requestTimeoutMs = 30_000;
/** There and back. */
const travelMs = 100;

export class Gate {
  /** Of the request that came last: when its sender knows, and what; `refusal` undefined when it was let in and answered. */
  answerMs = 0;
  refusal: Refusal | undefined;
  /** When the server did what it was asked; undefined when it refused. */
  doneMs: number | undefined;
  admitted = 0;
  refused = 0;
  /** Requests that came, and that were let in, by the second. */
  readonly offeredBySecond: number[] = [];
  readonly #setting: GateSetting;
  readonly #limited: Refusal;
  /** An SM-DP+ may say 503 for the same. */
  readonly #unavailable: Refusal;
  /** What a bucket holds: a second's worth, and one at least. */
  readonly #most: number;
  #tokens: number;
  #countedMs = 0;
  #freeMs = 0;

  /** @param code how its 429 is known to the daemon. */
  constructor(setting: GateSetting, code: ErrorCode) {
    this.#setting = setting;
    this.#most = Math.max(1, setting.perSecond);
    this.#tokens = this.#most;
    const { retryAfterSeconds } = setting;
    this.#unavailable = { code: code === "smdp_busy" ? code : "api_unavailable", retryAfterMs: undefined };
    this.#limited = {
      code,
      retryAfterMs: retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000,
    };
  }

  arrive(asked: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    while (this.offeredBySecond.length <= second) this.offeredBySecond.push(0);
    this.offeredBySecond[second] = (this.offeredBySecond[second] ?? 0) + 1;
    if (this.#setting.kind === "bucket") this.#arriveAtBucket(nowMs);
    else if (this.#setting.kind === "queue") this.#arriveAtQueue(nowMs);
    else this.#arriveByScript(asked, nowMs);
    if (this.doneMs === undefined) this.refused++;
    else this.admitted++;
  }

  #arriveAtBucket(nowMs: number): void {
    const { perSecond } = this.#setting;
    this.#tokens = Math.min(this.#most, this.#tokens + ((nowMs - this.#countedMs) * perSecond) / 1000);
    this.#countedMs = nowMs;
    this.answerMs = nowMs + travelMs;
    if (this.#tokens < 1) {
      this.refusal = this.#limited;
      this.doneMs = undefined;
      return;
    }
    this.#tokens--;
    this.refusal = undefined;
    this.doneMs = nowMs;
  }

  #arriveByScript(asked: number, nowMs: number): void {
    this.answerMs = nowMs + travelMs;
    this.refusal = this.#setting.refuses?.(asked, nowMs);
    this.doneMs = this.refusal === undefined ? nowMs : undefined;
  }

  #arriveAtQueue(nowMs: number): void {
    const { perSecond, queueSeconds = 10 } = this.#setting;
    if (this.#freeMs - nowMs > queueSeconds * 1000) {
      this.answerMs = nowMs + travelMs;
      this.refusal = this.#unavailable;
      this.doneMs = undefined;
      return;
    }
    this.#freeMs = Math.max(nowMs, this.#freeMs) + 1000 / perSecond;
    this.doneMs = this.#freeMs;
    const isLate = this.#freeMs - nowMs + travelMs > requestTimeoutMs;
    this.answerMs = isLate ? nowMs + requestTimeoutMs : this.#freeMs + travelMs;
    this.refusal = isLate ? lost : undefined;
  }
}

const lost: Refusal = { code: "deadline", retryAfterMs: undefined };
