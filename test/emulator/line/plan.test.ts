import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEid } from "../../../src/base/identifiers.js";
import { eidOf, imeiOf } from "../../../src/emulator/line/digits.js";
import { faultKinds, faultOf } from "../../../src/emulator/line/faults.js";
import { planLine, type UnitPlan } from "../../../src/emulator/line/plan.js";
import { Tally } from "../../../src/emulator/line/tally.js";

const order = fc.record({
  seed: fc.integer({ min: 0, max: 9_999_999 }),
  units: fc.integer({ min: 1, max: 400 }),
  faultPercent: fc.integer({ min: 0, max: 100 }),
});

/** The seed of the random orders, for who wants to see the same again. */
const seed = 20_261_127;

const faulty = (plan: readonly UnitPlan[]): readonly UnitPlan[] => plan.filter(({ fault }) => fault !== null);

describe("the plan of a line", () => {
  it.each([
    [2_000, 5, 100],
    [64, 0, 0],
    [30, 50, 15],
    [10, 5, 1],
    [9, 5, 0],
    [7, 100, 7],
  ])("of %i units with %i %% has exactly %i faults", (units, faultPercent, expected) => {
    const plan = planLine({ seed: 1, units, faultPercent });
    expect(plan).toHaveLength(units);
    expect(faulty(plan)).toHaveLength(expected);
  });

  it("spreads the kinds evenly", () => {
    const kinds = faulty(planLine({ seed: 3, units: 2_000, faultPercent: 6 })).map(({ fault }) => fault);
    const counts = faultKinds.map((kind) => kinds.filter((one) => one === kind).length);
    expect(counts).toEqual(faultKinds.map(() => 120 / faultKinds.length));
  });

  it("is the same for the same seed, and another for another", () => {
    const plan = (seed: number) => planLine({ seed, units: 200, faultPercent: 10 });
    expect(plan(4)).toEqual(plan(4));
    const places = (seed: number) => faulty(plan(seed)).map(({ index }) => index);
    expect(places(4)).not.toEqual(places(5));
    expect(plan(4)[0]?.eid).not.toBe(plan(5)[0]?.eid);
  });

  it("has identifiers that are right, and twins only where they are planned", () => {
    fc.assert(
      fc.property(order, (wanted) => {
        const plan = planLine(wanted);
        for (const { eid } of plan) expect(parseEid(eid, "the plan")).toBe(eid);
        expect(faulty(plan)).toHaveLength(Math.round((wanted.units * wanted.faultPercent) / 100));
        const seen = {
          serial: new Map<string, UnitPlan>(),
          eid: new Map<string, UnitPlan>(),
          imei: new Map<string, UnitPlan>(),
        };
        for (const unit of plan) {
          const shares = unit.fault === null ? undefined : faultOf(unit.fault).shares;
          const twin = unit.after === null ? undefined : plan[unit.after];
          expect(twin === undefined).toBe(shares === undefined);
          if (twin !== undefined) expect([twin.index < unit.index, twin.fault]).toEqual([true, null]);
          const same = (["serial", "eid", "imei"] as const).filter((what) => seen[what].has(unit[what]));
          expect(same).toEqual(
            { serial: ["serial"], imei: ["imei"], euicc: ["eid", "imei"], all: ["serial", "eid", "imei"], none: [] }[
              shares ?? "none"
            ],
          );
          for (const what of same) expect(seen[what].get(unit[what])).toBe(twin);
          for (const what of ["serial", "eid", "imei"] as const) {
            if (!same.includes(what)) seen[what].set(unit[what], unit);
          }
        }
        const twins = plan.flatMap(({ after }) => after ?? []);
        expect(new Set(twins).size).toBe(twins.length);
      }),
      { seed, numRuns: 60 },
    );
  });

  it("charges a unit at most once over all its turns", () => {
    const plan = planLine({ seed: 8, units: 1_000, faultPercent: 30 });
    const charged = plan.flatMap(({ costsCharge, eid }) => (costsCharge ? [eid] : []));
    expect(new Set(charged).size).toBe(charged.length);
  });

  it.each([
    [{ units: 0 }],
    [{ units: 1.5 }],
    [{ units: 100_001 }],
    [{ seed: -1 }],
    [{ seed: 10_000_000 }],
    [{ faultPercent: 101 }],
    [{ faultPercent: Number.NaN }],
  ])("refuses %j", (wrong) => {
    expect(() => planLine({ seed: 1, units: 10, faultPercent: 5, ...wrong })).toThrow(
      expect.objectContaining({ code: "usage" }),
    );
  });
});

describe("identifiers by number", () => {
  it("have the check digits that SGP.02 and TS 23.003 want", () => {
    expect(eidOf(1, 0)).toBe("89049032000000000001000000000016");
    expect(BigInt(eidOf(9_999_999, 99_999)) % 97n).toBe(1n);
    // 00101900 007919 by Luhn.
    expect(imeiOf(1, 0)).toBe("001019000079193");
  });
});

describe("the tally", () => {
  const plan = planLine({ seed: 1, units: 30, faultPercent: 50 });
  const unit = (fault: UnitPlan["fault"]): UnitPlan => {
    const found = plan.find((one) => one.fault === fault);
    if (found === undefined) throw new Error(`the plan has no ${fault}`);
    return found;
  };
  const charge = ({ eid }: UnitPlan) => ({
    sid: "HP",
    eid,
    iccid: "8988307",
    simSid: "HS",
    at: "2026-01-01T00:00:00Z",
  });
  const pass = { verdict: "PASS", code: null } as const;
  const fail = (code: string | null) => ({ verdict: "FAIL", code }) as const;

  it.each([
    ["a PASS as planned", null, pass, 0],
    ["a FAIL in place of a PASS", null, fail("serial_gone"), 1],
    ["a PASS in place of a FAIL", "no-stock", pass, 1],
    ["the planned FAIL", "no-stock", fail("no_stock"), 0],
    ["a FAIL for another reason", "no-stock", fail("api_unavailable"), 1],
    ["a FAIL whose code nobody heard", "no-stock", fail(null), 0],
  ] as const)("of %s", (_what, fault, heard, wrong) => {
    const tally = new Tally(plan);
    tally.note(unit(fault), heard);
    expect(tally.result([], 0)).toMatchObject({ units: 1, wrongCount: wrong });
  });

  it("names who was charged twice, or for nothing, or not at all", () => {
    const tally = new Tally(plan);
    const sound = unit(null);
    const other = plan.filter(({ fault }) => fault === null)[1] ?? sound;
    const none = unit("no-stock");
    tally.note(sound, pass);
    tally.note(other, pass);
    const result = tally.result([charge(sound), charge(sound), charge(none)], 17);
    expect(result).toMatchObject({ charges: 3, unitsCharged: 2, twiceCharged: [sound.eid], requests: 17 });
    expect(result.wronglyCharged).toEqual([none.eid, other.eid]);
  });
});
