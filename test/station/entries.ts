import type { EndedEntry, Entry, Fact } from "../../src/station/records/entry.js";
import { entrySchema } from "../../src/station/records/entry.js";
import { ended, failed } from "./records/entries.js";

/** Entries of a record, for tests of what is made from it. */

export const eidA = "89049032123451234512345678901235";
export const eidB = "89049032000000000000000000000163";

let made = 0;

/** A fresh id of a run, the same in each test run. */
export function runId(): string {
  made++;
  return `00000000-0000-4000-8000-${String(made).padStart(12, "0")}`;
}

export function entryOf(fact: Fact, at = "2026-01-01T08:00:00.000Z"): Entry {
  return entrySchema.parse({ v: 1, at, station: "line-1", ...fact });
}

export interface UnitOf {
  readonly serial: string;
  readonly eid?: string;
  readonly imei?: string | null;
  readonly slot?: number;
  readonly batch?: string;
  readonly verdict?: "PASS" | "FAIL";
  readonly code?: string;
  readonly chargesBefore?: number;
  readonly charges?: number;
  readonly seconds?: number;
  readonly at?: string;
}

export function begunFact(run: string, { serial, slot = 1, batch = "b1" }: UnitOf): Fact {
  return { kind: "begun", run, batch, slot, serial, operator: null };
}

export function identifiedFact(run: string, unit: UnitOf): Fact {
  const { serial, eid = eidA, imei = null, batch = "b1", chargesBefore = 0 } = unit;
  return { kind: "identified", run, batch, serial, eid, imei, chargesBefore, doubtfulBefore: 0 };
}

/** The three entries of a whole run. */
export function wholeRun(unit: UnitOf): readonly [Entry, Entry, EndedEntry] {
  const {
    serial,
    eid = eidA,
    imei = null,
    slot = 1,
    batch = "b1",
    charges = 1,
    seconds = 10,
    at = "2026-01-01T08:00:00.000Z",
  } = unit;
  const run = runId();
  const own = { run, at, batch, serial, slot, eid, imei, charges, seconds };
  const end =
    unit.verdict === "FAIL"
      ? failed(1, unit.code ?? "modem_silent", own)
      : ended(1, { ...own, iccid: "8988303000000000014" });
  return [entryOf(begunFact(run, unit), at), entryOf(identifiedFact(run, unit), at), end];
}
