import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/base/errors.js";
import { nextPostMs } from "../../src/provision/pauses.js";

const random = { next: () => 0 };
const next = (code: ErrorCode, attempt: number, waitedMs = 0, retryAfterMs = 0) =>
  nextPostMs({ code, retryAfterMs }, attempt, waitedMs, random);

describe("a POST that was not processed", () => {
  it("goes again four times where the provider cannot be reached", () => {
    expect([1, 2, 3, 4, 5].map((attempt) => next("api_unreachable", attempt))).toEqual([
      1000,
      2000,
      4000,
      5000,
      undefined,
    ]);
  });

  it("goes again at a crowded provider while the look at the world before it is no older than four minutes", () => {
    expect([1, 5, 12].map((attempt) => next("api_rate_limited", attempt))).toEqual([1000, 5_000, 5_000]);
    expect(next("api_rate_limited", 12, 235_000)).toBe(5_000);
    expect(next("api_rate_limited", 12, 235_001)).toBeUndefined();
  });

  it.each<[string, ErrorCode, number]>([
    ["without stock", "no_stock", 0],
    ["after a refusal", "api_rejected", 0],
    ["when it asks for a longer pause than a minute", "api_rate_limited", 60_001],
  ])("is the next run's %s", (_name, code, retryAfterMs) => {
    expect(next(code, 1, 0, retryAfterMs)).toBeUndefined();
  });
});
