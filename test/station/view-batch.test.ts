import { describe, expect, it } from "vitest";
import { Register } from "../../src/station/records/register.js";
import type { BatchView } from "../../src/station/view.js";
import { viewOfBatch } from "../../src/station/view-batch.js";
import { eidB, type UnitOf, wholeRun } from "./entries.js";

const atMs = Date.UTC(2026, 0, 1, 8);

function viewOf(units: readonly UnitOf[], work?: readonly string[], budget: number | null = null): BatchView {
  const tally = new Register(units.flatMap((unit) => wholeRun(unit))).tally("b1", atMs);
  const sheet = work === undefined ? undefined : { units: new Map(work.map((serial) => [serial, null])) };
  return viewOfBatch("b1", tally, { running: 3, budget, work: sheet });
}

describe("the counters of a batch", () => {
  it("are nothing before anything has run", () => {
    expect(viewOf([])).toEqual({
      name: "b1",
      openedAtMs: atMs,
      passed: 0,
      failed: 0,
      running: 3,
      runs: 0,
      passedFirst: 0,
      charges: 0,
      budget: null,
      cycle: null,
      sheet: null,
    });
  });

  it("count a unit once, by how it stood last, and each of its runs", () => {
    const view = viewOf([
      { serial: "SN-1" },
      { serial: "SN-2", eid: eidB, verdict: "FAIL", charges: 0 },
      { serial: "SN-2", eid: eidB, charges: 1 },
    ]);
    expect(view).toMatchObject({ passed: 2, failed: 0, runs: 3, passedFirst: 1, charges: 2 });
  });

  it("count what was paid for in this batch, and not what a unit came with", () => {
    expect(viewOf([{ serial: "SN-1", chargesBefore: 1, charges: 1 }], undefined, 10)).toMatchObject({
      passed: 1,
      charges: 0,
      budget: 10,
    });
  });

  it("say how much of the sheet of work is left: a unit that failed is", () => {
    const units: readonly UnitOf[] = [{ serial: "SN-1" }, { serial: "SN-2", eid: eidB, verdict: "FAIL" }];
    expect(viewOf(units, ["SN-1", "SN-2", "SN-3"]).sheet).toEqual({ total: 3, left: 2 });
  });
});

describe("the cycle time", () => {
  const passes = (...seconds: readonly number[]): readonly UnitOf[] =>
    seconds.map((taken, index) => ({ serial: `SN-${index}`, seconds: taken }));

  it("is the median, what nine of ten keep to, and the last, of the runs that passed", () => {
    const units: readonly UnitOf[] = [
      ...passes(10, 20, 30, 40, 50, 60, 70, 80, 90, 15),
      { serial: "SN-X", eid: eidB, verdict: "FAIL", seconds: 999 },
    ];
    expect(viewOf(units).cycle).toEqual({ medianMs: 50_000, p90Ms: 90_000, lastMs: 15_000 });
  });

  it("of one run is that run", () => {
    expect(viewOf(passes(12.5)).cycle).toEqual({ medianMs: 12_500, p90Ms: 12_500, lastMs: 12_500 });
  });

  it("is of the last 500 runs: what the morning was does not count in the evening", () => {
    const units = passes(...Array.from({ length: 500 }, () => 100), ...Array.from({ length: 500 }, () => 10));
    expect(viewOf(units).cycle).toEqual({ medianMs: 10_000, p90Ms: 10_000, lastMs: 10_000 });
  });
});
