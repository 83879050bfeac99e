import { describe, expect, it } from "vitest";
import { beside } from "../../src/base/beside.js";
import { sleep, VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";

const never = new AbortController().signal;

describe("work beside something else", () => {
  it("goes on before anybody asks for its end, and keeps it", async () => {
    const clock = new VirtualClock();
    const begun = beside((signal) => sleep(clock, 100, signal).then(() => "done"), never);
    await clock.advance(100);
    await expect(begun.end()).resolves.toBe("done");
    await expect(begun.end()).resolves.toBe("done");
  });

  it("that fails rejects who asks for its end, and nobody else", async () => {
    const begun = beside(() => Promise.reject(new EsimdError("api_unreachable", "no route")), never);
    await begun.giveUp();
    await expect(begun.end()).rejects.toMatchObject({ code: "api_unreachable" });
  });

  it("is over when it was given up, and its own signal says so", async () => {
    const clock = new VirtualClock();
    let tidied = false;
    const begun = beside(async (signal) => {
      try {
        await sleep(clock, 100, signal);
      } finally {
        await sleep(clock, 5);
        tidied = true;
      }
    }, never);
    const over = begun.giveUp();
    await clock.advance(5);
    await over;
    expect(tidied).toBe(true);
    await expect(begun.end()).rejects.toMatchObject({ code: "cancelled" });
    expect(clock.nextDueMs()).toBeUndefined();
  });

  it("ends with the run, for the run's reason", async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const begun = beside((signal) => sleep(clock, 100, signal), stop.signal);
    stop.abort(new Error("stopped"));
    await expect(begun.end()).rejects.toThrow("stopped");
  });
});
