import type { Clock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import type { Eid, Iccid, Imei } from "../../src/base/identifiers.js";
import { parseEid, parseIccid, parseImei } from "../../src/base/identifiers.js";
import type { FoundUnit, ScanResult, StationControl, StationEvent } from "../../src/station/control.js";
import { serialForm } from "../../src/station/records/entry.js";
import {
  type ScanView,
  type SlotPhase,
  type SlotView,
  type StationPhase,
  type StationView,
  shiftPieceMs,
  shiftPieces,
  type UnitView,
} from "../../src/station/view.js";

/**
 * A station that a test leads by the hand through whole units: it keeps real state and refuses what a station refuses, and no modem is behind it.
 */

export interface RehearsedOptions {
  readonly clock: Clock;
  readonly slots: number;
  readonly name?: string;
  readonly budget?: number | null;
  readonly sheet?: number | null;
}

interface Slot {
  phase: SlotPhase;
  unit: UnitView;
  sinceMs: number;
  tookMs: number | null;
}

const nobody: UnitView = { serial: null, eid: null, iccid: null, imei: null };

export class RehearsedStation implements StationControl {
  /** What was asked of it, in words, in order. */
  readonly asked: string[] = [];
  /** What reprint and voidUnit fail with, where a test wants it. */
  printer: EsimdError | undefined;
  notice: string | null = null;
  readonly #options: RehearsedOptions;
  readonly #slots = new Map<number, Slot>();
  readonly #changed = new Set<() => void>();
  readonly #heard = new Set<(event: StationEvent) => void>();
  readonly #units: FoundUnit[] = [];
  readonly #openedAtMs: number;
  #phase: StationPhase = "working";
  #scan: ScanView | null = null;
  #chosen: number | undefined;

  constructor(options: RehearsedOptions) {
    this.#options = options;
    this.#openedAtMs = options.clock.nowMs();
    for (let number = 1; number <= options.slots; number++)
      this.#slots.set(number, { phase: { kind: "empty" }, unit: nobody, sinceMs: this.#openedAtMs, tookMs: null });
  }

  // What a test does.

  putIn(number: number): void {
    const slot = this.#slot(number);
    if (slot.phase.kind === "needs-unit") this.#begin(number);
    else this.#set(number, { kind: "needs-serial" }, nobody);
    this.#tell({ kind: "put-in", slot: number });
  }

  takeOut(number: number): void {
    this.#set(number, { kind: "empty" }, nobody);
    this.#tell({ kind: "taken-out", slot: number });
  }

  /** The unit's run has come to know the eUICC. */
  identify(number: number, identity: { eid: Eid; imei: Imei | null } = identityOf(number + this.#units.length)): void {
    const slot = this.#slot(number);
    slot.unit = { ...slot.unit, ...identity };
    this.#told();
  }

  state(number: number, state: string, sentence: string): void {
    this.#slot(number).phase = { kind: "running", state, sentence, progress: null };
    this.#told();
  }

  progress(number: number, doneBytes: number, totalBytes: number): void {
    const { phase } = this.#slot(number);
    if (phase.kind !== "running") throw new Error(`nothing runs in slot ${number}`);
    this.#slot(number).phase = { ...phase, progress: { stage: "loading", doneBytes, totalBytes } };
    this.#told();
  }

  pass(number: number): void {
    const slot = this.#slot(number);
    slot.unit = { ...slot.unit, iccid: iccidOf(number + this.#units.length) };
    this.#end(number, { kind: "passed", again: false });
  }

  fail(number: number, code: string, sentence: string): void {
    this.#end(number, { kind: "failed", code, sentence });
  }

  setNotice(notice: string | null): void {
    this.notice = notice;
    this.#told();
  }

  // What a station does.

  view(): StationView {
    const nowMs = this.#options.clock.nowMs();
    const last = new Map(this.#units.map((unit) => [unit.serial, unit]));
    const ended = [...last.values()];
    const passed = ended.filter(({ verdict }) => verdict === "PASS");
    const times = this.#units.flatMap(({ verdict, seconds }) => (verdict === "PASS" ? [seconds * 1000] : []));
    const sorted = times.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const { budget = null, sheet = null, name = "line 3" } = this.#options;
    return {
      schema: "esimd.station/1",
      version: "0.1.0",
      station: name,
      phase: this.#phase,
      notice: this.notice,
      batch: {
        name: "2026-11-27-A",
        openedAtMs: this.#openedAtMs,
        passed: passed.length,
        failed: ended.length - passed.length,
        running: [...this.#slots.values()].filter(({ phase }) => phase.kind === "running").length,
        runs: this.#units.length,
        passedFirst: passed.filter(({ runs }) => runs === 1).length,
        charges: passed.length,
        budget,
        cycle: times.length === 0 ? null : { medianMs: at(0.5), p90Ms: at(0.9), lastMs: times.at(-1) ?? 0 },
        sheet: sheet === null ? null : { total: sheet, left: sheet - passed.length },
      },
      slots: [...this.#slots].map(([number, slot]) => this.#shown(number, slot)),
      shift: this.#shift(nowMs),
      scan: this.#scan,
      atMs: nowMs,
    };
  }

  onChange(changed: () => void): () => void {
    this.#changed.add(changed);
    return () => this.#changed.delete(changed);
  }

  onEvent(heard: (event: StationEvent) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  scan(text: string, slot?: number): ScanResult {
    this.asked.push(`scan ${text}${slot === undefined ? "" : ` in ${slot}`}`);
    const result = this.#take(text.trim(), slot);
    const atMs = this.#options.clock.nowMs();
    const { isTaken, sentence } = result;
    this.#scan = { sequence: (this.#scan?.sequence ?? 0) + 1, text, isTaken, sentence, atMs };
    this.#told();
    return result;
  }

  retry(slot: number): void {
    this.asked.push(`retry ${slot}`);
    const { phase } = this.#slot(slot);
    if (phase.kind !== "failed" && phase.kind !== "passed")
      throw new EsimdError("station_refused", `slot ${slot} has no unit whose run has ended`);
    this.#begin(slot);
  }

  setOff(slot: number, isOff: boolean): void {
    this.asked.push(`${isOff ? "off" : "on"} ${slot}`);
    this.#set(slot, isOff ? { kind: "off", sentence: "A person took it out of work." } : { kind: "empty" }, nobody);
  }

  async reprint(serial: string): Promise<void> {
    this.asked.push(`reprint ${serial}`);
    if (this.printer !== undefined) throw this.printer;
  }

  async voidUnit(serial: string, why: string): Promise<void> {
    this.asked.push(`void ${serial}: ${why}`);
    if (!this.#units.some((unit) => unit.serial === serial))
      throw new EsimdError("station_refused", `no unit is recorded as ${serial}`);
  }

  drain(): void {
    this.asked.push("drain");
    this.#phase = "draining";
    this.#told();
  }

  stop(): void {
    this.asked.push("stop");
    this.#phase = "stopping";
    this.#told();
  }

  search(text: string, limit: number): readonly FoundUnit[] {
    const wanted = text.toLowerCase();
    return this.#units
      .filter(({ serial, eid, iccid, imei }) =>
        [serial, eid, iccid, imei].some((one) => one?.toLowerCase().includes(wanted) === true),
      )
      .toReversed()
      .slice(0, limit);
  }

  #take(text: string, slot: number | undefined): ScanResult {
    const chosen = /^slot[ :#-]*(\d+)$/i.exec(text)?.[1];
    if (chosen !== undefined) {
      this.#chosen = Number(chosen);
      return { isTaken: true, sentence: `The next serial number is for slot ${chosen}.`, slot: this.#chosen };
    }
    const refused = (sentence: string): ScanResult => ({
      isTaken: false,
      sentence,
      slot: null,
      code: "station_refused",
    });
    if (!serialForm.test(text)) {
      const sentence = "This is no serial number: scan the unit's own label.";
      return { isTaken: false, sentence, slot: null, code: "bad_input" };
    }
    const holder = [...this.#slots].find(([, one]) => one.unit.serial === text);
    if (holder !== undefined) return refused(`Slot ${holder[0]} has this serial number already.`);
    const [waiting] = [...this.#slots]
      .filter(([, { phase }]) => phase.kind === "needs-serial")
      .toSorted(([, one], [, other]) => one.sinceMs - other.sinceMs);
    const number = slot ?? this.#chosen ?? waiting?.[0];
    this.#chosen = undefined;
    if (number === undefined) return refused("No slot waits for a serial number: put the unit in first.");
    const found = this.#slot(number);
    const unit = { ...nobody, serial: text };
    if (found.phase.kind === "needs-serial") {
      found.unit = unit;
      this.#begin(number);
      return { isTaken: true, sentence: `It runs in slot ${number}.`, slot: number };
    }
    if (found.phase.kind !== "empty") return refused(`Slot ${number} is not free.`);
    this.#set(number, { kind: "needs-unit" }, unit);
    return { isTaken: true, sentence: `Put it into slot ${number} now.`, slot: number };
  }

  #begin(number: number): void {
    const slot = this.#slot(number);
    const sentence = "Opening the port and waking the modem.";
    this.#set(number, { kind: "running", state: "connecting", sentence, progress: null }, slot.unit);
    this.#tell({ kind: "begun", slot: number, serial: slot.unit.serial });
  }

  #end(number: number, phase: Extract<SlotPhase, { kind: "passed" | "failed" }>): void {
    const slot = this.#slot(number);
    const { clock } = this.#options;
    const { serial, eid, iccid, imei } = slot.unit;
    const seconds = (clock.nowMs() - slot.sinceMs) / 1000;
    const runs = this.#units.filter((unit) => unit.serial === serial).length + 1;
    const verdict = phase.kind === "passed" ? "PASS" : "FAIL";
    const failed =
      phase.kind === "failed" ? { code: phase.code, message: phase.sentence } : { code: null, message: null };
    const endedAtMs = clock.nowMs();
    const found = { serial: serial ?? "-", batch: "2026-11-27-A", slot: number, verdict, eid, iccid, imei } as const;
    this.#units.push({ ...found, ...failed, endedAtMs, seconds, runs });
    this.#set(number, phase, slot.unit, seconds * 1000);
    const exitStatus = verdict === "PASS" ? 0 : 69;
    this.#tell({ kind: "ended", slot: number, serial, verdict, eid, iccid, code: failed.code, exitStatus, seconds });
  }

  #shown(number: number, { phase, unit, sinceMs, tookMs }: Slot): SlotView {
    return { number, port: `usb:1-1.${number}`, phase, next: nextOf(phase), unit, sinceMs, tookMs };
  }

  #shift(nowMs: number): StationView["shift"] {
    const endMs = Math.floor(nowMs / shiftPieceMs) * shiftPieceMs;
    return Array.from({ length: shiftPieces }, (_, index) => {
      const fromMs = endMs - (shiftPieces - 1 - index) * shiftPieceMs;
      const units = this.#units.filter((one) => one.endedAtMs >= fromMs && one.endedAtMs < fromMs + shiftPieceMs);
      const passed = units.filter(({ verdict }) => verdict === "PASS").length;
      return { fromMs, passed, failed: units.length - passed };
    });
  }

  #set(number: number, phase: SlotPhase, unit: UnitView, tookMs: number | null = null): void {
    this.#slots.set(number, { phase, unit, sinceMs: this.#options.clock.nowMs(), tookMs });
    this.#told();
  }

  #slot(number: number): Slot {
    const slot = this.#slots.get(number);
    if (slot === undefined) throw new EsimdError("bad_input", `there is no slot ${number}`);
    return slot;
  }

  #told(): void {
    for (const changed of [...this.#changed]) changed();
  }

  #tell(event: StationEvent): void {
    for (const heard of [...this.#heard]) heard(event);
  }
}

function nextOf(phase: SlotPhase): string {
  switch (phase.kind) {
    case "empty":
      return "Put a unit in.";
    case "needs-serial":
      return "Scan the unit's label.";
    case "needs-unit":
      return "Put the scanned unit in.";
    case "running":
      return "Leave it in.";
    case "passed":
      return "Take it out: it is good.";
    case "failed":
      return "Take it out and put it aside.";
    case "off":
      return "Leave it empty.";
  }
}

/** An EID with right check digits (SGP.02, 2.2.2). */
function identityOf(seed: number): { eid: Eid; imei: Imei } {
  const head = `890490320${String(seed).padStart(21, "0")}`;
  const check = 98n - (BigInt(`${head}00`) % 97n);
  const imei = parseImei(`35693803${String(seed).padStart(7, "0")}`, "rehearsal");
  return { eid: parseEid(`${head}${String(check).padStart(2, "0")}`, "rehearsal"), imei };
}

function iccidOf(seed: number): Iccid {
  return parseIccid(`8988307000${String(seed).padStart(9, "0")}`, "rehearsal");
}
