import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/station/records/entry.js";
import { Register } from "../../../src/station/records/register.js";
import { begunFact, eidA, eidB, entryOf, identifiedFact, runId, type UnitOf, wholeRun } from "../entries.js";

function registerOf(...units: readonly UnitOf[]): Register {
  return new Register(units.flatMap((unit) => wholeRun(unit)));
}

const nothing = { passed: 0, failed: 0, runs: 0, charges: 0 };

describe("what the record says of units", () => {
  it.each([
    [
      "another eUICC under a serial number that is taken",
      "SN1",
      eidB,
      null,
      { kind: "serial", serial: "SN1", eid: eidA },
    ],
    ["an eUICC that was recorded under another number", "SN2", eidA, null, { kind: "eid", serial: "SN1" }],
    ["an IMEI that another unit has", "SN2", eidB, "001019000000017", { kind: "imei", serial: "SN1" }],
  ])("%s is a conflict, across batches", (_what, serial, eid, imei, conflict) => {
    const register = registerOf({ serial: "SN1", imei: "001019000000017", batch: "last-week" });
    expect(register.conflict(serial, eid, imei)).toMatchObject({ ...conflict, batch: "last-week" });
  });

  it("is no conflict for the unit itself, nor for a new one", () => {
    const register = registerOf({ serial: "SN1", imei: "001019000000017" });
    expect(register.conflict("SN1", eidA, "001019000000017")).toBeUndefined();
    expect(register.conflict("SN2", eidB, "001019000000025")).toBeUndefined();
    expect(register.conflict("SN2", eidB, null)).toBeUndefined();
  });

  it("counts a unit that came under another's number once, however often it was tried, and leaves the other as it is", () => {
    const twin: UnitOf = { serial: "SN1", eid: eidB, verdict: "FAIL", code: "unit_duplicate", charges: 0 };
    // Refused before it was recorded as identified, and after a restart once more.
    const refused = (): readonly Entry[] => wholeRun(twin).filter(({ kind }) => kind !== "identified");
    const register = new Register([...wholeRun({ serial: "SN1" }), ...refused(), ...refused()]);
    expect(register.tally("b1", 0)).toMatchObject({ passed: 1, failed: 1, runs: 3 });
    expect(register.unit("SN1")).toMatchObject({ eid: eidA, hasPassed: true, runs: 1 });
  });

  it("forgets whose number it was once a person took that back", () => {
    const register = registerOf({ serial: "SN1", imei: "001019000000017" });
    register.add(entryOf({ kind: "voided", serial: "SN1", eid: eidA, by: "ana", why: "scanned for the wrong unit" }));
    expect(register.conflict("SN1", eidB, null)).toBeUndefined();
    expect(register.conflict("SN2", eidA, "001019000000017")).toBeUndefined();
  });

  it("finds units by part of any name, the newest first", () => {
    const register = registerOf({ serial: "AB-1" }, { serial: "AB-2", eid: eidB, imei: "001019000000017" });
    const found = (text: string): string[] => [...register.search(text)].map(({ serial }) => serial);
    expect(found("ab-")).toEqual(["AB-2", "AB-1"]);
    expect(found(eidB.slice(-6))).toEqual(["AB-2"]);
    expect(found("000017")).toEqual(["AB-2"]);
    expect(found("898830300000000001")).toEqual(["AB-2", "AB-1"]);
    expect(found("  ")).toEqual([]);
  });

  it("knows which runs have begun and not ended, with their eUICC where it was found out", () => {
    const [first, second] = [runId(), runId()];
    const register = new Register([
      entryOf(begunFact(first, { serial: "SN1", slot: 3 })),
      entryOf(identifiedFact(first, { serial: "SN1" })),
      entryOf(begunFact(second, { serial: "SN2", slot: 4 })),
    ]);
    expect(register.openRuns).toMatchObject([
      { run: first, slot: 3, serial: "SN1", eid: eidA },
      { run: second, slot: 4, serial: "SN2", eid: null },
    ]);
    register.add(entryOf({ kind: "interrupted", run: first, batch: "b1", slot: 3, serial: "SN1" }));
    expect(register.openRuns.map(({ run }) => run)).toEqual([second]);
  });
});

describe("what a batch has done", () => {
  function tallyOf(entries: readonly Entry[], batch = "b1"): object {
    const { passed, failed, runs, passedFirst, charges } = new Register(entries).tally(batch, 0);
    return { passed, failed, runs, passedFirst, charges };
  }

  it("counts a unit once, by how it stood last, and charges by the ledgers of the eUICCs", () => {
    const entries = [
      ...wholeRun({ serial: "SN1", verdict: "FAIL", charges: 1 }),
      ...wholeRun({ serial: "SN1", chargesBefore: 1, charges: 1 }),
      ...wholeRun({ serial: "SN2", eid: eidB, charges: 1 }),
      ...wholeRun({ serial: "SN2", eid: eidB, chargesBefore: 1, charges: 1 }),
    ];
    expect(tallyOf(entries)).toEqual({ passed: 2, failed: 0, runs: 4, passedFirst: 1, charges: 2 });
    expect(tallyOf(entries, "other")).toMatchObject(nothing);
  });

  it("has paid nothing for a unit that came with its profile paid for", () => {
    expect(tallyOf(wholeRun({ serial: "SN1", chargesBefore: 1, charges: 1 }))).toMatchObject({ passed: 1, charges: 0 });
  });

  it("does not turn a unit's PASS over because another one came under its number", () => {
    const impostor = wholeRun({ serial: "SN1", eid: eidB, verdict: "FAIL", code: "unit_duplicate", charges: 0 });
    // A duplicate is refused before it is identified.
    const entries = [...wholeRun({ serial: "SN1" }), impostor[0], impostor[2]];
    expect(tallyOf(entries)).toEqual({ passed: 1, failed: 1, runs: 2, passedFirst: 1, charges: 1 });
    expect(new Register(entries).unit("SN1")).toMatchObject({ eid: eidA, hasPassed: true, runs: 1 });
  });

  it("counts a charge of a run that was cut off, once its eUICC's ledger was read again", () => {
    const run = runId();
    const register = new Register([
      entryOf(begunFact(run, { serial: "SN1" })),
      entryOf(identifiedFact(run, { serial: "SN1" })),
    ]);
    const tally = register.tally("b1", 0);
    expect(tally.charges).toBe(0);
    tally.noteCharges(eidA, { known: 1, doubtful: 0 });
    expect(tally.charges).toBe(1);
    // The run that goes on finds it paid for, and pays nothing: still one.
    for (const entry of wholeRun({ serial: "SN1", chargesBefore: 1, charges: 1 })) register.add(entry);
    expect(tally.charges).toBe(1);
  });
});
