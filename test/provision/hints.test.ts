import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.js";
import { Hints, pauseForHint } from "../../src/provision/hints.js";

const about = { sid: "HP1", eid: "89049032123451234512345678901235" };

/** A pause of ten seconds; tells when it ended, in milliseconds. */
function pause(clock: VirtualClock, hints: Hints, signal = new AbortController().signal) {
  const end: { atMs: number | undefined; error: unknown } = { atMs: undefined, error: undefined };
  pauseForHint(clock, hints, about, 10_000, signal).then(
    () => {
      end.atMs = clock.monotonicMs();
    },
    (error: unknown) => {
      end.error = error;
    },
  );
  return end;
}

describe("a pause between two questions to the provider", () => {
  it.each([
    ["the reservation", { sid: "HP1", eid: undefined }, true, 2_000],
    ["the EID", { sid: undefined, eid: about.eid }, true, 2_000],
    ["another reservation", { sid: "HP2", eid: undefined }, false, 10_000],
    ["nothing that is known", { sid: undefined, eid: undefined }, false, 10_000],
  ])("after a hint about %s", async (_about, hint, wanted, endMs) => {
    const [clock, hints] = [new VirtualClock(), new Hints()];
    const end = pause(clock, hints);
    await clock.advance(2_000);
    expect(hints.give(hint)).toBe(wanted);
    await clock.advance(8_000);
    expect(end.atMs).toBe(endMs);
    // Nobody waits any more.
    expect(hints.give(hint)).toBe(false);
  });

  it("lasts half a second however fast hints come, so that a flood of them asks no more often", async () => {
    const [clock, hints] = [new VirtualClock(), new Hints()];
    const end = pause(clock, hints);
    for (let ms = 0; ms < 400; ms += 100) {
      hints.give(about);
      await clock.advance(100);
    }
    expect(end.atMs).toBeUndefined();
    await clock.advance(100);
    expect(end.atMs).toBe(500);
  });

  it("ends with the run, and leaves no listener", async () => {
    const [clock, hints, stop] = [new VirtualClock(), new Hints(), new AbortController()];
    const end = pause(clock, hints, stop.signal);
    await clock.advance(2_000);
    stop.abort(new Error("stopped"));
    await clock.advance(0);
    expect(end).toEqual({ atMs: undefined, error: new Error("stopped") });
    expect(hints.give(about)).toBe(false);
    expect(clock.nextDueMs()).toBeUndefined();
  });
});
