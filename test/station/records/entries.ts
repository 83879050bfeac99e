import type { EndedEntry, Entry } from "../../../src/station/records/entry.js";

/** Lines of a station's record, as a line that works writes them. */

export const startMs = Date.UTC(2026, 0, 5, 6, 0, 0);
export const runId = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
export const eidOf = (number: number): string => {
  const body = `8904903200000100000000${String(number).padStart(8, "0")}`;
  const check = 98n - ((BigInt(body) * 100n) % 97n);
  return `${body}${String(check).padStart(2, "0")}`;
};
export const iccidOf = (number: number): string => `8944000000${String(number).padStart(9, "0")}`;
export const at = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();

type Of<Kind extends Entry["kind"]> = Partial<Extract<Entry, { kind: Kind }>>;

const stamp = { v: 1, station: "line-1" } as const;

export function batch(more: Of<"batch"> = {}): Entry {
  return { ...stamp, at: at(0), kind: "batch", batch: "B1", version: "0.1.0", budget: 100, sheet: null, ...more };
}

export function begun(unit: number, more: Of<"begun"> = {}): Entry {
  const serial = `SN${unit}`;
  const own = { batch: "B1", run: runId(unit), slot: 1, serial, operator: "Ada" };
  return { ...stamp, at: at(unit * 60), kind: "begun", ...own, ...more };
}

export function identified(unit: number, more: Of<"identified"> = {}): Entry {
  const own = { batch: "B1", run: runId(unit), serial: `SN${unit}`, eid: eidOf(unit), imei: "860425040000019" };
  return { ...stamp, at: at(unit * 60 + 2), kind: "identified", ...own, chargesBefore: 0, doubtfulBefore: 0, ...more };
}

export function ended(unit: number, more: Of<"ended"> = {}): EndedEntry {
  return {
    ...stamp,
    at: at(unit * 60 + 30),
    kind: "ended",
    run: runId(unit),
    batch: "B1",
    slot: 1,
    verdict: "PASS",
    serial: `SN${unit}`,
    eid: eidOf(unit),
    imei: "860425040000019",
    iccid: iccidOf(unit),
    sid: `HP${unit}`,
    simSid: `HS${unit}`,
    simStatus: "ready",
    vendor: "Quectel",
    model: "EG25",
    firmware: "EG25GGBR07A08M2G",
    state: "provisioned",
    changed: true,
    again: false,
    charges: 1,
    doubtful: 0,
    verified: null,
    error: null,
    seconds: 30,
    ...more,
  };
}

export function failed(unit: number, code: string, more: Of<"ended"> = {}): EndedEntry {
  return ended(unit, {
    verdict: "FAIL",
    state: "failed",
    iccid: null,
    simSid: null,
    simStatus: null,
    error: { code, message: `it went wrong with ${code}`, actor: "operator", retry: "later", hint: "Look at it." },
    ...more,
  });
}

export function interrupted(unit: number, more: Of<"interrupted"> = {}): Entry {
  const own = { batch: "B1", run: runId(unit), slot: 1, serial: `SN${unit}` };
  return { ...stamp, at: at(unit * 60 + 50), kind: "interrupted", ...own, ...more };
}

export function label(unit: number, more: Of<"label"> = {}): Extract<Entry, { kind: "label" }> {
  const own = { batch: "B1", run: runId(unit), serial: `SN${unit}`, copy: 1, result: { kind: "printed" } } as const;
  return { ...stamp, at: at(unit * 60 + 31), kind: "label", ...own, ...more };
}

export function voided(unit: number, more: Of<"voided"> = {}): Extract<Entry, { kind: "voided" }> {
  const own = { serial: `SN${unit}`, eid: eidOf(unit), by: "Ada", why: "scanned for the wrong unit" };
  return { ...stamp, at: at(unit * 60 + 40), kind: "voided", ...own, ...more };
}

/** A unit's whole way, of one run that passed. */
export function passed(unit: number, more: Of<"ended"> = {}): readonly Entry[] {
  return [begun(unit), identified(unit), ended(unit, more), label(unit)];
}
