import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { StatusWordError } from "../../src/lpa/apdu/es10-channel.js";
import { throughRestart } from "../../src/lpa/card.js";

/** What a card that restarts under a run answers: 6985 until it does, and then its channel is gone. */

const refusesForNow = new EsimdError("modem_protocol", "6985", { cause: new StatusWordError(0x6985) });
const channelGone = new EsimdError("modem_refused", "+CME ERROR: 22 (not found)");
const { signal } = new AbortController();

/** Fails in turn with `errors`, the last of them for ever where `isForEver`; resolves with how often it was asked. */
function asking(errors: readonly Error[], isForEver = false): { asked(): number; work(): Promise<number> } {
  let asked = 0;
  return {
    asked: () => asked,
    work: async () => {
      const error = errors[asked] ?? (isForEver ? errors.at(-1) : undefined);
      asked++;
      if (error !== undefined) throw error;
      return asked;
    },
  };
}

function through(card: ReturnType<typeof asking>): Promise<number> {
  const clock = new VirtualClock();
  return clock.runUntil(throughRestart(clock, card.work, signal));
}

describe("a question to a card that restarts", () => {
  it("is asked again until it answers", async () => {
    expect(await through(asking([refusesForNow, refusesForNow, channelGone]))).toBe(4);
  });

  it("is asked once more, and no more, where the channel is refused", async () => {
    const card = asking([channelGone], true);
    await expect(through(card)).rejects.toBe(channelGone);
    expect(card.asked()).toBe(2);
  });

  it("is given up after a while where the card refuses for good", async () => {
    const card = asking([refusesForNow], true);
    await expect(through(card)).rejects.toBe(refusesForNow);
    expect(card.asked()).toBe(11);
  });

  it("fails at once for every other reason", async () => {
    const wrong = new EsimdError("modem_protocol", "6A88", { cause: new StatusWordError(0x6a88) });
    const card = asking([wrong]);
    await expect(through(card)).rejects.toBe(wrong);
    expect(card.asked()).toBe(1);
  });
});
