import { setMaxListeners } from "node:events";
import { EsimdError, toEsimdError } from "../base/errors.js";
import { type Eid, type Iccid, parseEid, parseIccid, parseImei } from "../base/identifiers.js";
import { version } from "../base/version.js";
import type { Config } from "../daemon/config/config.js";
import { provisionOnce } from "../daemon/provisioner.js";
import { chargesOnDisk } from "./charges-on-disk.js";
import type { FoundUnit, ScanResult, StationControl, StationEvent } from "./control.js";
import { LabelDesk } from "./label-desk.js";
import { BatchBudget } from "./limits/batch-budget.js";
import { Listeners } from "./listeners.js";
import type { StationParts, StationSummary, WorkOfUnit } from "./parts.js";
import { RecordDesk } from "./record-desk.js";
import { parseSerial } from "./records/entry.js";
import { searchUnits } from "./records/found-unit.js";
import { type BatchTally, type OpenRun, Register } from "./records/register.js";
import { type Refusal, Scanner } from "./scanner.js";
import { Shift } from "./shift.js";
import type { Sight } from "./slots/sight.js";
import { Slot } from "./slots/slot.js";
import { type SlotWatch, watchSlots } from "./slots/watch.js";
import { placeOfSlot, type SlotEntry } from "./station-file.js";
import { runUnit, type UnitEnd, type UnitRunParts } from "./unit-run.js";
import type { StationPhase, StationView } from "./view.js";
import { viewOfBatch } from "./view-batch.js";

/** The factory line: slots, units and runs from the start of the station to its end. */

export class Station implements StationControl {
  readonly #parts: StationParts;
  readonly #register: Register;
  readonly #tally: BatchTally;
  readonly #shift = new Shift();
  readonly #slots: ReadonlyMap<number, Slot>;
  readonly #entries: ReadonlyMap<number, SlotEntry>;
  readonly #scanner: Scanner;
  readonly #budget: BatchBudget;
  readonly #startMs: number;
  readonly #version = version();
  readonly #runs = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #listeners = new Listeners();
  readonly #desk: RecordDesk;
  readonly #labels: LabelDesk;
  /** Runs that an earlier start left, by slot: the unit goes on if it is still there. */
  readonly #leftOver = new Map<number, { readonly serial: string; readonly eid: Eid }>();
  readonly #verdicts = { passed: 0, failed: 0 };
  #chargesAtStart = 0;
  #watch: SlotWatch | undefined;
  #phase: StationPhase = "working";
  #failure: EsimdError | undefined;
  #end: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(parts: StationParts) {
    const { record, batch, clock, slots, serialFrom, budget } = parts;
    this.#parts = parts;
    this.#register = new Register(record.entries);
    this.#tally = this.#register.tally(batch, clock.nowMs());
    this.#desk = new RecordDesk(parts, this.#register);
    this.#labels = new LabelDesk(parts.printLabel, this.#desk, this.#register);
    for (const entry of record.entries)
      if (entry.kind === "ended") this.#shift.note(Date.parse(entry.at), entry.verdict);
    const nowMs = clock.nowMs();
    this.#slots = new Map(
      slots.map((slot) => [slot.number, new Slot(slot.number, placeOfSlot(slot), serialFrom === "scan", nowMs)]),
    );
    this.#entries = new Map(slots.map((slot) => [slot.number, slot]));
    this.#scanner = new Scanner({
      clock,
      slots: this.#slots,
      register: this.#register,
      refusal: (serial) => this.#refusal(serial),
    });
    this.#budget = new BatchBudget(budget, () => this.#tally.chargesAtMost);
    this.#startMs = clock.monotonicMs();
    // Every slot hears of a stop.
    setMaxListeners(0, this.#stopping.signal);
  }

  /**
   * Works until it is stopped, drained or has given its verdicts; then nothing is on its way any more.
   * @throws EsimdError when the record cannot be written: without it nothing may be done.
   */
  async run(signal: AbortSignal): Promise<StationSummary> {
    const { clock, host, slots } = this.#parts;
    const stop = (): void => this.stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      await this.#takeUp();
      this.#watch = watchSlots(slots, { host, clock }, (sights) => this.#see(sights));
      await this.#watch.lookNow();
      if (signal.aborted) this.stop();
      this.#endIfDone();
      await this.#ended;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#watch?.close();
      this.#stopping.abort(new EsimdError("cancelled", "the station ends"));
      await Promise.allSettled(this.#runs);
      this.#setPhase("stopped");
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.summary();
  }

  summary(): StationSummary {
    const { passed, failed } = this.#verdicts;
    const seconds = Math.round(this.#parts.clock.monotonicMs() - this.#startMs) / 1000;
    const charges = this.#tally.charges - this.#chargesAtStart;
    return { units: passed + failed, passed, failed, charges, seconds };
  }

  view(): StationView {
    const { name, clock } = this.#parts;
    const atMs = clock.nowMs();
    return {
      schema: "esimd.station/1",
      version: this.#version,
      station: name,
      phase: this.#phase,
      notice: this.#notice(),
      batch: viewOfBatch(this.#parts.batch, this.#tally, {
        running: this.#running,
        budget: this.#parts.budget,
        work: this.#parts.work,
      }),
      slots: [...this.#slots.values()].map((slot) => slot.view),
      shift: this.#shift.pieces(atMs),
      scan: this.#scanner.last,
      atMs,
    };
  }

  onChange(changed: () => void): () => void {
    return this.#listeners.onChange(changed);
  }

  onEvent(heard: (event: StationEvent) => void): () => void {
    return this.#listeners.onEvent(heard);
  }

  scan(text: string, slot?: number): ScanResult {
    const result = this.#scanner.scan(text, slot);
    this.#startReady();
    this.#listeners.changed();
    return result;
  }

  retry(number: number): void {
    const slot = this.#slotOf(number);
    const { kind } = slot.phase;
    if (kind !== "passed" && kind !== "failed")
      throw new EsimdError("station_refused", `slot ${number} has no unit that is done`);
    slot.again(this.#parts.clock.nowMs());
    this.#startReady();
    this.#listeners.changed();
  }

  setOff(number: number, isOff: boolean): void {
    const slot = this.#slotOf(number);
    const nowMs = this.#parts.clock.nowMs();
    if (isOff) slot.takeOff("Taken out of work by a person.", nowMs);
    else slot.takeOn(nowMs);
    this.#startReady();
    this.#listeners.changed();
  }

  async reprint(serial: string, signal: AbortSignal): Promise<void> {
    await this.#labels.reprint(serial, signal).finally(() => this.#listeners.changed());
  }

  async voidUnit(serial: string, why: string, by: string | null): Promise<void> {
    const unit = this.#register.unit(parseSerial(serial, "the serial number"));
    if (unit === undefined) throw new EsimdError("station_refused", `no unit ${serial} is recorded`);
    if (this.#register.isRunning(serial)) throw new EsimdError("station_refused", `${serial} is at work`);
    await this.#desk.record({ kind: "voided", serial, eid: unit.eid, by, why });
    this.#listeners.changed();
  }

  drain(): void {
    if (this.#phase !== "working") return;
    this.#setPhase("draining");
    this.#endIfDone();
  }

  stop(): void {
    if (this.#phase === "stopping" || this.#phase === "stopped") return;
    this.#setPhase("stopping");
    this.#stopping.abort(new EsimdError("cancelled", "the station was stopped"));
    this.#endIfDone();
  }

  search(text: string, limit: number): readonly FoundUnit[] {
    return searchUnits(this.#register, text, limit);
  }

  /** What an earlier start left: its runs are over, and what they paid for is in the ledgers of their eUICCs. */
  async #takeUp(): Promise<void> {
    const { batch, budget, work, config, outside } = this.#parts;
    const sheet = work === undefined ? null : { file: work.place, units: work.units.size };
    const open = this.#register.openRuns;
    await this.#desk.record(
      { kind: "batch", batch, version: this.#version, budget, sheet },
      ...open.map(
        ({ run, batch: of, slot, serial }) => ({ kind: "interrupted", run, batch: of, slot, serial }) as const,
      ),
    );
    for (const eid of [...this.#tally.eids]) {
      const charges = await chargesOnDisk(outside.disk, config.stateDir, eid);
      if (charges !== undefined) this.#tally.noteCharges(eid, charges);
    }
    this.#chargesAtStart = this.#tally.charges;
    for (const cutOff of this.#register.cutOffRuns) this.#noteLeftOver(cutOff);
  }

  /** Only one whose eUICC is known can be told from another unit that was put in meanwhile. */
  #noteLeftOver({ slot, serial, eid }: OpenRun): void {
    if (serial === null || eid === null) return;
    this.#leftOver.set(slot, { serial, eid: parseEid(eid, "the record") });
  }

  #see(sights: ReadonlyMap<number, Sight>): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const [number, sight] of sights) {
      const slot = this.#slots.get(number);
      const change = slot?.see(sight, nowMs) ?? "none";
      if (slot === undefined || change === "none") continue;
      if (change !== "put-in") this.#listeners.publish({ kind: "taken-out", slot: number });
      if (change !== "taken-out") this.#listeners.publish({ kind: "put-in", slot: number });
      const left = this.#leftOver.get(number);
      if (change === "put-in" && left !== undefined && slot.serial === null) slot.give(left.serial, nowMs);
      else this.#leftOver.delete(number);
      this.#listeners.changed();
    }
    this.#startReady();
  }

  #startReady(): void {
    if (this.#phase !== "working") return;
    for (const slot of this.#slots.values()) if (slot.isReady) this.#begin(slot);
  }

  #begin(slot: Slot): void {
    const { clock } = this.#parts;
    slot.begin(clock.nowMs());
    this.#listeners.publish({ kind: "begun", slot: slot.number, serial: slot.serial });
    this.#listeners.changed();
    const run = this.#work(slot)
      .catch((thrown: unknown) => this.#fail(toEsimdError(thrown)))
      .finally(() => {
        this.#runs.delete(run);
        this.#endIfDone();
      });
    this.#runs.add(run);
  }

  async #work(slot: Slot): Promise<void> {
    const { outside, clock } = this.#parts;
    const { number, port } = slot;
    const serial = slot.serial ?? undefined;
    const left = this.#leftOver.get(number);
    this.#leftOver.delete(number);
    const work = serial === undefined ? undefined : this.#parts.work?.units.get(serial);
    const end = await runUnit(
      this.#unitParts(),
      {
        run: outside.newId(),
        slot: number,
        port: port ?? slot.place,
        config: this.#configFor(this.#entries.get(number), work),
        expectedImei: work?.imei ?? undefined,
        activatedByUser: (work?.activationCode ?? null) !== null,
        serial,
        resumes: left?.eid,
        observe: (observation) => {
          if (slot.observe(observation)) this.#listeners.changed();
        },
        identified: (unit) => {
          slot.identified(unit.eid, unit.serial, unit.imei === null ? null : parseImei(unit.imei, "the modem"));
          this.#listeners.changed();
        },
      },
      this.#stopping.signal,
    );
    if (end.kind === "ended") await this.#conclude(slot, end);
    else slot.dropRun(clock.nowMs());
    this.#listeners.changed();
    await this.#watch?.lookNow();
  }

  async #conclude(slot: Slot, { fact, exitStatus }: Extract<UnitEnd, { kind: "ended" }>): Promise<void> {
    const { clock } = this.#parts;
    const nowMs = clock.nowMs();
    const { verdict, serial, eid, error, seconds } = fact;
    const iccid: Iccid | null = fact.iccid === null ? null : parseIccid(fact.iccid, "the report");
    slot.end(fact, iccid, nowMs);
    this.#shift.note(nowMs, verdict);
    this.#verdicts[verdict === "PASS" ? "passed" : "failed"]++;
    const code = error?.code ?? null;
    this.#listeners.publish({
      kind: "ended",
      slot: slot.number,
      serial,
      verdict,
      eid,
      iccid: fact.iccid,
      code,
      exitStatus,
      seconds,
    });
    this.#listeners.changed();
    const { units } = this.#parts;
    if (units !== undefined && this.#verdicts.passed + this.#verdicts.failed >= units) this.drain();
    slot.noteLabel(await this.#labels.afterVerdict(this.#desk.entryOf(fact), this.#stopping.signal));
  }

  #unitParts(): UnitRunParts {
    const { host, outside, clock, random, log, connections, batch, operator, verifiesRegistration } = this.#parts;
    return {
      host,
      outside,
      clock,
      random,
      log,
      connections,
      batch,
      operator,
      verifiesRegistration,
      provision: this.#parts.provision ?? provisionOnce,
      register: this.#register,
      budget: this.#budget,
      record: (...facts) => this.#desk.record(...facts),
    };
  }

  #configFor(entry: SlotEntry | undefined, work: WorkOfUnit | undefined): Config {
    const { config } = this.#parts;
    const { sim, modem } = config;
    const fleet = work?.fleet ?? sim.fleet;
    const dialect = entry?.dialect ?? modem.dialect;
    return { ...config, sim: { ...sim, fleet }, modem: { ...modem, dialect, expectedEid: work?.eid ?? undefined } };
  }

  #refusal(serial: string): Refusal | undefined {
    const { work, serialFrom } = this.#parts;
    if (this.#phase !== "working") return { sentence: "The station takes no more units.", isForGood: false };
    if (serialFrom === "imei")
      return { sentence: "Serial numbers are read from the modems here, and not scanned.", isForGood: true };
    if (work !== undefined && !work.units.has(serial))
      return { sentence: `${serial} is not on the sheet of work.`, isForGood: true };
    return undefined;
  }

  #slotOf(number: number): Slot {
    const slot = this.#slots.get(number);
    if (slot !== undefined) return slot;
    throw new EsimdError("bad_input", `there is no slot ${number}`);
  }

  get #running(): number {
    return [...this.#slots.values()].filter(({ phase }) => phase.kind === "running").length;
  }

  #notice(): string | null {
    if (this.#failure !== undefined) return `${this.#failure.message}. ${this.#failure.hint}`;
    const { limit } = this.#budget;
    switch (this.#phase) {
      case "draining":
        return "No more units: what is at work is finished.";
      case "stopping":
        return "The station stops; what is at work goes on at the next start.";
      case "stopped":
        return "The station has stopped.";
      default:
        return limit !== null && this.#tally.chargesAtMost >= limit
          ? `The batch's budget of ${limit} is spent: units that need a profile fail.`
          : null;
    }
  }

  #setPhase(phase: StationPhase): void {
    this.#phase = phase;
    this.#listeners.publish({ kind: "phase", phase });
    this.#listeners.changed();
  }

  /** Without its record the station may do nothing: what goes on is cut off in good order. */
  #fail(error: EsimdError): void {
    this.#failure ??= error;
    this.#parts.log.error({ error }, "the station cannot go on");
    this.stop();
  }

  #endIfDone(): void {
    if (this.#phase !== "working" && this.#runs.size === 0) this.#end();
  }
}
