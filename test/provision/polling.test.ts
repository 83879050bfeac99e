import { describe, expect, it } from "vitest";
import { availablePolls, type PollPolicy, pollPauseMs } from "../../src/provision/polling.js";

/** When the provider is asked, in milliseconds after the POST, until it has been asked at `untilMs` or later. */
function pollTimes(untilMs: number, chance: number): readonly number[] {
  const times: number[] = [];
  for (let atMs = 0; atMs < untilMs; times.push(atMs))
    atMs += pollPauseMs(availablePolls, atMs, { next: () => chance });
  return times;
}

/** The ends of what chance can do. */
const chances = [0, 0.5, 0.999_999];

describe("questions for what the provider does by itself", () => {
  it.each(chances)("are one where it is done in 0.8 s, and come within a second, by chance %d", (chance) => {
    const times = pollTimes(800, chance);
    expect(times).toHaveLength(1);
    expect(times[0]).toBeLessThanOrEqual(1_000);
  });

  it.each(chances)("are seven at most where it takes a minute, none 18 s behind, by chance %d", (chance) => {
    const times = pollTimes(60_000, chance);
    expect(times.length).toBeLessThanOrEqual(7);
    expect(times.at(-1)).toBeLessThanOrEqual(78_000);
  });

  it("go on every 18 s, however long it takes", () => {
    expect(pollPauseMs(availablePolls, 3_600_000, { next: () => 0 })).toBe(18_000);
  });

  it("wait for as long as the provider asks, and not less than by themselves", () => {
    const policy: PollPolicy = { firstMs: 1_000, growth: 2, maxMs: 10_000, jitter: 0.5 };
    const never = { next: () => 0 };
    expect(pollPauseMs(policy, 3_000, never)).toBe(6_000);
    expect(pollPauseMs(policy, 3_000, { next: () => 1 })).toBe(3_000);
    expect(pollPauseMs(policy, 3_000, never, 30_000)).toBe(30_000);
    expect(pollPauseMs(policy, 3_000, never, 2_000)).toBe(6_000);
  });
});
