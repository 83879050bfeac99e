import { describe, expect, it } from "vitest";
import { ChargeBook } from "../../../src/station/records/charge-book.js";
import type { Entry } from "../../../src/station/records/entry.js";
import { Standings } from "../../../src/station/records/standing.js";
import {
  batch,
  begun,
  eidOf,
  ended,
  failed,
  identified,
  interrupted,
  label,
  passed,
  runId,
  voided,
} from "./entries.js";

function standingsOf(entries: readonly Entry[], of: string | null = null): Standings {
  const standings = new Standings(of);
  for (const entry of entries) standings.see(entry);
  return standings;
}

function shown(entries: readonly Entry[], of: string | null = null): readonly string[] {
  const ran = standingsOf(entries, of).units.filter(({ last }) => last !== null);
  return ran.map(({ serial, eid, runs, interruptions, last, voided: taken }) => {
    const unit = [1, 2, 3].find((number) => eidOf(number) === eid);
    const verdict = last?.verdict ?? "interrupted";
    const marks = [interruptions === 0 ? "" : ` cut ${interruptions}`, taken === null ? "" : " voided"].join("");
    return `${serial ?? "-"}/${unit ?? "-"} ${verdict} ${runs}${marks}`;
  });
}

describe("how units stand", () => {
  it("counts a unit once, by how it stood last", () => {
    const again = { run: runId(11) };
    expect(
      shown([
        begun(1),
        failed(1, "modem_silent", { eid: null }),
        begun(1, again),
        identified(1, again),
        ended(1, again),
      ]),
    ).toEqual(["SN1/1 PASS 2"]);
    expect(shown([...passed(1), begun(1, again), failed(1, "no_stock", again)])).toEqual(["SN1/1 FAIL 2"]);
  });

  it("tells two units with one serial number apart by their EIDs: the second's failure is not the first's", () => {
    const second = { run: runId(2), serial: "SN1" };
    expect(shown([...passed(1), begun(2, second), identified(2, second), failed(2, "unit_duplicate", second)])).toEqual(
      ["SN1/1 PASS 1", "SN1/2 FAIL 1"],
    );
    const twins = { serial: "SN2", eid: eidOf(1), run: runId(2) };
    expect(shown([...passed(1), begun(2), failed(2, "unit_duplicate", twins)])).toEqual([
      "SN1/1 PASS 1",
      "SN2/1 FAIL 1",
    ]);
  });

  it("knows a unit whose serial number came later by its EID", () => {
    const nameless = { serial: null };
    const again = { run: runId(11) };
    expect(
      shown([
        begun(1, nameless),
        failed(1, "no_stock", nameless),
        begun(1, again),
        identified(1, again),
        ended(1, again),
      ]),
    ).toEqual(["SN1/1 PASS 2"]);
    expect(
      shown([...passed(1), begun(1, { ...again, ...nameless }), ended(1, { ...again, ...nameless, again: true })]),
    ).toEqual(["SN1/1 PASS 2"]);
  });

  it("counts runs of which nothing is known one by one", () => {
    const unknown = { serial: null, eid: null, imei: null };
    expect(
      shown([
        begun(1, { serial: null }),
        failed(1, "modem_silent", unknown),
        begun(2, { serial: null }),
        failed(2, "modem_silent", unknown),
      ]),
    ).toEqual(["-/- FAIL 1", "-/- FAIL 1"]);
  });

  it("does not lose a unit when two slots have its serial number at once, and neither knows more", () => {
    const silent = { serial: "SN1", eid: null };
    const entries = [begun(1), begun(2, { serial: "SN1" }), identified(1), ended(1), failed(2, "modem_silent", silent)];
    expect(shown(entries)).toEqual(["SN1/1 FAIL 2"]);
  });

  it("shows a unit of which only interrupted runs are known, and an interruption does not take a verdict back", () => {
    expect(shown([begun(1), identified(1), interrupted(1)])).toEqual(["SN1/1 interrupted 0 cut 1"]);
    const again = { run: runId(11) };
    expect(shown([...passed(1), begun(1, again), identified(1, again), interrupted(1, again)])).toEqual([
      "SN1/1 PASS 1 cut 1",
    ]);
  });

  it("begins anew with a serial number that was taken back", () => {
    const second = { run: runId(2), serial: "SN1" };
    expect(shown([...passed(1), voided(1), begun(2, second), identified(2, second), ended(2, second)])).toEqual([
      "SN1/1 PASS 1 voided",
      "SN1/2 PASS 1",
    ]);
    expect(shown([...passed(1), voided(1, { eid: eidOf(3) })])).toEqual(["SN1/1 PASS 1"]);
    expect(shown([...passed(1), voided(1, { eid: null })])).toEqual(["SN1/1 PASS 1 voided"]);
  });

  it("keeps a batch apart from the others, and hears of what is taken back in any of them", () => {
    const other = { batch: "B2", run: runId(11) };
    const entries = [...passed(1), begun(1, other), failed(1, "no_stock", other), voided(1)];
    expect(shown(entries, "B1")).toEqual(["SN1/1 PASS 1 voided"]);
    expect(shown(entries, "B2")).toEqual(["SN1/1 FAIL 1 voided"]);
    expect(shown(entries)).toEqual(["SN1/1 FAIL 2 voided"]);
  });

  it("knows of labels how many were printed, and why the last one was not", () => {
    const result = { kind: "failed", code: "label_unprinted", message: "no paper" } as const;
    const standings = standingsOf([...passed(1), label(1, { copy: 2 }), label(1, { copy: 3, result })]);
    expect(standings.runOf(runId(1))?.label).toEqual({ result: "failed", copies: 2, code: "label_unprinted" });
  });
});

describe("what a batch has paid", () => {
  function paid(entries: readonly Entry[]): Readonly<Record<string, number>> {
    const book = new ChargeBook();
    for (const entry of entries) book.see(entry);
    return { B1: book.of("B1"), B2: book.of("B2"), all: book.of(null) };
  }

  it("is what came in its runs, and not what a unit had cost before", () => {
    expect(paid([batch(), ...passed(1), ...passed(2)])).toEqual({ B1: 2, B2: 0, all: 2 });
    expect(paid([identified(1, { chargesBefore: 1 }), ended(1, { charges: 1, again: true })])).toEqual({
      B1: 0,
      B2: 0,
      all: 0,
    });
    expect(
      paid([
        identified(1),
        failed(1, "reservation_lost", { charges: 1 }),
        identified(1, { chargesBefore: 1 }),
        ended(1, { charges: 2 }),
      ]),
    ).toEqual({
      B1: 2,
      B2: 0,
      all: 2,
    });
  });

  it("is told of a run that was interrupted by the next one, and belongs to the batch of the first", () => {
    const next = { run: runId(11), batch: "B2" };
    expect(
      paid([
        identified(1),
        interrupted(1),
        identified(1, { ...next, chargesBefore: 1 }),
        ended(1, { ...next, charges: 1 }),
      ]),
    ).toEqual({
      B1: 1,
      B2: 0,
      all: 1,
    });
  });
});
