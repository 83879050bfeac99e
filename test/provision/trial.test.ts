import { describe, expect, it } from "vitest";
import { parseIccid } from "../../src/base/identifiers.js";
import {
  agesAt,
  dayMs,
  foundOf,
  isCounted,
  judge,
  pauseAfterMs,
  type Service,
  type Trial,
  together,
  untilSwitchMs,
  wayBack,
  writtenSwitches,
} from "../../src/provision/trial.js";

/** The decisions about a profile on trial, as tables. */

const wanted = parseIccid("8988307000000000019", "the test");
const before = parseIccid("8999970000000000019", "the test");
const other = parseIccid("8988211000000000011", "the test");
const hourMs = 3_600_000;
const asked = { connectivity: { check: "registration", rollback: true, switchesPerDay: 3 } } as const;
const notAsked = { connectivity: { ...asked.connectivity, rollback: false } } as const;
const unchecked = { connectivity: { ...asked.connectivity, check: "none" } } as const;
const trial = (change: Partial<Trial> = {}): Trial => ({
  wanted,
  before,
  registered: true,
  phase: "enabled",
  ...change,
});

describe("the way back", () => {
  it.each([
    ["is there for a profile that worked", trial(), asked, true],
    ["is there for one of which nobody could tell", trial({ registered: null }), asked, true],
    ["is none to a profile that had no network either", trial({ registered: false }), asked, false],
    ["is none without rollback", trial(), notAsked, false],
    ["is none without a check", trial(), unchecked, false],
    ["is none for another profile", trial({ wanted: other }), asked, false],
    ["is none without a trial", null, asked, false],
  ] as const)("%s", (_name, open, policy, isThere) => {
    expect(wayBack(open, wanted, policy) !== undefined).toBe(isThere);
  });
});

describe("a run at its start", () => {
  const list = (enabled: string | undefined, ...iccids: readonly (typeof wanted)[]) =>
    iccids.map((iccid) => ({ iccid, enabled: iccid === enabled }));
  it.each([
    ["takes up a trial whose profile is enabled", trial(), list(wanted, before, wanted), asked, "on-trial"],
    ["has nothing to take up once the device is back", trial(), list(before, before, wanted), asked, "nothing"],
    [
      "brings a profile to an eUICC that came with one and has none",
      trial(),
      list(undefined, before, wanted),
      asked,
      "stranded",
    ],
    ["does so, too, where going back is not asked", trial(), list(undefined, before, wanted), notAsked, "stranded"],
    ["leaves an eUICC whose profile of before is gone", trial(), list(wanted, wanted), asked, "nothing"],
    [
      "leaves a trial that has no way back",
      trial({ registered: false }),
      list(wanted, before, wanted),
      asked,
      "nothing",
    ],
    ["leaves what was never on trial", null, list(wanted, before, wanted), asked, "nothing"],
  ] as const)("%s", (_name, open, onEuicc, policy, found) => {
    expect(foundOf(open, onEuicc, policy)).toBe(found);
  });
});

describe("a verdict", () => {
  const down: Service = { up: false, why: "searching" };
  const untold: Service = { up: undefined, why: "the modem does not tell" };
  const inactive = { kind: "unusable", status: "inactive" } as const;
  it.each([
    ["keeps a profile that has service, whatever the Sim", { up: true }, trial(), inactive, "keep"],
    ["goes back from a profile without, whose Sim may use it", down, trial(), { kind: "usable" }, "back"],
    ["goes back, too, when nobody can tell of the Sim", down, trial(), { kind: "unknown" }, "back"],
    ["waits for an inactive Sim", down, trial(), inactive, "wait"],
    ["waits where the modem does not tell", untold, trial(), { kind: "usable" }, "wait"],
    ["is none without a trial", down, undefined, { kind: "usable" }, "none"],
  ] as const)("%s", (_name, service, open, sim, verdict) => {
    expect(judge(service, open, sim)).toBe(verdict);
  });

  it("rests on what is missing, then on what is there, and on what cannot be told only alone", () => {
    expect(together([{ up: true }, untold, down])).toEqual(down);
    expect(together([untold, { up: true }])).toEqual({ up: true });
    expect(together([untold])).toEqual(untold);
    expect(together([])).toMatchObject({ up: undefined });
  });
});

describe("switches", () => {
  const at = (process: string | undefined, monotonicMs: number, nowMs: number) => ({ process, monotonicMs, nowMs });
  const start = at("boot/1", 1_000, Date.UTC(2026, 0, 1));

  it("age by monotonic time within one process, whatever becomes of the date", () => {
    const written = writtenSwitches([0, hourMs], start);
    const forward = at("boot/1", 1_000 + hourMs, start.nowMs + 400 * dayMs);
    const back = at("boot/1", 1_000 + hourMs, start.nowMs - 400 * dayMs);
    expect(agesAt(written, forward)).toEqual([hourMs, 2 * hourMs]);
    expect(agesAt(written, back)).toEqual([hourMs, 2 * hourMs]);
  });

  it("age by the date between two processes, and by nothing when it went back", () => {
    const written = writtenSwitches([0], start);
    expect(agesAt(written, at("boot/2", 5, start.nowMs + 2 * hourMs))).toEqual([2 * hourMs]);
    expect(agesAt(written, at("boot/2", 5, start.nowMs - 9 * dayMs))).toEqual([0]);
    // Nobody can tell who this is: then it is somebody else.
    expect(
      agesAt(writtenSwitches([0], { ...start, process: undefined }), at(undefined, 9 * dayMs, start.nowMs)),
    ).toEqual([0]);
  });

  it("are right again within one process once a wrong date is set right", () => {
    const wrong = at("boot/1", 0, Date.UTC(2025, 0, 1));
    const first = writtenSwitches([0, 0, 0], wrong);
    const corrected = at("boot/1", 60_000, Date.UTC(2026, 6, 1));
    const again = writtenSwitches(agesAt(first, corrected), corrected);
    expect(agesAt(again, at("boot/2", 3, corrected.nowMs + hourMs))).toEqual([1, 1, 1].map(() => hourMs + 60_000));
  });

  it("are forgotten after a day, and written as none", () => {
    const written = writtenSwitches([0, hourMs], start);
    const later = { ...start, monotonicMs: start.monotonicMs + dayMs - hourMs };
    expect(agesAt(written, later)).toEqual([dayMs - hourMs]);
    expect(writtenSwitches([], start)).toBeNull();
    expect(agesAt(null, start)).toEqual([]);
  });

  it.each([
    [[], 3, 0],
    [[0, hourMs], 3, 0],
    [[0, hourMs, 5 * hourMs], 3, dayMs - 5 * hourMs],
    // More than are allowed, as after the limit was lowered.
    [[0, hourMs, 5 * hourMs], 1, dayMs],
  ] as const)("%j of %d a day: the next one in %d ms", (ages, perDay, waitMs) => {
    expect(untilSwitchMs(ages, perDay)).toBe(waitMs);
  });

  it("are further apart from one to the next", () => {
    expect([[0], [0, hourMs], [0, 4 * hourMs, 5 * hourMs]].map((ages) => pauseAfterMs(ages, 3))).toEqual([
      hourMs,
      4 * hourMs,
      dayMs - 5 * hourMs,
    ]);
  });

  it("that were counted and did not come about are not counted again", () => {
    expect(isCounted(trial({ phase: "begun" }), wanted, before)).toBe(true);
    // Enabled once, and somebody switched back; or esimd did.
    expect(isCounted(trial({ phase: "enabled" }), wanted, before)).toBe(false);
    expect(isCounted(trial({ phase: "back" }), wanted, before)).toBe(false);
    expect(isCounted(trial({ phase: "begun", before: other }), wanted, before)).toBe(false);
    expect(isCounted(null, wanted, before)).toBe(false);
  });
});
