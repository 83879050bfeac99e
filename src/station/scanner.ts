import type { Clock } from "../base/clock.js";
import type { ScanResult } from "./control.js";
import type { Register } from "./records/register.js";
import { readScan } from "./slots/scan.js";
import type { Slot } from "./slots/slot.js";
import type { ScanView } from "./view.js";

/** Whose serial number it is that was scanned. */

export interface ScannerParts {
  readonly clock: Clock;
  readonly slots: ReadonlyMap<number, Slot>;
  readonly register: Register;
  /** Why the batch does not take it; undefined: it does. */
  readonly refusal: (serial: string) => Refusal | undefined;
}

export interface Refusal {
  readonly sentence: string;
  /** The serial number is no good for this batch, whenever it is scanned. */
  readonly isForGood: boolean;
}

/** How long a slot stays chosen by its label. */
const chosenMs = 60_000;

export class Scanner {
  readonly #parts: ScannerParts;
  #chosen: { readonly slot: number; readonly untilMs: number } | undefined;
  #last: ScanView | null = null;

  constructor(parts: ScannerParts) {
    this.#parts = parts;
  }

  get last(): ScanView | null {
    return this.#last;
  }

  scan(text: string, slot: number | undefined): ScanResult {
    const result = this.#take(text, slot);
    const { isTaken, sentence } = result;
    const shown = text.trim().slice(0, 80);
    const sequence = (this.#last?.sequence ?? 0) + 1;
    this.#last = { sequence, text: shown, isTaken, sentence, atMs: this.#parts.clock.nowMs() };
    return result;
  }

  #take(text: string, given: number | undefined): ScanResult {
    const scan = readScan(text);
    switch (scan.kind) {
      case "unreadable":
        return unfit(scan.sentence, given ?? null);
      case "slot":
        return this.#choose(scan.slot);
      case "serial":
        return this.#give(scan.serial, given ?? scan.slot);
    }
  }

  #choose(slot: number): ScanResult {
    if (!this.#parts.slots.has(slot)) return unfit(noSlot(slot), null);
    this.#chosen = { slot, untilMs: this.#parts.clock.monotonicMs() + chosenMs };
    return { isTaken: true, sentence: `Slot ${slot}: scan its unit's serial number.`, slot };
  }

  #give(serial: string, given: number | undefined): ScanResult {
    const { register, slots, clock, refusal } = this.#parts;
    const elsewhere = [...slots.values()].find(
      (one) => one.serial === serial && one.number !== given && isWaitingOrAtWork(one),
    );
    if (elsewhere !== undefined) return notNow(`${serial} is in slot ${elsewhere.number} already.`, elsewhere.number);
    const why = refusal(serial);
    if (why !== undefined)
      return why.isForGood ? unfit(why.sentence, given ?? null) : notNow(why.sentence, given ?? null);
    if (given !== undefined && !slots.has(given)) return unfit(noSlot(given), given);
    const slot = this.#slotFor(given);
    if (typeof slot === "string") return notNow(slot, given ?? null);
    this.#chosen = undefined;
    slot.give(serial, clock.nowMs());
    const known = register.unit(serial)?.hasPassed === true ? ", which passed before" : "";
    const next = slot.phase.kind === "needs-unit" ? ": put it in." : ".";
    return { isTaken: true, sentence: `Slot ${slot.number} is ${serial}${known}${next}`, slot: slot.number };
  }

  /** The slot, or why there is none. */
  #slotFor(given: number | undefined): Slot | string {
    const { slots, clock } = this.#parts;
    const chosen = this.#chosen;
    const wanted = given ?? (chosen !== undefined && clock.monotonicMs() < chosen.untilMs ? chosen.slot : undefined);
    if (wanted !== undefined) {
      const slot = slots.get(wanted);
      if (slot === undefined) return noSlot(wanted);
      const why = slot.refusesSerial;
      return why === undefined ? slot : `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
    }
    const waiting = [...slots.values()]
      .filter(({ phase, serial }) => phase.kind === "needs-serial" && serial === null)
      .sort((one, other) => one.sinceMs - other.sinceMs || one.number - other.number)[0];
    if (waiting !== undefined) return waiting;
    const free = [...slots.values()].find(
      (slot) => slot.phase.kind === "empty" || (!slot.canBeSeen && slot.refusesSerial === undefined),
    );
    return free ?? "No slot is free: take out a unit that is done.";
  }
}

function isWaitingOrAtWork({ phase }: Slot): boolean {
  return phase.kind === "running" || phase.kind === "needs-serial" || phase.kind === "needs-unit";
}

const noSlot = (slot: number): string => `There is no slot ${slot}.`;

function unfit(sentence: string, slot: number | null): ScanResult {
  return { isTaken: false, sentence, slot, code: "bad_input" };
}

function notNow(sentence: string, slot: number | null): ScanResult {
  return { isTaken: false, sentence, slot, code: "station_refused" };
}
