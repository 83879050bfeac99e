import type { OpenHttpTransport } from "../../src/api/transport.js";
import { sleep, VirtualClock } from "../../src/base/clock.js";
import { withDeadline } from "../../src/base/deadline.js";
import { parseEid, parseSmdpAddress } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { Config } from "../../src/daemon/config/config.js";
import type { ConfigFileSystem } from "../../src/daemon/config/files.js";
import { loadConfig } from "../../src/daemon/config/load.js";
import { type ProvisionResult, provisionOnce } from "../../src/daemon/provisioner.js";
import type { Behaviour as ApiBehaviour } from "../../src/emulator/api/behaviours.js";
import { progressPath } from "../../src/emulator/api/progress.js";
import { type ApiService, createApiService, fakeApiDefaults } from "../../src/emulator/api/service.js";
import { createEs2PlusSupplier } from "../../src/emulator/api/supplier.js";
import type { Behaviour } from "../../src/emulator/modem/behaviours.js";
import type { HttpResponse } from "../../src/emulator/modem/dialects/http-text.js";
import { type FakeModem, startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import type { World as ModemWorld } from "../../src/emulator/modem/scenario.js";
import { openMemoryWire } from "../../src/emulator/modem/transport/memory.js";
import { createPki, type Pki } from "../../src/emulator/pki/pki.js";
import { checkScenario } from "../../src/emulator/smdp/scenario.js";
import { createSmdpService, type SmdpService } from "../../src/emulator/smdp/service.js";
import type { Es9Answer } from "../../src/lpa/es9plus/client.js";
import { durableDisk } from "../../src/provision/store/disk.js";
import type { BytePort, OpenPort } from "../../src/serial/port.js";
import { type PowerCut, SimFiles } from "./files.js";
import { type Death, type Happening, Life } from "./life.js";
import { modemFaults } from "./modem-faults.js";
import { SimNetwork } from "./network.js";
import type { Point } from "./points.js";

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
  /** Configuration keys and their values, as in a file. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  readonly modemWorld?: Partial<ModemWorld>;
  /** How many syncs the disk forgets in a `forgetful` power cut. */
  readonly diskForgets?: number;
}

export type Ending =
  | { readonly kind: "ended"; readonly result: ProvisionResult }
  | { readonly kind: "died"; readonly death: Death }
  /** Nothing was left that could ever have ended it. */
  | { readonly kind: "hung"; readonly error: unknown };

const eid = parseEid("89049032123451234512345678901235", "the sweep");
const smdpAddress = parseSmdpAddress("smdp.sweep.example", "the sweep");
const apiUrl = "https://api.sweep.example";
const stateDir = "/state";
const configFile = "/sweep.toml";
/** From power to a running esimd, and from a kill to the next start. */
const bootMs = 25_000;
const restartMs = 1_000;
/** A modem does not wait for its SM-DP+ for ever. */
const modemRequestMs = 60_000;

let sharedPki: Pki | undefined;
/** Making keys is slow, and no point differs by them. */
export function sweepPki(): Pki {
  sharedPki ??= createPki();
  return sharedPki;
}

export class SimWorld {
  readonly clock = new VirtualClock();
  readonly files: SimFiles;
  readonly eid = eid;
  readonly setup: Setup;
  readonly api: ApiService;
  readonly smdp: SmdpService;
  readonly modem: FakeModem;
  readonly network: SimNetwork;
  readonly #openModem: OpenPort;
  readonly #config: Config;
  readonly #ciPem: string;
  #ids = 0;
  #lives = 0;
  #alive: number | undefined;
  #life: Life | undefined;

  static async create(options: SimOptions): Promise<SimWorld> {
    const wire = openMemoryWire();
    const clock = new VirtualClock(Date.now());
    const random = seededRandom(5);
    const quick = { clock, random, log: silentLog };
    let api: ApiService | undefined;
    const smdp = createSmdpService({
      ...quick,
      pki: options.pki,
      address: smdpAddress,
      profileSizeBytes: 2_000,
      // Three sessions, as the emulator allows by itself, are fewer than a device may need that loses its power again and again.
      scenario: checkScenario({ maxAttempts: 50 }, "the sweep"),
      postProgress: async (url, body) => {
        await sleep(clock, 30);
        const path = new URL(url).pathname;
        const served = await api?.answer({
          method: "POST",
          path,
          query: "",
          contentType: "application/json",
          authorization: undefined,
          body,
        });
        return served?.answer.kind === "reply" ? served.answer.reply.status : 500;
      },
    });
    const supplier = createEs2PlusSupplier({
      clock,
      host: smdpAddress,
      progressUrl: `http://127.0.0.1:9${progressPath}`,
      releaseSeparately: false,
      openTransport: es2PlusTransport(smdp, clock),
    });
    api = createApiService({
      ...quick,
      url: apiUrl,
      supplier,
      behaviours: options.apiBehaviours ?? [],
      timing: { toReservingMs: 200, toAvailableMs: 600, simScheduledMs: 400 },
    });
    let world: SimWorld | undefined;
    const ownRequest = async (address: string, name: string, body: string): Promise<HttpResponse> => {
      const { httpStatus, body: text } = await (world ?? fail()).modemsOwnRequest(address, name, body);
      return { status: httpStatus, body: text };
    };
    const modem = await startFakeModem({
      ...quick,
      pki: options.pki,
      dialect: options.family,
      eid,
      wire: { kind: "memory", wire },
      bootstrap: options.lpa === "modem" && options.family === "quectel-nwmode",
      defaultSmdpAddress: smdpAddress,
      ownNetwork: (address) => (name, body) => ownRequest(address, name, body),
    });
    if (options.modemWorld !== undefined) modem.changeWorld(options.modemWorld);
    world = new SimWorld(options, { clock, api, smdp, modem, openModem: wire.openPort });
    return world;
  }

  private constructor(
    options: SimOptions,
    parts: {
      readonly clock: VirtualClock;
      readonly api: ApiService;
      readonly smdp: SmdpService;
      readonly modem: FakeModem;
      readonly openModem: OpenPort;
    },
  ) {
    this.setup = options;
    this.files = new SimFiles(options.diskForgets);
    this.clock = parts.clock;
    this.api = parts.api;
    this.smdp = parts.smdp;
    this.modem = parts.modem;
    this.#openModem = async (address, signal) => usbPort(await parts.openModem(address, signal));
    this.network = new SimNetwork(parts);
    this.#config = configOf(options);
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

  /** One life of the process, from its start. `at` sees every point, and says what happens there. */
  async live(at: (point: Point) => Happening | undefined): Promise<Ending> {
    const pid = 1000 + ++this.#lives;
    const life = new Life({
      clock: this.clock,
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
    });
    this.#alive = pid;
    this.#life = life;
    const died = life.died().then((death): Ending => ({ kind: "died", death }));
    const random = seededRandom(9 + this.#lives);
    const run = provisionOnce(
      {
        config: this.#config,
        port: "unix:/sweep/modem",
        clock: life.clock,
        random,
        log: silentLog,
        observe: (seen) => {
          if (seen.kind === "state") life.enter(seen.state);
        },
        openPort: life.openPort,
        outside: {
          disk: durableDisk(life.files()),
          processes: { ownPid: pid, birthOf: (asked) => (asked === this.#alive ? `boot/${asked}` : undefined) },
          newId: () => `intent-${++this.#ids}`,
          openTransport: life.openTransport,
          openExchange: life.openExchange,
          loadRoots: async () => [this.#ciPem],
        },
      },
      new AbortController().signal,
    ).then((result): Ending => ({ kind: "ended", result }));
    try {
      return await this.clock.runUntil(Promise.race([run, died]));
    } catch (error) {
      return { kind: "hung", error };
    } finally {
      this.#alive = undefined;
      this.#life = undefined;
    }
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
    const answer = await withDeadline(
      {
        clock: this.clock,
        timeoutMs: modemRequestMs,
        signal: new AbortController().signal,
        what: `the modem's ${name}`,
      },
      () => this.network.es9Plus(url, body, fault, (message) => new Error(message)),
    );
    dies("after");
    return answer;
  }

  /** What comes between a death and the next start. */
  async afterDeath(death: Death, cut: PowerCut): Promise<void> {
    if (death === "killed") {
      await this.clock.advance(restartMs);
      return;
    }
    this.files.cutPower(cut);
    await this.clock.runUntil(this.modem.unplug());
    await this.clock.advance(bootMs / 2);
    await this.clock.runUntil(this.modem.replug());
    await this.clock.advance(bootMs / 2);
  }

  async close(): Promise<void> {
    await this.modem.close();
    await this.smdp.close();
    await this.api.close();
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

function es2PlusTransport(smdp: SmdpService, clock: VirtualClock): OpenHttpTransport {
  return () => ({
    exchange: async ({ method, url, headers, body }) => {
      await sleep(clock, 20);
      const answer = await smdp.answer({ method, path: url.pathname, headers, body, isTls: false });
      if (answer.kind === "cut") throw new Error("no emulator cuts the line of another");
      return { kind: "answer", status: answer.status, header: () => undefined, body: answer.body };
    },
    close: async () => undefined,
  });
}

function configOf({ lpa, method, provider, config = {} }: SimOptions): Config {
  const values: Readonly<Record<string, string | number | boolean>> = {
    state_dir: stateDir,
    "modem.lpa": lpa,
    "modem.take_isdr": lpa === "host",
    "api.provider": provider,
    "reservation.method": method,
    "sim.fleet": "default",
    ...config,
  };
  const text = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  const env = {
    ESIMD_API_URL: apiUrl,
    ...(provider === "kore" ? { ESIMD_TOKEN_URL: `${apiUrl}/api-services/v1/auth/token` } : {}),
    ESIMD_API_KEY: fakeApiDefaults.key,
    ESIMD_API_SECRET: fakeApiDefaults.secret,
  };
  const file = { regular: true, mode: 0o644, ownerUid: 0, bytes: Buffer.from(text.join("")) };
  const fileSystem: ConfigFileSystem = {
    readFile: (path) => (path === configFile ? file : undefined),
    listDir: () => undefined,
    folderMode: () => undefined,
    ownUid: 0,
  };
  return loadConfig({ env, files: [configFile], fileSystem }).config;
}
