import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { EuiccState } from "../euicc/state.js";
import { type FakeModem, startFakeModem } from "../modem/fake-modem.js";
import { checkScenario } from "../modem/scenario.js";
import { parseListenAddress } from "../modem/transport/socket.js";
import type { FakeServers } from "../servers.js";
import { faultOf } from "./faults.js";
import type { UnitPlan } from "./plan.js";

/** The slots of a line: a Unix socket each, which is there only while a unit is in it. */

export interface BenchOptions {
  readonly servers: Pick<FakeServers, "dir" | "pki" | "smdp">;
  readonly plan: readonly UnitPlan[];
  readonly slots: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dialect: string;
  readonly paceBaud?: number | undefined;
  readonly delayMs?: number | undefined;
}

export interface BenchSlot {
  readonly number: number;
  /** What a station file names. */
  readonly port: string;
}

export class Bench {
  readonly slots: readonly BenchSlot[];
  readonly #options: BenchOptions;
  readonly #modems = new Map<number, { readonly modem: FakeModem; readonly unit: UnitPlan }>();
  /** Units that another turn shares the eUICC of. */
  readonly #comesBack: ReadonlySet<number>;
  /** What the eUICC of a unit remembers that is on no slot, by the index of its first turn. */
  readonly #kept = new Map<number, EuiccState>();

  constructor(options: BenchOptions) {
    this.#options = options;
    const folder = join(options.servers.dir, "slots");
    this.slots = Array.from({ length: options.slots }, (_, index) => {
      const port = `unix:${join(folder, `${String(index + 1).padStart(2, "0")}.sock`)}`;
      parseListenAddress(port);
      return { number: index + 1, port };
    });
    this.#comesBack = new Set(options.plan.flatMap(({ isSameUnit, after }) => (isSameUnit ? (after ?? []) : [])));
  }

  /** Makes the folder of the slots. */
  async open(): Promise<void> {
    await mkdir(join(this.#options.servers.dir, "slots"), { recursive: true });
  }

  /** The unit has power, and the slot its socket, when this resolves. @throws EsimdError `bad_input`. */
  async putIn(slot: number, unit: UnitPlan): Promise<void> {
    const port = this.slots[slot - 1]?.port;
    if (port === undefined || this.#modems.has(slot)) {
      throw new EsimdError("unexpected", `slot ${slot} is not there, or a unit is in it`);
    }
    const { clock, random, log, dialect, paceBaud, delayMs, servers } = this.#options;
    const fault = unit.fault === null ? undefined : faultOf(unit.fault);
    const modem = await startFakeModem({
      clock,
      random,
      log,
      dialect,
      paceBaud,
      delayMs,
      pki: servers.pki,
      eid: unit.eid,
      imei: unit.imei,
      keptEuicc: unit.isSameUnit && unit.after !== null ? this.#kept.get(unit.after) : undefined,
      wire: { kind: "socket", listen: parseListenAddress(port) },
      scenario: fault?.modem === undefined ? undefined : checkScenario(fault.modem, `the fault ${fault.kind}`),
      defaultSmdpAddress: servers.smdp.address,
    });
    this.#modems.set(slot, { modem, unit });
  }

  /** Its power and the slot's socket are gone when this resolves. */
  async takeOut(slot: number): Promise<void> {
    const there = this.#modems.get(slot);
    if (there === undefined) return;
    this.#modems.delete(slot);
    await there.modem.close();
    if (this.#comesBack.has(there.unit.index)) this.#kept.set(there.unit.index, there.modem.euicc.toJSON());
  }

  /** What a person reads off the unit in a slot: its serial number, in `slots/NN.label`. */
  async writeLabel(slot: number, unit: UnitPlan): Promise<void> {
    const name = `${String(slot).padStart(2, "0")}.label`;
    await writeFile(join(this.#options.servers.dir, "slots", name), `${unit.serial}\n`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#modems.keys()].map((slot) => this.takeOut(slot)));
  }
}
