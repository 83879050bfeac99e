import type { Eid, Iccid, Imei } from "../../base/identifiers.js";
import type { Observation } from "../../provision/run.js";
import { isFinal } from "../../provision/states.js";
import type { EndedEntry } from "../records/entry.js";
import type { SlotPhase, SlotView, UnitView } from "../view.js";
import type { Sight } from "./sight.js";
import { nextSentence } from "./words.js";

/** One place of the fixture: what is in it, whose serial number was scanned for it, how its run stands. Keeps state, does nothing. */

const nobody: UnitView = { serial: null, eid: null, iccid: null, imei: null };

/** What a look at the slot told. */
export type Change = "none" | "put-in" | "taken-out" | "changed";

export class Slot {
  readonly number: number;
  readonly place: string;
  readonly #needsSerial: boolean;
  #sight: Sight = { kind: "absent" };
  #phase: SlotPhase = { kind: "empty" };
  #unit: UnitView = nobody;
  #sinceMs: number;
  #tookMs: number | null = null;
  #label: string | null = null;
  /** What was there when the run began, or ended: another instance is another unit. */
  #instance: string | undefined;
  /** A person wants it out of work once its run is over. */
  #offAfterRun = false;

  constructor(number: number, place: string, needsSerial: boolean, nowMs: number) {
    this.number = number;
    this.place = place;
    this.#needsSerial = needsSerial;
    this.#sinceMs = nowMs;
  }

  get phase(): SlotPhase {
    return this.#phase;
  }

  get serial(): string | null {
    return this.#unit.serial;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** What to open; undefined while nothing is there. */
  get port(): string | undefined {
    return this.#sight.kind === "present" ? this.#sight.port : undefined;
  }

  /** Its other end can be seen without opening it. */
  get canBeSeen(): boolean {
    return this.#sight.kind === "absent" || this.#sight.instance !== undefined;
  }

  /** Why no serial number can be taken for it now; undefined: it can. */
  get refusesSerial(): string | undefined {
    switch (this.#phase.kind) {
      case "running":
        return `slot ${this.number} is at work`;
      case "off":
        return `slot ${this.number} is not in use`;
      case "passed":
      case "failed":
        return this.canBeSeen ? `the unit of before is still in slot ${this.number}: take it out first` : undefined;
      default:
        return undefined;
    }
  }

  /** A unit is there, and its run can begin. */
  get isReady(): boolean {
    if (this.#sight.kind === "absent") return false;
    if (this.#unit.serial !== null) return this.#phase.kind === "needs-serial" || this.#phase.kind === "needs-unit";
    return !this.#needsSerial && this.#phase.kind === "needs-serial" && this.canBeSeen;
  }

  get view(): SlotView {
    return {
      number: this.number,
      port: this.place,
      phase: this.#phase,
      next: this.#label ?? nextSentence(this.#phase, this.#unit.serial),
      unit: this.#unit,
      sinceMs: this.#sinceMs,
      tookMs: this.#tookMs,
    };
  }

  /** What is there now. A run on its way has its own ways with a modem that goes and comes back. */
  see(sight: Sight, nowMs: number): Change {
    this.#sight = sight;
    if (this.#phase.kind === "running" || this.#phase.kind === "off") return "none";
    const wasThere = this.#phase.kind !== "empty" && this.#phase.kind !== "needs-unit";
    if (sight.kind === "absent") {
      if (!wasThere) return "none";
      this.#empty(nowMs);
      return "taken-out";
    }
    if (!wasThere) {
      this.#putIn(sight, nowMs);
      return "put-in";
    }
    if (sight.instance === this.#instance) return "none";
    this.#empty(nowMs);
    this.#putIn(sight, nowMs);
    return "changed";
  }

  /** The serial number of the unit that is there, or comes. */
  give(serial: string, nowMs: number): void {
    this.#unit = { ...nobody, serial };
    const isThere = this.#sight.kind === "present";
    this.#instance = this.#sight.kind === "present" ? this.#sight.instance : undefined;
    this.#enter({ kind: isThere ? "needs-serial" : "needs-unit" }, nowMs);
  }

  begin(nowMs: number): void {
    const sentence = "The run begins.";
    this.#label = null;
    this.#tookMs = null;
    this.#enter({ kind: "running", state: "connecting", sentence, progress: null }, nowMs);
  }

  identified(eid: Eid, serial: string, imei: Imei | null): void {
    this.#unit = { ...this.#unit, serial, eid, imei };
  }

  /** True when something changed that is to be shown. */
  observe(observation: Observation): boolean {
    const phase = this.#phase;
    if (phase.kind !== "running") return false;
    if (observation.kind === "state") {
      if (isFinal(observation.state)) return false;
      const { state, sentence } = observation;
      this.#phase = { kind: "running", state, sentence, progress: null };
      return true;
    }
    const { stage, doneBytes, totalBytes } = observation;
    this.#phase = { ...phase, progress: { stage, doneBytes, totalBytes } };
    return true;
  }

  end(ended: Pick<EndedEntry, "again" | "error" | "seconds">, iccid: Iccid | null, nowMs: number): void {
    const { error, again, seconds } = ended;
    this.#unit = { ...this.#unit, iccid };
    this.#tookMs = seconds * 1000;
    this.#instance = this.#sight.kind === "present" ? this.#sight.instance : undefined;
    this.#enter(
      error === null
        ? { kind: "passed", again }
        : { kind: "failed", code: error.code, sentence: `${error.message}. ${error.hint}` },
      nowMs,
    );
    this.#goOffIfAsked(nowMs);
  }

  /** The run ended and says nothing of the unit that is there. */
  dropRun(nowMs: number): void {
    this.#unit = nobody;
    this.#instance = this.#sight.kind === "present" ? this.#sight.instance : undefined;
    this.#enter({ kind: this.#sight.kind === "present" ? "needs-serial" : "empty" }, nowMs);
    this.#goOffIfAsked(nowMs);
  }

  /** The same unit once more. */
  again(nowMs: number): void {
    this.#unit = { ...nobody, serial: this.#unit.serial };
    this.#enter({ kind: this.#sight.kind === "present" ? "needs-serial" : "needs-unit" }, nowMs);
  }

  takeOff(sentence: string, nowMs: number): void {
    if (this.#phase.kind === "running") {
      this.#offAfterRun = true;
      return;
    }
    this.#enter({ kind: "off", sentence }, nowMs);
  }

  takeOn(nowMs: number): void {
    this.#offAfterRun = false;
    if (this.#phase.kind !== "off") return;
    this.dropRun(nowMs);
  }

  /** What there is to say of its label, in place of what else would be next; null: nothing. */
  noteLabel(sentence: string | null): void {
    this.#label = sentence;
  }

  #putIn(sight: Extract<Sight, { kind: "present" }>, nowMs: number): void {
    this.#instance = sight.instance;
    this.#enter({ kind: "needs-serial" }, nowMs);
  }

  #empty(nowMs: number): void {
    this.#unit = nobody;
    this.#label = null;
    this.#tookMs = null;
    this.#enter({ kind: "empty" }, nowMs);
  }

  #goOffIfAsked(nowMs: number): void {
    if (!this.#offAfterRun) return;
    this.#offAfterRun = false;
    this.#enter({ kind: "off", sentence: "Taken out of work by a person." }, nowMs);
  }

  #enter(phase: SlotPhase, nowMs: number): void {
    this.#phase = phase;
    this.#sinceMs = nowMs;
  }
}
