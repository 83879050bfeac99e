import type { Eid, Iccid, Imei } from "../base/identifiers.js";

/** What a station shows of itself: to its page, to the terminal, to a test executive. Whole identifiers: these are results. */

/** Where a slot stands. Every phase knows what a person does next; {@link SlotView.next} says it. */
export type SlotPhase =
  /** No unit is in it. */
  | { readonly kind: "empty" }
  /** A unit is in it, and its serial number is not known yet. */
  | { readonly kind: "needs-serial" }
  /** A serial number was scanned for it, and the unit is not in it yet. */
  | { readonly kind: "needs-unit" }
  | {
      readonly kind: "running";
      /** Of the run, as docs/states.md has it. */
      readonly state: string;
      readonly sentence: string;
      /** Of the download, while there is one. */
      readonly progress: SlotProgress | null;
    }
  | { readonly kind: "passed"; readonly again: boolean }
  | {
      readonly kind: "failed";
      /** Of docs/errors.md. */
      readonly code: string;
      readonly sentence: string;
    }
  /** Not worked with: a person took it out, or it cannot work as it is configured. */
  | { readonly kind: "off"; readonly sentence: string };

export type SlotPhaseKind = SlotPhase["kind"];

export interface SlotProgress {
  readonly stage: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What is known of the unit that is, or was last, in a slot. */
export interface UnitView {
  readonly serial: string | null;
  readonly eid: Eid | null;
  readonly iccid: Iccid | null;
  readonly imei: Imei | null;
}

export interface SlotView {
  readonly number: number;
  /** As the station file names it. */
  readonly port: string;
  readonly phase: SlotPhase;
  /** What a person does next, in one sentence. */
  readonly next: string;
  readonly unit: UnitView;
  /** Since when it stands so, and of a run: since when it runs; milliseconds of the wall clock. */
  readonly sinceMs: number;
  /** How long the unit's run took; null while none has ended. */
  readonly tookMs: number | null;
}

export interface BatchView {
  readonly name: string;
  readonly openedAtMs: number;
  /** Units of this batch: each counts once, by how it stood last. */
  readonly passed: number;
  readonly failed: number;
  readonly running: number;
  /** Runs that ended, with those of units that came back. */
  readonly runs: number;
  /** Units that passed at their first run, of all that ended. */
  readonly passedFirst: number;
  /** What was paid for in this batch. */
  readonly charges: number;
  /** Charges that the batch may make; null: not limited. */
  readonly budget: number | null;
  /** Of the runs that passed; null while there is none. */
  readonly cycle: { readonly medianMs: number; readonly p90Ms: number; readonly lastMs: number } | null;
  /** Of the sheet of work; null where there is none. */
  readonly sheet: { readonly total: number; readonly left: number } | null;
}

/** How many units ended in a piece of the shift. */
export interface ShiftPiece {
  readonly fromMs: number;
  readonly passed: number;
  readonly failed: number;
}

export const shiftPieceMs = 10 * 60_000;
/** Twelve hours. */
export const shiftPieces = 72;

export type StationPhase = "working" | "draining" | "stopping" | "stopped";

/** What came of the last scan, for the person with the scanner. */
export interface ScanView {
  /** Grows with each scan. */
  readonly sequence: number;
  readonly text: string;
  readonly isTaken: boolean;
  readonly sentence: string;
  readonly atMs: number;
}

export interface StationView {
  readonly schema: "esimd.station/1";
  readonly version: string;
  /** The station's name. */
  readonly station: string;
  readonly phase: StationPhase;
  /** What a person has to know or do for the line as a whole; null: nothing. */
  readonly notice: string | null;
  readonly batch: BatchView;
  readonly slots: readonly SlotView[];
  /** The newest last; pieces in which nothing ended are there, too. */
  readonly shift: readonly ShiftPiece[];
  readonly scan: ScanView | null;
  /** Of the wall clock, when this was made. */
  readonly atMs: number;
}
