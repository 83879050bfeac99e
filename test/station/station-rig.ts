import { mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "../../src/base/clock.js";
import { type ErrorCode, EsimdError } from "../../src/base/errors.js";
import { type Eid, parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { loadConfig } from "../../src/daemon/config/load.js";
import { realOutside } from "../../src/daemon/outside.js";
import type { ProvisionerParts, ProvisionResult } from "../../src/daemon/provisioner.js";
import { noFacts } from "../../src/provision/run.js";
import { UsualWait } from "../../src/provision/usual-wait.js";
import { buildReport } from "../../src/report/build.js";
import type { StationEvent } from "../../src/station/control.js";
import type { StationParts, StationSummary } from "../../src/station/parts.js";
import type { EndedEntry, Entry } from "../../src/station/records/entry.js";
import { openRecord } from "../../src/station/records/log.js";
import { readRecord } from "../../src/station/records/read.js";
import { Station } from "../../src/station/station.js";
import { FakeHost } from "../support/fake-host.js";

/**
 * A station whose slots are files that are there or not, and whose runs are what the test makes of them; its record is a real file. Who is in
 * a slot, and whether it was paid for, the rig keeps itself, as eUICCs and the provider do.
 */

export const eids: readonly Eid[] = Array.from({ length: 9 }, (_none, index) => eidOf(index + 1));

/** The test range's issuer, a number, and check digits (SGP.02, 2.2.2). */
function eidOf(number: number): Eid {
  const body = `890490320000000000000000${String(number).padStart(6, "0")}`;
  const check = 98n - ((BigInt(body) * 100n) % 97n);
  return parseEid(`${body}${String(check).padStart(2, "0")}`, "the rig");
}

export interface UnitInSlot {
  readonly eid: Eid;
  readonly imei?: string;
}

/** A run on its way. */
export interface RigRun {
  readonly slot: number;
  readonly parts: ProvisionerParts;
  readonly signal: AbortSignal;
  /** Its modem and eUICC are found; rejects as the gate does. */
  identify(): Promise<void>;
  /** It pays, once the gate lets it. */
  pay(): Promise<void>;
  end(how: "well" | ErrorCode): void;
}

/** Until no file is waited for any more: a busy machine's fsync takes its time, and what comes after it follows in a turn or two. */
async function disksAreQuiet(): Promise<void> {
  for (let quietTurns = 0; quietTurns < 4; quietTurns++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (process.getActiveResourcesInfo().some((name) => /^(FSReq|FileHandle|CloseReq)/.test(name))) quietTurns = 0;
  }
}

export class StationRig {
  readonly folder: string;
  readonly clock = new VirtualClock();
  readonly events: StationEvent[] = [];
  readonly labels: string[] = [];
  /** By EID. */
  readonly charges = new Map<string, number>();
  readonly running: RigRun[] = [];
  /** What the printer does. */
  printer: "works" | "fails" = "works";
  station: Station | undefined;
  ended: StationSummary | EsimdError | undefined;
  #run: Promise<void> | undefined;
  readonly #stop = new AbortController();
  readonly #units = new Map<number, UnitInSlot>();

  constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<StationRig> {
    return new StationRig(await mkdtemp(join(tmpdir(), "esimd-station-")));
  }

  /** Another start on the same record. */
  async restarted(): Promise<StationRig> {
    const next = new StationRig(this.folder);
    for (const [eid, count] of this.charges) next.charges.set(eid, count);
    for (const [slot, unit] of this.#units) next.#units.set(slot, unit);
    return next;
  }

  async start(changes: Partial<StationParts> = {}, slots = 3): Promise<Station> {
    const { clock, folder } = this;
    const { disk, processes } = realOutside;
    const record = await openRecord({ disk, processes, clock, folder: join(folder, "record"), station: "line-1" });
    const { config } = loadConfig({ env: { ESIMD_STATE_DIR: join(folder, "state"), ESIMD_PROVIDER: "none" } });
    let ids = 0;
    const station = new Station({
      name: "line-1",
      batch: "b1",
      slots: Array.from({ length: slots }, (_none, index) => ({ number: index + 1, port: this.#port(index + 1) })),
      serialFrom: "scan",
      verifiesRegistration: false,
      operator: null,
      budget: null,
      config,
      host: new FakeHost().roots,
      outside: { ...realOutside, newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}` },
      clock,
      random: { next: () => 0 },
      log: silentLog,
      connections: {
        api: undefined,
        es9Plus: () => Promise.reject(new Error("nobody asks for it")),
        usualWait: new UsualWait(),
      },
      record,
      provision: (parts, signal) => this.#provision(parts, signal),
      printLabel: async (unit: EndedEntry) => {
        if (this.printer === "fails") throw new EsimdError("label_unprinted", "the printer has no paper");
        this.labels.push(unit.serial ?? "");
      },
      ...changes,
    });
    this.station = station;
    station.onEvent((event) => this.events.push(event));
    this.#run = station
      .run(this.#stop.signal)
      .then(
        (summary) => {
          this.ended = summary;
        },
        (error: EsimdError) => {
          this.ended = error;
        },
      )
      .finally(() => record.log.close());
    await this.settle();
    return station;
  }

  async putIn(slot: number, unit: UnitInSlot): Promise<void> {
    this.#units.set(slot, unit);
    await writeFile(this.#port(slot), "");
    await this.settle();
  }

  async takeOut(slot: number): Promise<void> {
    this.#units.delete(slot);
    await unlink(this.#port(slot));
    await this.settle();
  }

  /** Looks for units, as the clock has it, and lets everything happen that follows. */
  async settle(): Promise<void> {
    for (let round = 0; round < 8; round++) {
      await this.clock.advance(250);
      await disksAreQuiet();
    }
  }

  /** Whoever runs in the slot goes through the whole of it. */
  async finish(slot: number, how: "well" | ErrorCode = "well"): Promise<void> {
    const run = this.runIn(slot);
    await run.identify();
    if (how === "well") await run.pay();
    run.end(how);
    await this.settle();
  }

  runIn(slot: number): RigRun {
    const run = this.running.find((one) => one.slot === slot);
    if (run === undefined) throw new Error(`nothing runs in slot ${slot}`);
    return run;
  }

  phaseOf(slot: number): string {
    return this.station?.view().slots[slot - 1]?.phase.kind ?? "none";
  }

  /** The power goes: nothing of what runs is said any more. */
  async cutOff(): Promise<void> {
    this.#stop.abort(new EsimdError("cancelled", "the end"));
    await this.#run;
  }

  entries(): Promise<readonly Entry[]> {
    return readRecord(join(this.folder, "record"));
  }

  async close(): Promise<void> {
    await this.cutOff();
    await rm(this.folder, { recursive: true, force: true });
  }

  #port(slot: number): string {
    return join(this.folder, `slot-${slot}`);
  }

  #provision(parts: ProvisionerParts, signal: AbortSignal): Promise<ProvisionResult> {
    const slot = Number(/slot-(\d+)$/.exec(parts.port)?.[1]);
    const facts = noFacts();
    return new Promise((resolve) => {
      const unit = this.#units.get(slot);
      const end = (error: EsimdError | undefined): void => {
        const index = this.running.indexOf(run);
        if (index < 0) return;
        this.running.splice(index, 1);
        if (unit !== undefined) facts.eid = unit.eid;
        const nowMs = this.clock.nowMs();
        const state = error === undefined ? "provisioned" : "failed";
        const outcome = { state, error, facts, startedAtMs: nowMs, finishedAtMs: nowMs, timings: {} } as const;
        resolve({ outcome, report: buildReport(outcome, parts.port, true), exitStatus: error?.exitStatus ?? 0 });
      };
      /** What the gate refuses ends the run with it. */
      const asked = async (question: Promise<void> | undefined): Promise<void> => {
        try {
          await question;
        } catch (error) {
          if (!(error instanceof EsimdError)) throw error;
          end(error);
          await this.settle();
        }
      };
      const run: RigRun = {
        slot,
        parts,
        signal,
        identify: async () => {
          if (unit === undefined) return;
          const charges = { known: this.charges.get(unit.eid) ?? 0, doubtful: 0 };
          await asked(parts.gate?.admit({ eid: unit.eid, imei: unit.imei, charges }, signal));
        },
        pay: async () => {
          if (unit === undefined || !this.running.includes(run) || (this.charges.get(unit.eid) ?? 0) > 0) return;
          await asked(parts.gate?.mayReserve(unit.eid, signal));
          if (this.running.includes(run)) this.charges.set(unit.eid, 1);
        },
        end: (how) => end(how === "well" ? undefined : new EsimdError(how, `the run ends with ${how}`)),
      };
      this.running.push(run);
      const cutOff = (): void => run.end("cancelled");
      if (signal.aborted) cutOff();
      else signal.addEventListener("abort", cutOff, { once: true });
    });
  }
}
