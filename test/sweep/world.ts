import type { VirtualClock } from "../../src/base/clock.js";
import { withDeadline } from "../../src/base/deadline.js";
import { type EsimdError, isEsimdError } from "../../src/base/errors.js";
import { type Eid, parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { type Random, seededRandom } from "../../src/base/random.js";
import type { Config } from "../../src/daemon/config/config.js";
import type { Outside } from "../../src/daemon/outside.js";
import { type ProvisionResult, provisionOnce } from "../../src/daemon/provisioner.js";
import type { Behaviour as ApiBehaviour } from "../../src/emulator/api/behaviours.js";
import { type ApiService, fakeApiDefaults } from "../../src/emulator/api/service.js";
import type { Behaviour } from "../../src/emulator/modem/behaviours.js";
import type { HttpResponse } from "../../src/emulator/modem/dialects/http-text.js";
import { type FakeModem, startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import type { World as ModemWorld } from "../../src/emulator/modem/scenario.js";
import { openMemoryWire } from "../../src/emulator/modem/transport/memory.js";
import { createPki, type Pki } from "../../src/emulator/pki/pki.js";
import type { ScenarioInput } from "../../src/emulator/smdp/scenario.js";
import type { SmdpService } from "../../src/emulator/smdp/service.js";
import type { Es9Answer } from "../../src/lpa/es9plus/client.js";
import { durableDisk } from "../../src/provision/store/disk.js";
import type { BytePort, OpenPort } from "../../src/serial/port.js";
import { DeviceClock, refusalByDate } from "./device-clock.js";
import { type PowerCut, SimFiles } from "./files.js";
import { type Death, type Happening, Life } from "./life.js";
import { modemFaults } from "./modem-faults.js";
import { SimNetwork } from "./network.js";
import type { Point } from "./points.js";
import { createSimProvider, type SimProvider } from "./sim-provider.js";
import { type ConfigValues, configOf, stateDir } from "./world-config.js";

/**
 * The whole of it in one process and on one clock that stands still unless told to move: modem, eUICC, SM-DP+, API, disk, power. The
 * run in it is the daemon's own, from the configuration to the report; only what leaves the process is the simulation's.
 */

export interface Setup {
  readonly family: string;
  readonly lpa: "host" | "modem";
  readonly method: "eid" | "activation-code";
  readonly provider: "twilio" | "kore" | "none";
}

export interface SimOptions extends Setup {
  readonly pki: Pki;
  readonly apiBehaviours?: readonly ApiBehaviour[];
  readonly smdpScenario?: ScenarioInput;
  /** Configuration keys and their values, as in a file. */
  readonly config?: ConfigValues;
  readonly modemWorld?: Partial<ModemWorld>;
  /** The eUICC comes with an enabled profile that has a network; left out: where the modem's own LPA needs one. */
  readonly bootstrap?: boolean;
  /** The device's only way to the network is its modem. */
  readonly onlyByModem?: boolean;
  /** How many syncs the disk forgets in a `forgetful` power cut. */
  readonly diskForgets?: number;
  readonly eid?: Eid;
  /** Another device at the same provider, with a modem, a disk and a clock of its own. */
  readonly beside?: SimWorld;
}

export type Ending =
  | { readonly kind: "ended"; readonly result: ProvisionResult }
  | { readonly kind: "died"; readonly death: Death }
  /** There was no run: its beginning was refused. */
  | { readonly kind: "unable"; readonly error: EsimdError }
  /** Nothing was left that could ever have ended it. */
  | { readonly kind: "hung"; readonly error: unknown };

export type At = (point: Point) => Happening | undefined;

/** A process of the device, with all that it is given of the world. */
export interface SimProcess {
  readonly config: Config;
  readonly clock: Life["clock"];
  readonly random: Random;
  readonly outside: Outside;
  provision(signal: AbortSignal): Promise<ProvisionResult>;
}

const sweepEid = parseEid("89049032123451234512345678901235", "the sweep");
export const simPort = "unix:/sweep/modem";
/** From power to a running esimd, and from a kill to the next start. */
const bootMs = 25_000;
const restartMs = 1_000;
/** How long the modem waits for an SM-DP+ (src/emulator/modem/dialects/own-network.ts). */
const ownRequestTimeoutMs = 30_000;

let sharedPki: Pki | undefined;
/** Making keys is slow, and no point differs by them. */
export function sweepPki(): Pki {
  sharedPki ??= createPki();
  return sharedPki;
}

interface WorldParts {
  readonly provider: SimProvider;
  readonly modem: FakeModem;
  readonly openModem: OpenPort;
}

export class SimWorld {
  readonly provider: SimProvider;
  /** The true time, and everybody's. */
  readonly clock: VirtualClock;
  readonly deviceClock: DeviceClock;
  readonly files: SimFiles;
  readonly eid: Eid;
  readonly setup: Setup;
  readonly api: ApiService;
  readonly smdp: SmdpService;
  readonly modem: FakeModem;
  readonly network: SimNetwork;
  /** The device's clock was synchronised since its start; where it was not, the modem's vouches for it. */
  isSynchronised = false;
  readonly #openModem: OpenPort;
  readonly #ownsProvider: boolean;
  readonly #onlyByModem: boolean;
  readonly #ciPem: string;
  #config: Config;
  #ids = 0;
  #lives = 0;
  #alive: number | undefined;
  #life: Life | undefined;

  static async create(options: SimOptions): Promise<SimWorld> {
    const wire = openMemoryWire();
    const provider = options.beside?.provider ?? createSimProvider(options);
    let world: SimWorld | undefined;
    const ownRequest = async (address: string, name: string, body: string): Promise<HttpResponse> => {
      const { httpStatus, body: text } = await (world ?? fail()).modemsOwnRequest(address, name, body);
      return { status: httpStatus, body: text };
    };
    const modem = await startFakeModem({
      clock: provider.clock,
      random: options.beside === undefined ? provider.random : seededRandom(6),
      log: silentLog,
      pki: options.pki,
      dialect: options.family,
      eid: options.eid ?? sweepEid,
      wire: { kind: "memory", wire },
      bootstrap: options.bootstrap ?? (options.lpa === "modem" && options.family === "quectel-nwmode"),
      // As it was delivered; the device is configured to write its own.
      defaultSmdpAddress: "rsp.vendor.example",
      ownNetwork: (address) => (name, body) => ownRequest(address, name, body),
    });
    if (options.modemWorld !== undefined) modem.changeWorld(options.modemWorld);
    world = new SimWorld(options, { provider, modem, openModem: wire.openPort });
    return world;
  }

  private constructor(options: SimOptions, { provider, modem, openModem }: WorldParts) {
    this.setup = options;
    this.eid = options.eid ?? sweepEid;
    this.files = new SimFiles(options.diskForgets);
    this.provider = provider;
    this.#ownsProvider = options.beside === undefined;
    this.#onlyByModem = options.onlyByModem ?? false;
    this.clock = provider.clock;
    this.deviceClock = new DeviceClock(provider.clock);
    this.api = provider.api;
    this.smdp = provider.smdp;
    this.modem = modem;
    this.#openModem = async (address, signal) => usbPort(await openModem(address, signal));
    this.network = new SimNetwork(provider);
    this.#config = configOf(options, options.config);
    this.#ciPem = options.pki.ciPem;
    // The folder that systemd makes (StateDirectory=), and whose name is durable since installation.
    void this.files.mkdir(stateDir).then(() => this.files.syncFolder("/"));
  }

  /** What the account's API takes, for requests of somebody else's. */
  get authorization(): string {
    return `Basic ${Buffer.from(`${fakeApiDefaults.key}:${fakeApiDefaults.secret}`).toString("base64")}`;
  }

  get deadlineMs(): number {
    return this.#config.deadlineMs;
  }

  /** From the next start on. */
  configure(values: ConfigValues, secret?: string): void {
    this.#config = configOf(this.setup, values, secret);
  }

  /** One life of the process, from its start. `at` sees every point, and says what happens there. */
  async live(at: At): Promise<Ending> {
    return this.#untilIdle(this.start(at));
  }

  /** The same, for who moves the clock: two devices may live at once. */
  async start(at: At): Promise<Ending> {
    const provision = async (process: SimProcess): Promise<Ending> => {
      try {
        return { kind: "ended", result: await process.provision(new AbortController().signal) };
      } catch (error) {
        if (isEsimdError(error)) return { kind: "unable", error };
        throw error;
      }
    };
    const lived = await this.#begin(at, provision);
    return lived.kind === "died" ? lived : lived.value;
  }

  /** Another program of this device on its files and its network, such as a person's command, to its end. */
  async command<Value>(work: (process: SimProcess) => Promise<Value>, at: At = () => undefined): Promise<Value> {
    const lived = await this.clock.runUntil(this.#begin(at, work));
    if (lived.kind === "died") throw new Error("the command was killed");
    return lived.value;
  }

  async #untilIdle(life: Promise<Ending>): Promise<Ending> {
    try {
      return await this.clock.runUntil(life);
    } catch (error) {
      return { kind: "hung", error };
    } finally {
      this.#alive = undefined;
      this.#life = undefined;
    }
  }

  async #begin<Value>(
    at: At,
    work: (process: SimProcess) => Promise<Value>,
  ): Promise<{ readonly kind: "done"; readonly value: Value } | { readonly kind: "died"; readonly death: Death }> {
    const pid = 1000 + ++this.#lives;
    const life = new Life({
      clock: this.deviceClock,
      files: this.files,
      network: this.network,
      openModem: this.#openModem,
      at,
      misbehave: (name) => {
        const fault = modemFaults[name];
        if (fault === undefined) throw new Error(`there is no fault ${name}`);
        const behaviour: Behaviour = { ...fault, nth: 1 };
        this.modem.prependBehaviour(behaviour);
      },
      refusal: () => {
        if (this.#onlyByModem && !this.modem.isRegistered) return "ENETUNREACH";
        return refusalByDate(this.deviceClock);
      },
    });
    this.#alive = pid;
    this.#life = life;
    const died = life.died().then((death) => ({ kind: "died", death }) as const);
    const done = work(this.#process(life, pid)).then((value) => ({ kind: "done", value }) as const);
    try {
      return await Promise.race([done, died]);
    } finally {
      this.#alive = undefined;
      this.#life = undefined;
    }
  }

  #process(life: Life, pid: number): SimProcess {
    const parts = {
      config: this.#config,
      clock: life.clock,
      random: seededRandom(9 + this.#lives),
      outside: {
        disk: durableDisk(life.files()),
        processes: {
          ownPid: pid,
          birthOf: (asked: number) => (asked === this.#alive ? `boot/${asked}` : undefined),
        },
        newId: () => `intent-${++this.#ids}`,
        hostClock: {
          builtAtMs: Date.UTC(2025, 5, 1),
          isMarked: async () => this.isSynchronised,
          isSynchronised: async () => undefined,
        },
        reach: life.reach,
        openTransport: life.openTransport,
        openExchange: life.openExchange,
        loadRoots: async () => [this.#ciPem],
      },
    };
    return {
      ...parts,
      provision: (signal) =>
        provisionOnce(
          {
            ...parts,
            port: simPort,
            log: silentLog,
            observe: (seen) => {
              if (seen.kind === "state") life.enter(seen.state);
            },
            openPort: life.openPort,
          },
          signal,
        ),
    };
  }

  /**
   * A modem that downloads by itself asks the SM-DP+ over its own network. No step of the process, but a moment at which that may die, and
   * a request that may fail.
   */
  async modemsOwnRequest(address: string, name: string, body: string): Promise<Es9Answer> {
    const happening = this.#life?.arrive("smdp", `the modem's own ${name}`);
    const dies = (when: "before" | "after"): void => {
      if (happening?.kind === "death" && happening.when === when) this.#life?.die(happening.death);
    };
    dies("before");
    const fault = happening?.kind === "network" ? happening.fault : undefined;
    const url = `https://${address}/gsma/rsp2/es9plus/${name}`;
    const bound = { clock: this.clock, timeoutMs: ownRequestTimeoutMs, what: `the modem's own ${name}` };
    const answer = await withDeadline(bound, () =>
      this.network.es9Plus(url, body, fault, (message) => new Error(message)),
    );
    dies("after");
    return answer;
  }

  /** What comes between a death and the next start, after which the power is back `offMs` later. */
  async afterDeath(death: Death, cut: PowerCut, offMs = 0): Promise<void> {
    if (death === "killed") {
      await this.clock.advance(restartMs);
      return;
    }
    this.files.cutPower(cut);
    await this.clock.runUntil(this.modem.unplug());
    await this.clock.advance(offMs + bootMs / 2);
    await this.clock.runUntil(this.modem.replug());
    await this.clock.advance(bootMs / 2);
  }

  async close(): Promise<void> {
    await this.modem.close();
    if (this.#ownsProvider) await this.provider.close();
  }
}

function fail(): never {
  throw new Error("the modem asks before the world is there");
}

/** The emulated UART as a USB port: its speed means nothing. */
function usbPort(port: BytePort): BytePort {
  return {
    name: port.name,
    write: (bytes) => port.write(bytes),
    onData: (listener) => port.onData(listener),
    onGone: (listener) => port.onGone(listener),
    close: () => port.close(),
  };
}
