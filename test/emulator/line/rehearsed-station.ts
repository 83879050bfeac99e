import { existsSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { type Clock, sleep } from "../../../src/base/clock.js";
import { isEsimdError } from "../../../src/base/errors.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { loadConfig } from "../../../src/daemon/config/load.js";
import { connectModem } from "../../../src/daemon/modem-session.js";
import { provisionOnce } from "../../../src/daemon/provisioner.js";
import type { LineReady } from "../../../src/emulator/line/fake-line.js";
import { readEid } from "../../../src/lpa/open.js";
import { detectDialect } from "../../../src/modem/detect.js";
import { ownCatalogue } from "../../../src/modem/dialects/index.js";
import { readIdentity } from "../../../src/modem/identity.js";

/**
 * A station in a few lines, to feed a line with before there is a real one: it speaks the executive's protocol, watches the slots, and
 * provisions by the program's own run, with a state folder on the disk.
 */

/** Which unit has a serial number: outlives the station, as its record would. */
export type Record = Map<string, { readonly eid: string; readonly imei: string | undefined }>;

export interface RehearsedStation {
  /** Runs that ended. */
  readonly verdicts: readonly { readonly slot: number; readonly serial: string; readonly code: string | null }[];
  readonly running: number;
  /** As SIGKILL does, as far as a line can tell: what runs is cut short, and the connections break. */
  kill(): Promise<void>;
}

interface Slot {
  readonly number: number;
  readonly port: string;
  phase: "empty" | "needs-serial" | "running" | "passed" | "failed";
  serial: string | null;
}

const lookMs = 400;

export async function startRehearsedStation(
  ready: LineReady,
  socketPath: string,
  clock: Clock,
  record: Record = new Map(),
): Promise<RehearsedStation> {
  const station = new Station(ready, clock, record);
  await station.listen(socketPath);
  return station;
}

class Station implements RehearsedStation {
  readonly verdicts: { slot: number; serial: string; code: string | null }[] = [];
  readonly #clock: Clock;
  readonly #config;
  readonly #record: Record;
  readonly #slots: readonly Slot[];
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #listeners = new Set<Socket>();
  readonly #stop = new AbortController();
  readonly #work = new Set<Promise<void>>();

  constructor(ready: LineReady, clock: Clock, record: Record) {
    this.#clock = clock;
    this.#config = loadConfig({ env: ready.env }).config;
    this.#record = record;
    this.#slots = ready.slots.map(({ number, port }) => ({ number, port, phase: "empty", serial: null }));
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  get running(): number {
    return this.#work.size - this.#slots.length;
  }

  listen(path: string): Promise<void> {
    for (const slot of this.#slots) this.#begin(this.#watch(slot));
    return new Promise((resolve) => this.#server.listen(path, () => resolve()));
  }

  async kill(): Promise<void> {
    this.#stop.abort(new Error("killed"));
    for (const socket of this.#clients) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all(this.#work);
  }

  #begin(work: Promise<void>): void {
    const kept: Promise<void> = work
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) throw error;
      })
      .finally(() => this.#work.delete(kept));
    this.#work.add(kept);
  }

  #welcome(socket: Socket): void {
    this.#clients.add(socket);
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#clients.delete(socket);
      this.#listeners.delete(socket);
    });
    socket.write("ESIMD-STATION 1 rehearsal\n");
    let unread = "";
    socket.on("data", (text) => {
      const lines = (unread + String(text)).split("\n");
      unread = lines.pop() ?? "";
      for (const line of lines) socket.write(this.#answer(line, socket));
    });
  }

  #answer(line: string, socket: Socket): string {
    const [, word = "", number = "", rest = ""] = /^(\S+)(?: (\S+))?(?: (.*))?$/.exec(line) ?? [];
    const slot = this.#slots.find((one) => String(one.number) === number);
    switch (word) {
      case "HELLO":
        return "OK\n";
      case "LISTEN":
        this.#listeners.add(socket);
        return "OK\n";
      case "STATUS": {
        const rows = this.#slots.map((one) => `SLOT ${one.number} ${one.phase} ${one.serial ?? "-"}\n`);
        return `OK ${rows.length}\n${rows.join("")}`;
      }
      case "SERIAL":
        if (slot?.phase !== "needs-serial") return "ERR station_refused it waits for no serial number\n";
        this.#begin(this.#run(slot, rest));
        return "OK\n";
      default:
        return `ERR executive_protocol ${word}\n`;
    }
  }

  #say(event: string): void {
    for (const socket of this.#listeners) socket.write(`EVENT ${event}\n`);
  }

  async #watch(slot: Slot): Promise<void> {
    for (;;) {
      const isThere = existsSync(slot.port.slice("unix:".length));
      if (isThere && slot.phase === "empty") {
        slot.phase = "needs-serial";
        this.#say(`PUTIN ${slot.number}`);
      } else if (!isThere && slot.phase !== "running" && slot.phase !== "empty") {
        slot.phase = "empty";
        slot.serial = null;
        this.#say(`TAKENOUT ${slot.number}`);
      }
      await sleep(this.#clock, lookMs, this.#stop.signal);
    }
  }

  async #run(slot: Slot, serial: string): Promise<void> {
    slot.phase = "running";
    slot.serial = serial;
    this.#say(`BEGUN ${slot.number} ${serial}`);
    const { code, exitStatus, eid, iccid } = await this.#provision(slot.port, serial);
    this.#stop.signal.throwIfAborted();
    slot.phase = code === null ? "passed" : "failed";
    this.verdicts.push({ slot: slot.number, serial, code });
    if (code === null) this.#say(`PASS ${slot.number} 0 1.0 ${eid ?? "-"} ${iccid ?? "-"} ${serial}`);
    else this.#say(`FAIL ${slot.number} ${exitStatus} 1.0 ${code} ${serial}`);
  }

  async #provision(port: string, serial: string) {
    const { signal } = this.#stop;
    const parts = { clock: this.#clock, random: seededRandom(9), log: silentLog };
    const identified = await this.#identify(port, serial);
    if (identified !== null) return { code: identified, exitStatus: 65, eid: null, iccid: null };
    const { report, exitStatus } = await provisionOnce(
      { config: this.#config, port, observe: () => undefined, ...parts },
      signal,
    );
    const { eid, iccid, error } = report;
    return { code: error?.code ?? null, exitStatus, eid, iccid };
  }

  /** The code of what forbids to go on: before anything is paid for, somebody has to know who is in the slot. */
  async #identify(port: string, serial: string): Promise<string | null> {
    const { signal } = this.#stop;
    const wakeMs = this.#config.modem.wakeWaitMs;
    try {
      const parts = { clock: this.#clock, random: seededRandom(8), log: silentLog, wakeMs };
      const line = await connectModem(port, parts, signal);
      try {
        const identity = await readIdentity(line, signal);
        const dialect = await detectDialect(line, this.#config.modem.dialect, ownCatalogue, identity, signal);
        const { eid } = await readEid(line, dialect, signal);
        const known = this.#record.get(serial);
        const others = [...this.#record].filter(([other]) => other !== serial);
        const isTwin = others.some(([, other]) => other.eid === eid || other.imei === identity.imei);
        if (isTwin || (known !== undefined && known.eid !== eid)) return "unit_duplicate";
        this.#record.set(serial, { eid, imei: identity.imei });
        return null;
      } finally {
        await line.channel.close();
      }
    } catch (error) {
      // Whatever else is wrong with it, the run says it better.
      if (!signal.aborted && isEsimdError(error)) return null;
      throw error;
    }
  }
}
