import type { Charges } from "../../provision/ledger.js";
import type { EndedEntry, Entry, Verdict } from "./entry.js";

/**
 * What the record says of units and of a batch, kept up to date entry by entry: who has which EID, how each unit stands, what the batch has paid
 * for. Pure but for its own memory.
 */

/** A unit, by its serial number. */
export interface UnitRecord {
  readonly serial: string;
  readonly eid: string;
  readonly imei: string | null;
  /** Where it was last. */
  readonly batch: string;
  readonly slot: number;
  /** How its last run ended; null while none has. */
  readonly last: EndedEntry | null;
  /** Passed once: it counts as provisioned, whatever came after. */
  readonly hasPassed: boolean;
  readonly runs: number;
  /** Labels printed. */
  readonly copies: number;
}

/** A run that has begun and not ended. */
export interface OpenRun {
  readonly run: string;
  readonly batch: string;
  readonly slot: number;
  readonly serial: string | null;
  /** Once it is identified. */
  readonly eid: string | null;
}

/** Why a unit is not who it is said to be; undefined: nothing speaks against it. */
export type Conflict =
  | { readonly kind: "serial"; readonly serial: string; readonly eid: string; readonly batch: string }
  | { readonly kind: "eid"; readonly serial: string; readonly batch: string }
  | { readonly kind: "imei"; readonly serial: string; readonly imei: string; readonly batch: string };

/** How one serial number stands in a batch. */
interface BatchUnit {
  verdict: Verdict;
  readonly passedFirst: boolean;
}

/** What a batch has done so far. */
export class BatchTally {
  readonly openedAtMs: number;
  runs = 0;
  /** Milliseconds that runs took which passed, in order. */
  readonly passedMs: number[] = [];
  readonly #units = new Map<string, BatchUnit>();
  /** By EID: what its ledger had when the batch met it first, and has now. */
  readonly #charges = new Map<string, { readonly before: Charges; now: Charges }>();

  constructor(openedAtMs: number) {
    this.openedAtMs = openedAtMs;
  }

  get passed(): number {
    return this.#count(({ verdict }) => verdict === "PASS");
  }

  get failed(): number {
    return this.#count(({ verdict }) => verdict === "FAIL");
  }

  get passedFirst(): number {
    return this.#count(({ passedFirst }) => passedFirst);
  }

  /** What was paid for in this batch. */
  get charges(): number {
    return this.#sum(({ known }) => known);
  }

  /** What was paid for or may have been: the count that a budget goes by. */
  get chargesAtMost(): number {
    return this.#sum(({ known, doubtful }) => known + doubtful);
  }

  get eids(): Iterable<string> {
    return this.#charges.keys();
  }

  hasPassed(serial: string): boolean {
    return this.#units.get(serial)?.verdict === "PASS";
  }

  meet(eid: string, charges: Charges): void {
    if (!this.#charges.has(eid)) this.#charges.set(eid, { before: charges, now: charges });
  }

  /** What an eUICC's own ledger says now. */
  noteCharges(eid: string, charges: Charges): void {
    const known = this.#charges.get(eid);
    if (known !== undefined) known.now = charges;
  }

  /** `key`: what the unit is counted by. */
  end(key: string, entry: EndedEntry): void {
    this.runs++;
    if (entry.verdict === "PASS") this.passedMs.push(entry.seconds * 1000);
    const { eid, charges, doubtful } = entry;
    if (eid !== null && charges !== null) this.noteCharges(eid, { known: charges, doubtful: doubtful ?? 0 });
    const known = this.#units.get(key);
    if (known === undefined) this.#units.set(key, { verdict: entry.verdict, passedFirst: entry.verdict === "PASS" });
    else known.verdict = entry.verdict;
  }

  #sum(what: (charges: Charges) => number): number {
    let sum = 0;
    for (const { before, now } of this.#charges.values()) sum += Math.max(0, what(now) - what(before));
    return sum;
  }

  #count(which: (unit: BatchUnit) => boolean): number {
    let count = 0;
    for (const unit of this.#units.values()) if (which(unit)) count++;
    return count;
  }
}

export class Register {
  readonly #units = new Map<string, UnitRecord>();
  readonly #serialByEid = new Map<string, string>();
  readonly #serialByImei = new Map<string, string>();
  readonly #open = new Map<string, OpenRun>();
  /** By slot: the run that was cut off there, until another one begins. */
  readonly #cutOff = new Map<number, OpenRun>();
  readonly #batches = new Map<string, BatchTally>();

  constructor(entries: Iterable<Entry> = []) {
    for (const entry of entries) this.add(entry);
  }

  add(entry: Entry): void {
    switch (entry.kind) {
      case "batch":
        this.#tally(entry.batch, entry.at);
        break;
      case "begun":
        this.#tally(entry.batch, entry.at);
        this.#open.set(entry.run, { ...open(entry), eid: null });
        this.#cutOff.delete(entry.slot);
        break;
      case "identified":
        this.#identified(entry);
        break;
      case "ended":
        this.#open.delete(entry.run);
        this.#ended(entry);
        break;
      case "interrupted": {
        const cut = this.#open.get(entry.run);
        if (cut !== undefined) this.#cutOff.set(entry.slot, cut);
        this.#open.delete(entry.run);
        break;
      }
      case "label": {
        const unit = this.#units.get(entry.serial);
        if (unit !== undefined && entry.result.kind === "printed")
          this.#units.set(entry.serial, { ...unit, copies: unit.copies + 1 });
        break;
      }
      case "voided":
        this.#forget(entry.serial);
        break;
    }
  }

  unit(serial: string): UnitRecord | undefined {
    return this.#units.get(serial);
  }

  unitOfEid(eid: string): UnitRecord | undefined {
    const serial = this.#serialByEid.get(eid);
    return serial === undefined ? undefined : this.#units.get(serial);
  }

  /** Of a batch that may be new. */
  tally(batch: string, nowMs: number): BatchTally {
    const known = this.#batches.get(batch);
    if (known !== undefined) return known;
    const fresh = new BatchTally(nowMs);
    this.#batches.set(batch, fresh);
    return fresh;
  }

  /** Runs that have begun and not ended, the oldest first. */
  get openRuns(): readonly OpenRun[] {
    return [...this.#open.values()];
  }

  /** Runs that were cut off, and nothing has begun in their slots since. */
  get cutOffRuns(): readonly OpenRun[] {
    return [...this.#cutOff.values()];
  }

  /** A run of this serial number is on its way. */
  isRunning(serial: string): boolean {
    return this.openRuns.some((run) => run.serial === serial);
  }

  /** Whether what was found is who it is said to be. */
  conflict(serial: string, eid: string, imei: string | null): Conflict | undefined {
    const own = this.#units.get(serial);
    if (own !== undefined && own.eid !== eid) return { kind: "serial", serial, eid: own.eid, batch: own.batch };
    const ofEid = this.unitOfEid(eid);
    if (ofEid !== undefined && ofEid.serial !== serial)
      return { kind: "eid", serial: ofEid.serial, batch: ofEid.batch };
    const other = imei === null ? undefined : this.#serialByImei.get(imei);
    const ofImei = other === undefined ? undefined : this.#units.get(other);
    if (imei !== null && ofImei !== undefined && ofImei.serial !== serial)
      return { kind: "imei", serial: ofImei.serial, imei, batch: ofImei.batch };
    return undefined;
  }

  /** Units that have `text` in one of their names, the newest first. */
  *search(text: string): Generator<UnitRecord, void, void> {
    const wanted = text.trim().toUpperCase();
    if (wanted === "") return;
    for (const unit of [...this.#units.values()].reverse()) {
      const names = [unit.serial, unit.eid, unit.imei ?? "", unit.last?.iccid ?? ""];
      if (names.some((name) => name.toUpperCase().includes(wanted))) yield unit;
    }
  }

  #identified(entry: Extract<Entry, { kind: "identified" }>): void {
    const { run, batch, serial, eid, imei, chargesBefore, doubtfulBefore } = entry;
    const known = this.#open.get(run);
    if (known !== undefined) this.#open.set(run, { ...known, serial, eid });
    this.#tally(batch, entry.at).meet(eid, { known: chargesBefore, doubtful: doubtfulBefore });
    const unit = this.#units.get(serial);
    const base = unit ?? { serial, last: null, hasPassed: false, runs: 0, copies: 0 };
    // Back to the end of the map: the newest last.
    this.#units.delete(serial);
    this.#units.set(serial, { ...base, eid, imei, batch, slot: known?.slot ?? unit?.slot ?? 0 });
    this.#serialByEid.set(eid, serial);
    if (imei !== null) this.#serialByImei.set(imei, serial);
  }

  #ended(entry: EndedEntry): void {
    const { serial, run } = entry;
    const unit = serial === null ? undefined : this.#units.get(serial);
    const isAnothers = unit !== undefined && entry.eid !== null && unit.eid !== entry.eid;
    // A unit that nobody can name, or that came under another's number, counts by its eUICC, else by its run, and leaves the other as it is.
    // No serial number has an @ in it.
    const own = entry.eid === null ? run : `@${entry.eid}`;
    this.#tally(entry.batch, entry.at).end(serial === null || isAnothers ? own : serial, entry);
    if (serial === null || unit === undefined || isAnothers) return;
    const hasPassed = unit.hasPassed || entry.verdict === "PASS";
    this.#units.set(serial, {
      ...unit,
      last: entry,
      slot: entry.slot,
      batch: entry.batch,
      hasPassed,
      runs: unit.runs + 1,
    });
  }

  #forget(serial: string): void {
    const unit = this.#units.get(serial);
    if (unit === undefined) return;
    this.#units.delete(serial);
    this.#serialByEid.delete(unit.eid);
    if (unit.imei !== null) this.#serialByImei.delete(unit.imei);
  }

  #tally(batch: string, at: string): BatchTally {
    return this.tally(batch, Date.parse(at));
  }
}

function open({ run, batch, slot, serial }: Extract<Entry, { kind: "begun" }>): Omit<OpenRun, "eid"> {
  return { run, batch, slot, serial };
}
