import { describe, expect, it } from "vitest";
import { type Crowd, crowdAfter, defaultRetry, nextTryMs, noCrowd } from "../../src/api/retries.js";
import type { ErrorCode } from "../../src/base/errors.js";

/** Chance at its least: each pause is half of its step. */
const random = { next: () => 0 };
const next = (code: ErrorCode, attempt: number, crowd: Crowd = noCrowd, waitedMs = 0, retryAfterMs = 0) =>
  nextTryMs(defaultRetry, { code, retryAfterMs }, { attempt, waitedMs, crowd }, random);
/** So many refusals after a first success. */
const inside = (refusals: number): Crowd => {
  let crowd = crowdAfter(noCrowd, "success");
  for (let count = 0; count < refusals; count++) crowd = crowdAfter(crowd, "refused");
  return crowd;
};

describe("the next try of a request", () => {
  it("is made three times after what may pass, and never after what will not", () => {
    expect([1, 2, 3, 4].map((attempt) => next("api_unavailable", attempt))).toEqual([500, 1000, 2000, undefined]);
    expect(next("api_rejected", 1)).toBeUndefined();
    expect(next("api_unavailable", 1, noCrowd, 0, 60_001)).toBeUndefined();
  });

  it("is made once by a client that a crowded provider let nothing of through", () => {
    const refused = crowdAfter(noCrowd, "refused");
    expect(next("api_rate_limited", 1, refused)).toBe(500);
    expect(next("api_rate_limited", 2, crowdAfter(refused, "refused"))).toBeUndefined();
  });

  it("is made for five minutes by one that it let something of through", () => {
    expect([1, 2, 3, 6, 30].map((attempt) => next("api_rate_limited", attempt, inside(attempt)))).toEqual([
      500, 1000, 2000, 5_000, 5_000,
    ]);
    expect(next("api_rate_limited", 30, inside(30), 295_000)).toBe(5_000);
    expect(next("api_rate_limited", 30, inside(30), 295_001)).toBeUndefined();
  });

  it("waits as the last refusals taught, and forgets one of them with each success", () => {
    const taught = inside(5);
    const eased = crowdAfter(crowdAfter(taught, "success"), "success");
    expect(next("api_rate_limited", 1, crowdAfter(taught, "refused"))).toBe(5_000);
    expect(next("api_rate_limited", 1, crowdAfter(eased, "refused"))).toBe(4_000);
  });

  it("is as after any other failure where the policy says nothing of crowds", () => {
    const { crowded: _crowded, ...plain } = defaultRetry;
    const tried = { attempt: 3, waitedMs: 0, crowd: noCrowd };
    expect(nextTryMs(plain, { code: "api_rate_limited", retryAfterMs: 0 }, tried, random)).toBe(2000);
  });
});
