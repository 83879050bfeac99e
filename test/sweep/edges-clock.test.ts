import { describe, expect, it } from "vitest";
import { parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { dayMs, hourMs, isAt, laterMs, lostAnswer, lostRequest, minuteMs, ownLpa, Story, thePost } from "./story.js";
import type { At } from "./world.js";

/**
 * A device whose clock is wrong, and jumps. Nothing about money hangs on what it says: a POST without its answer is settled by time that
 * the device has seen pass.
 */

/** The list shows the new reservation only so much later; `reserve_settle` is 15 minutes. */
async function lateList(ms: number): Promise<Story> {
  const stale = { match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "stale-list", ms }] } as const;
  return Story.begin(ownLpa, {
    apiBehaviours: parseBehaviours([{ ...stale, actions: [...stale.actions] }], "a story"),
  });
}

/** The answer to the POST is lost, and the power with it. */
async function cutInThePost(story: Story): Promise<void> {
  let isLost = false;
  await story.live((point) => {
    if (isLost && point.state === "settling") return { kind: "death", when: "before", death: "power" };
    isLost ||= isAt(thePost, point);
    return isAt(thePost, point) ? lostAnswer : undefined;
  });
  await story.world.afterDeath("power", "strict");
  expect([story.charges, story.kinds()]).toEqual([1, ["intent"]]);
}

/** In the middle of settling, at the nth look at the list, the clock jumps. */
function jumpAt(story: Story, nth: number, ms: number): At {
  return (point) => {
    if (isAt({ state: "settling", effect: "GET /v1/ESimProfiles?Eid", nth }, point))
      story.world.deviceClock.jumpWallBy(ms);
    return isAt(thePost, point) ? lostAnswer : undefined;
  };
}

async function isPaidOnce(story: Story): Promise<void> {
  expect(story.charges).toBe(1);
  expect(story.posts).toBe(1);
  expect(story.kinds()).toEqual(["intent", "adopted", "charged"]);
  await story.isWell();
  await story.end();
}

describe("a clock that jumps", () => {
  it("back to 1970 after the POST: nothing is asked of anybody, and the run after time synchronisation goes on", async () => {
    const story = await lateList(2 * minuteMs);
    await cutInThePost(story);
    story.world.deviceClock.jumpWallTo(0);
    const points: string[] = [];
    const told = await story.live((point) => {
      points.push(point.room);
      return undefined;
    });
    expect(told).toMatchObject({ state: "failed", code: "clock_insane", actor: "operator", exit: 75 });
    expect(told.message).toContain("1970-01-01");
    expect(points).not.toContain("api");
    await story.world.clock.advance(laterMs);
    story.world.deviceClock.setRight();
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    await isPaidOnce(story);
  });

  it.each([
    ["a year forward", 365 * dayMs],
    ["a year back", -365 * dayMs],
  ])(
    "%s between the POST and settling: no certificate is valid, nothing is paid, and then it goes on",
    async (_name, ms) => {
      const story = await lateList(2 * minuteMs);
      await cutInThePost(story);
      story.world.deviceClock.jumpWallBy(ms);
      // By the modem's clock it shows at once; one that claims to be synchronised shows by what TLS says.
      expect(await story.liveAndWait()).toMatchObject({ state: "failed", code: "clock_insane", exit: 75 });
      story.world.isSynchronised = true;
      expect(await story.liveAndWait()).toMatchObject({ state: "failed", code: "api_unreachable", exit: 69 });
      story.world.deviceClock.setRight();
      expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
      await isPaidOnce(story);
    },
  );

  it.each([
    ["fourteen minutes", 14 * minuteMs],
    ["a minute", minuteMs],
    ["hours", 6 * hourMs],
    ["a month", 30 * dayMs],
    ["a day back", -dayMs],
    ["a minute back", -minuteMs],
  ])("by %s between the POST and settling: the settling time is not cut short", async (_name, ms) => {
    const story = await lateList(14 * minuteMs);
    await cutInThePost(story);
    // It was synchronised once, so that the modem is not asked.
    story.world.isSynchronised = true;
    story.world.deviceClock.jumpWallBy(ms);
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    await isPaidOnce(story);
  });

  it.each([
    ["a day back", -dayMs],
    ["hours forward", 6 * hourMs],
    ["fourteen minutes forward", 14 * minuteMs],
  ])("%s in the middle of settling: the settling time is not cut short", async (_name, ms) => {
    for (const nth of [1, 3, 8]) {
      const story = await lateList(14 * minuteMs);
      expect(await story.live(jumpAt(story, nth, ms))).toMatchObject({ state: "provisioned", exit: 0 });
      await isPaidOnce(story);
    }
  });

  it("forward in settling, and the power goes: what was waited before counts, and what the clock says does not", async () => {
    const story = await lateList(14 * minuteMs);
    const startMs = story.world.clock.monotonicMs();
    const jump = jumpAt(story, 3, 8 * minuteMs);
    await story.live((point) => {
      const hasWaited = story.world.clock.monotonicMs() - startMs > 6 * minuteMs;
      return hasWaited ? { kind: "death", when: "before", death: "power" } : jump(point);
    });
    await story.world.afterDeath("power", "strict");
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    await isPaidOnce(story);
  });

  it("back at each restart, and the device restarts every ten minutes: it settles all the same", async () => {
    const story = await Story.begin(ownLpa);
    const startMs = story.world.clock.monotonicMs();
    await story.live((point) => {
      if (story.world.clock.monotonicMs() - startMs > 10 * minuteMs)
        return { kind: "death", when: "before", death: "power" };
      return isAt(thePost, point) ? lostRequest : undefined;
    });
    await story.world.afterDeath("power", "strict");
    story.world.deviceClock.jumpWallBy(-hourMs);
    const againMs = story.world.clock.monotonicMs();
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    expect(story.world.clock.monotonicMs() - againMs).toBeLessThan(8 * minuteMs);
    expect(story.kinds()).toEqual(["intent", "unclear", "intent", "created", "charged"]);
    expect(story.charges).toBe(1);
    await story.isWell();
    await story.end();
  });
});

describe("certificates by a clock that is wrong", () => {
  it.each([
    ["a year ahead", 365 * dayMs],
    ["a year behind", -365 * dayMs],
  ])("%s in the download: smdp_untrusted, no session is used up, and then it goes on", async (_name, ms) => {
    const story = await Story.begin(ownLpa);
    const told = await story.liveAndWait((point) => {
      if (point.effect === "initiateAuthentication") story.world.deviceClock.jumpWallBy(ms);
      return undefined;
    });
    expect(told).toMatchObject({ state: "failed", code: "smdp_untrusted", exit: 78 });
    expect(story.world.smdp.orders().map(({ state, attempts }) => [state, attempts])).toEqual([["Released", 0]]);
    story.world.deviceClock.setRight();
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    expect([story.charges, story.posts]).toEqual([1, 1]);
    await story.isWell();
    await story.end();
  });
});

describe("a reservation of before", () => {
  it("that failed without a charge does not settle the next POST, however late the list", async () => {
    const post = { method: "POST", path: "/v1/ESimProfiles" } as const;
    const story = await Story.begin(ownLpa, {
      apiBehaviours: parseBehaviours(
        [
          { match: { ...post, nth: 1 }, actions: [{ do: "reservation-fails" }] },
          { match: { ...post, nth: 1 }, actions: [{ do: "stale-list", ms: 14 * minuteMs }] },
        ],
        "a story",
      ),
    });
    expect(await story.liveAndWait()).toMatchObject({ state: "failed", code: "no_stock", exit: 75 });
    const told = await story.live((point) => (isAt(thePost, point) ? lostAnswer : undefined));
    expect(told).toMatchObject({ state: "provisioned", exit: 0 });
    expect([story.charges, story.posts]).toEqual([1, 2]);
    await story.isWell();
    await story.end();
  });
});
