import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/base/errors.js";
import { type FailedRuns, restAfterFailure } from "../../src/daemon/rest-after-run.js";

const once: FailedRuns = { failures: 1, costly: 0, spentSession: false, crowdedMs: 0 };
const rest = (code: ErrorCode, runs: Partial<FailedRuns>, chance = 0): number =>
  restAfterFailure({ code, retryAfterMs: 0 }, { ...once, ...runs }, { next: () => chance }) / 1000;
const minute = 60_000;

describe("the rest after a run that failed", () => {
  it("doubles up to an hour, and to a day for what hardly changes or costs a session", () => {
    expect([1, 2, 8, 30].map((failures) => rest("api_unreachable", { failures }))).toEqual([15, 30, 1800, 1800]);
    expect(rest("no_euicc", { failures: 30 })).toBe(43_200);
    expect(rest("api_rate_limited", { failures: 30, costly: 30, spentSession: true })).toBe(43_200);
  });

  it.each<ErrorCode>(["api_rate_limited", "smdp_busy"])(
    "is an eighth of the time that the crowd lasts after %s, however many runs that were",
    (code) => {
      const crowded = [0, 4 * minute, 16 * minute, 80 * minute, 8 * 60 * minute, 48 * 60 * minute];
      const longest = crowded.map((crowdedMs) => Math.round(rest(code, { failures: 30, crowdedMs }, 0.999_999)));
      expect(longest).toEqual([30, 30, 120, 600, 3600, 3600]);
      expect(rest(code, { failures: 1, crowdedMs: 80 * minute })).toBe(300);
    },
  );
});
