import { describe, expect, it } from "vitest";
import { sleep, VirtualClock } from "../../src/base/clock.js";
import { withDeadline } from "../../src/base/deadline.js";

/** What a wait may cost, and what it leaves behind. */

const what = "the test";

describe("work that is cut off", () => {
  it.each([
    ["is not waited for", undefined, 100, 10],
    ["has time to leave things in order", 1_000, 100, 110],
    ["has no more time than it was given for that", 50, 100, 60],
  ])("%s", async (_name, tidyMs, takesMs, endsAtMs) => {
    const clock = new VirtualClock();
    const work = async (signal: AbortSignal): Promise<void> => {
      try {
        await sleep(clock, 60_000, signal);
      } finally {
        await sleep(clock, takesMs);
      }
    };
    const ended = withDeadline({ clock, timeoutMs: 10, tidyMs, what }, work).then(
      () => "done",
      (error: unknown) => error,
    );
    expect(await clock.runUntil(ended)).toMatchObject({ code: "deadline", message: expect.stringContaining(what) });
    expect(clock.monotonicMs()).toBe(endsAtMs);
  });

  it("is cut off all the same where it ends well after that", async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const reason = new Error("enough");
    clock.setTimer(10, () => stop.abort(reason));
    const bound = { clock, timeoutMs: 60_000, tidyMs: 1_000, signal: stop.signal, what };
    const ended = withDeadline(bound, () => sleep(clock, 20).then(() => "done"));
    await expect(clock.runUntil(ended)).rejects.toBe(reason);
  });
});
