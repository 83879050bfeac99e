import { describe, expect, it } from "vitest";
import { availablePolls, type PollPolicy, pollPauseMs } from "../../src/provision/polling.js";
import { UsualWait } from "../../src/provision/usual-wait.js";
import { SmallWorld } from "../support/small-world.js";

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
    const policy: PollPolicy = { firstMs: 1_000, growth: 2, nearGrowth: 1, maxMs: 10_000, jitter: 0.5 };
    const never = { next: () => 0 };
    expect(pollPauseMs(policy, 3_000, never)).toBe(6_000);
    expect(pollPauseMs(policy, 3_000, { next: () => 1 })).toBe(3_000);
    expect(pollPauseMs(policy, 3_000, never, { retryAfterMs: 30_000 })).toBe(30_000);
    expect(pollPauseMs(policy, 3_000, never, { retryAfterMs: 2_000 })).toBe(6_000);
  });

  it("come first when the time is over that the last one took, and are frequent from there", () => {
    const times = [0];
    for (const _ of [1, 2, 3, 4]) {
      const waitedMs = times.at(-1) ?? 0;
      times.push(waitedMs + pollPauseMs(availablePolls, waitedMs, { next: () => 0 }, { quietMs: 50_000 }));
    }
    expect(times).toEqual([0, 50_000, 55_000, 60_500, 66_550]);
  });
});

describe("what the last reservation took", () => {
  it("spares the next run its early looks, and nothing once one was there at the first look", () => {
    const usual = new UsualWait();
    expect(usual.quietMs).toBe(0);
    usual.note(50_000);
    expect(usual.quietMs).toBe(50_000);
    usual.note(0);
    expect(usual.quietMs).toBe(0);
    usual.note(86_400_000);
    expect(usual.quietMs).toBe(120_000);
  });

  it("is learned by a run that has made its reservation, and not by one that finds it", async () => {
    const usualWait = new UsualWait();
    const first = worldWith(usualWait);
    await first.run();
    expect(usualWait.quietMs).toBeGreaterThan(30_000);
    expect(first.provider.asked.filter((call) => call === "getESimProfile").length).toBeGreaterThan(6);

    const second = worldWith(usualWait);
    const { state, timings } = await second.run();
    expect(state).toBe("provisioned");
    expect(timings.awaiting).toBeLessThan(66_000);
    expect(second.provider.asked.filter((call) => call === "getESimProfile").length).toBeLessThanOrEqual(7);

    const third = worldWith(usualWait);
    await third.run();
    expect(third.provider.asked.filter((call) => call === "getESimProfile").length).toBeLessThanOrEqual(5);

    const found = worldWith(usualWait);
    found.policy = { ...found.policy, availableWaitMs: 1 };
    await found.run();
    const quietMs = usualWait.quietMs;
    found.policy = { ...found.policy, availableWaitMs: 300_000 };
    expect(await found.run()).toMatchObject({ state: "provisioned" });
    expect(usualWait.quietMs).toBe(quietMs);
  });
});

/** A provider that takes a minute. */
function worldWith(usualWait: UsualWait): SmallWorld {
  const world = new SmallWorld();
  world.usualWait = usualWait;
  world.provider.availableMs = 60_000;
  return world;
}
