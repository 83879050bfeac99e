import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/base/backoff.js";
import { seededRandom } from "../../src/base/random.js";

const policy = { firstMs: 1_000, maxMs: 15_000 };
const least = { next: () => 0 };
const most = { next: () => 0.999_999 };

describe("a pause before the next attempt", () => {
  it("doubles up to its longest, half of it by chance", () => {
    const attempts = [1, 2, 3, 4, 5, 40];
    expect(attempts.map((attempt) => backoffMs(policy, attempt, least))).toEqual([500, 1000, 2000, 4000, 7500, 7500]);
    expect(attempts.map((attempt) => Math.round(backoffMs(policy, attempt, most)))).toEqual([
      1000, 2000, 4000, 8000, 15_000, 15_000,
    ]);
  });

  it.each([
    { retryAfterMs: 1_000, attempt: 1, upToMs: 1_500 },
    { retryAfterMs: 7_000, attempt: 1, upToMs: 8_750 },
    { retryAfterMs: 1_000, attempt: 9, upToMs: 15_000 },
    { retryAfterMs: 3_600_000, attempt: 1, upToMs: 3_660_000 },
  ])("is at least a Retry-After of $retryAfterMs ms, and at attempt $attempt up to $upToMs ms", (row) => {
    expect(backoffMs(policy, row.attempt, least, row.retryAfterMs)).toBeGreaterThanOrEqual(row.retryAfterMs);
    expect(Math.round(backoffMs(policy, row.attempt, most, row.retryAfterMs))).toBe(row.upToMs);
  });

  it("spreads a fleet that is told the same: no tenth of the spread has more than twice its share", () => {
    const random = seededRandom(1);
    const tenths = new Array<number>(10).fill(0);
    for (let device = 0; device < 10_000; device++) {
      const tenth = Math.floor((backoffMs(policy, 1, random, 10_000) - 10_000) / 250);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(tenths).toHaveLength(10);
    expect(Math.max(...tenths)).toBeLessThan(2_000);
  });
});
