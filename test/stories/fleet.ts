import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { type Eid, parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { DaemonSignal } from "../../src/daemon/daemon.js";
import { type FakeModem, startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import { checkScenario, type ScenarioInput } from "../../src/emulator/modem/scenario.js";
import { loadPki } from "../../src/emulator/pki/pki.js";
import { type Report, reportSchema } from "../../src/report/schema.js";
import { configured, type Sections } from "./conditions.js";
import { type Ended, type Field, type FieldOptions, startField } from "./field.js";

/** A gateway with several modems, each on a pty of its own, and one daemon that serves them. */

export class Fleet {
  readonly field: Field;
  readonly modems: FakeModem[] = [];
  /** What the daemon has logged so far. */
  log = "";
  #stdout = "";
  readonly #signals: Map<DaemonSignal, () => void>;
  readonly #stop = new AbortController();
  #running: Promise<Ended> | undefined;

  private constructor(field: Field, signals: Map<DaemonSignal, () => void>) {
    this.field = field;
    this.#signals = signals;
  }

  /** The world without daemon and modems of its own making yet. */
  static async start(options: FieldOptions = {}): Promise<Fleet> {
    const signals = new Map<DaemonSignal, () => void>();
    const heard: { out?: (text: string) => void; err?: (text: string) => void } = {};
    const field = await startField({
      ...options,
      onSignal: (name, listener) => {
        signals.set(name, listener);
        return () => signals.delete(name);
      },
      onStdout: (text) => heard.out?.(text),
      onStderr: (text) => heard.err?.(text),
    });
    const fleet = new Fleet(field, signals);
    heard.out = (text) => {
      fleet.#stdout += text;
    };
    heard.err = (text) => {
      fleet.log += text;
    };
    mkdirSync(join(field.dir, "modems.d"));
    return fleet;
  }

  /** Puts one more modem on a pty. */
  async addModem(eid: Eid, scenario?: ScenarioInput): Promise<FakeModem> {
    const { dir, world } = this.field;
    const modem = await startFakeModem({
      clock: systemClock,
      random: seededRandom(this.modems.length + 20),
      log: silentLog,
      pki: loadPki(join(dir, "pki")),
      eid,
      wire: { kind: "pty", link: join(dir, `modem-${this.modems.length}`) },
      scenario: scenario === undefined ? undefined : checkScenario(scenario, "the story's modem"),
      world: { simBusyMs: 150, registrationMs: 200 },
      defaultSmdpAddress: world.smdpAddress,
    });
    this.modems.push(modem);
    return modem;
  }

  /** Writes the file of a modem. */
  configure(name: string, modem: FakeModem, more = ""): void {
    writeFileSync(this.fileOf(name), `${more}[modem]\nport = "${modem.port}"\n`);
  }

  takeOut(name: string): void {
    rmSync(this.fileOf(name));
  }

  fileOf(name: string): string {
    return join(this.field.dir, "modems.d", `${name}.toml`);
  }

  async run(changes: Sections = {}): Promise<void> {
    const words = await configured(this.field, { ...changes, modem: { lpa: "modem", ...changes["modem"] } });
    this.#running = this.field.esimd(["run", "--json", ...words], {}, this.#stop.signal);
  }

  signal(name: DaemonSignal): void {
    this.#signals.get(name)?.();
  }

  /** The reports so far. */
  get reports(): readonly Report[] {
    const lines = this.#stdout.split("\n").filter((line) => line !== "");
    return lines.map((line) => reportSchema.parse(JSON.parse(line)));
  }

  provisioned(modem: FakeModem): boolean {
    return this.reports.some(({ eid, state }) => eid === modem.euicc.eid && state === "provisioned");
  }

  /** How the daemon ended, by itself or by SIGTERM. */
  async ended(how: "by itself" | "stopped"): Promise<Ended> {
    if (this.#running === undefined) throw new Error("the daemon was not started");
    if (how === "stopped") this.#stop.abort(new EsimdError("cancelled", "stopped by SIGTERM"));
    return this.#running;
  }

  async close(): Promise<void> {
    if (this.#running !== undefined) await this.ended("stopped");
    for (const modem of this.modems) await modem.close();
    await this.field.close();
  }
}

export async function inFleet(options: FieldOptions, story: (fleet: Fleet) => Promise<void>): Promise<void> {
  const fleet = await Fleet.start(options);
  try {
    await story(fleet);
  } finally {
    await fleet.close();
  }
}

/** The nth of a maker's EIDs: 30 digits, and check digits such that the whole is 1 modulo 97 (SGP.02, 2.2.2). */
export function eidNumber(number: number): Eid {
  const body = `8904903212345123451234${String(number).padStart(8, "0")}`;
  const check = 98n - ((BigInt(body) * 100n) % 97n);
  return parseEid(`${body}${String(check).padStart(2, "0")}`, "the story's EID");
}
