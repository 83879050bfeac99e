/** The modem itself: its parts wired, its power, and no wire. Bytes in by `receive`, bytes out by `write`. */

import type { CancelTimer, Clock } from "../../base/clock.js";
import type { Random } from "../../base/random.js";
import { type Behaviour, BehaviourList, type ModemCondition } from "./behaviours.js";
import { mergeTables } from "./command-set.js";
import { basicCommands } from "./commands/basic.js";
import { cardCommands } from "./commands/card.js";
import { networkCommands } from "./commands/network.js";
import { packetCommands } from "./commands/packet.js";
import { simCommands } from "./commands/sim.js";
import { quectelSlotCommands, simPowerCommands } from "./commands/slots.js";
import type { DialectSession, FakeDialect } from "./dialects/dialect.js";
import { DownloadRunner, type OwnLpa } from "./dialects/download.js";
import { LpaOperations } from "./dialects/lpa-operations.js";
import type { Es9Post } from "./dialects/own-network.js";
import { type ModemStyle, plainStyle } from "./dialects/style.js";
import { ForeignPort } from "./foreign-port.js";
import { HostOutput } from "./host-output.js";
import { Interpreter, type InterpreterCounts, type Unplugging } from "./interpreter.js";
import { LineRate } from "./line-rate.js";
import { createLineReader, type LineReader } from "./line-reader.js";
import { ModemClock } from "./modem-clock.js";
import { PacketDomain } from "./packet-domain.js";
import { PortWire } from "./port-wire.js";
import { Registration } from "./registration.js";
import type { World } from "./scenario.js";
import { PortSettings } from "./settings.js";
import { type CardPort, type EuiccPort, Sim } from "./sim.js";
import { SimSlots } from "./sim-slots.js";
import { Transcript } from "./transcript.js";

export interface ModemOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly dialect: FakeDialect;
  readonly imei: string;
  readonly euicc: EuiccPort;
  readonly card: CardPort;
  /** The LPA inside the modem. */
  readonly lpa: OwnLpa;
  readonly ownNetwork: (smdpAddress: string, signal: AbortSignal) => Es9Post;
  /** Asked whenever it matters, so that a test may change it. */
  readonly world: () => World;
  readonly behaviours: readonly Behaviour[];
  readonly delayMs: number;
  /** Paces both directions; undefined: as fast as it goes. */
  readonly baud: number | undefined;
  readonly write: (bytes: Uint8Array) => void;
  /** The speed of the host's end, where the wire has one. */
  readonly hostRate?: (() => number | undefined) | undefined;
  /** A behaviour pulls the modem out. */
  readonly unplug: (how: Unplugging) => void;
}

/** From power to `RDY`. */
const bootMs = 300;
/** How long a modem that reset itself is away from its bus. */
const selfResetMs = 2000;

export class Modem {
  readonly transcript: Transcript;
  readonly #options: ModemOptions;
  readonly #style: ModemStyle;
  readonly #settings: PortSettings;
  readonly #behaviours = new BehaviourList();
  readonly #sim: Sim;
  readonly #registration: Registration;
  readonly #modemClock: ModemClock;
  readonly #packets: PacketDomain;
  readonly #session: DialectSession;
  readonly #output: HostOutput;
  readonly #interpreter: Interpreter;
  readonly #reader: LineReader;
  readonly #lineRate: LineRate;
  readonly #wire: PortWire;
  readonly #foreign: ForeignPort;
  #selfReset: CancelTimer | undefined;
  #booting: CancelTimer | undefined;
  #on = true;

  constructor(options: ModemOptions) {
    this.#options = options;
    const { clock, random, dialect, imei, euicc, card, lpa, ownNetwork, world, delayMs, baud, write, unplug } = options;
    const hostRate = options.hostRate ?? ((): undefined => undefined);
    this.transcript = new Transcript(clock);
    this.#behaviours.prepend(...options.behaviours);
    const style: ModemStyle = { ...plainStyle, ...dialect.style };
    this.#style = style;
    this.#lineRate = new LineRate(world, baud ?? 115_200);
    const settings = new PortSettings(style.cmeWords);
    this.#settings = settings;
    const emit = (urc: string): void => this.#interpreter.emit(urc);
    this.#registration = new Registration({
      clock,
      settings,
      emit,
      coverage: () => world().coverage,
      isServed: () => this.#isServed(),
      registrationMs: () => world().registrationMs,
      hasUsableProfile: () => this.#sim.enabledProfile() !== undefined && this.#sim.pinWanted() === undefined,
      onNetwork: (isRegistered) => this.#onNetwork(isRegistered),
    });
    const registration = this.#registration;
    this.#modemClock = new ModemClock(clock, world);
    this.#packets = new PacketDomain({ world, isRegistered: () => registration.isRegistered });
    const slots = new SimSlots(world);
    const onChange = (): void => registration.search();
    this.#sim = new Sim({ clock, euicc, card, slots, world, style, emit, onChange, onSlot: () => this.#onSlot() });
    const sim = this.#sim;
    this.#session = dialect.start({
      clock,
      sim,
      registration,
      world,
      emit,
      ownNetwork,
      operations: new LpaOperations(sim, world),
      downloads: new DownloadRunner(lpa, world),
    });
    const session = this.#session;
    this.#wire = new PortWire({ clock, world, lineRate: this.#lineRate, hostRate, write });
    this.#foreign = new ForeignPort({ clock, random, world, write: (bytes) => this.#wire.write(bytes) });
    this.#output = new HostOutput({ clock, baud, write: (bytes) => this.#wire.write(bytes) });
    const lineRate = this.#lineRate;
    const setRate = (rate: number): void => void this.#output.send("").then(() => lineRate.set(rate));
    this.#interpreter = new Interpreter({
      clock,
      random,
      settings,
      delayMs,
      baud,
      world,
      behaviours: this.#behaviours,
      transcript: this.transcript,
      unplug,
      restart: (what) => (what === "card" ? sim.powerCycle() : this.#restart()),
      commands: mergeTables(
        basicCommands({ settings, style, imei, identity: dialect.identity, lineRate, setRate }),
        networkCommands({ modemClock: this.#modemClock, settings, registration, style }),
        simCommands({ sim, registration, settings, world, style, restart: () => this.#restart() }),
        packetCommands(this.#packets),
        simPowerCommands(sim, world),
        dialect.identity.manufacturer === "Quectel" ? quectelSlotCommands({ sim, world }) : {},
        cardCommands({ sim, world, style, isOwnLpaBusy: session.isDownloading, holdsIsdR: session.holdsIsdR }),
        session.commands,
      ),
      output: this.#output,
      conditions: () => this.#conditions(),
    });
    this.#reader = createLineReader((line) => this.#interpreter.accept(line));
    registration.settle();
    if (registration.isRegistered) this.#packets.arrive();
  }

  get isRegistered(): boolean {
    return this.#registration.isRegistered;
  }

  get counts(): InterpreterCounts {
    return this.#interpreter.counts;
  }

  /** The wire is there: the modem has been running, and nobody has had its port open. */
  begin(): void {
    const { clock, unplug, world } = this.#options;
    this.#opened();
    const { selfResetAfterMs } = world();
    if (selfResetAfterMs === undefined) return;
    this.#selfReset = clock.setTimer(selfResetAfterMs, () => unplug({ replugAfterMs: selfResetMs, keepsPower: false }));
  }

  receive(bytes: Uint8Array): void {
    // A modem that boots does not listen yet.
    if (!this.#on || this.#booting !== undefined) return;
    if (this.#options.world().port !== "at") {
      this.#foreign.receive();
      return;
    }
    this.#interpreter.hear(bytes.length);
    this.#reader.push(this.#wire.take(bytes));
  }

  /** Another host: half a line of the last one is void. */
  onHostChange(): void {
    this.#reader.reset();
    this.#opened();
  }

  prependBehaviours(...behaviours: readonly Behaviour[]): void {
    this.#behaviours.prepend(...behaviours);
  }

  /** Everything volatile is lost: the line's settings, channels, a running download. */
  powerOff(): void {
    if (!this.#on) return;
    this.#on = false;
    this.#booting?.();
    this.#booting = undefined;
    this.#selfReset?.();
    this.#foreign.stop();
    this.#wire.powerOff();
    this.#lineRate.powerOff();
    this.#interpreter.powerOff();
    this.#session.powerOff();
    this.#sim.powerOff();
    this.#registration.stop();
    this.#packets.powerOff();
    this.#modemClock.powerOff();
    this.#settings.reset();
    this.#reader.reset();
  }

  powerOn(): void {
    if (this.#on) return;
    this.#on = true;
    this.#booting = this.#options.clock.setTimer(bootMs, () => {
      this.#booting = undefined;
      this.#opened();
      for (const urc of this.#style.bootUrcs) this.#interpreter.emit(urc);
      this.#session.powerOn?.();
      this.#sim.powerOn();
    });
  }

  #opened(): void {
    if (!this.#on) return;
    this.#wire.opened();
    this.#foreign.start();
    for (const urc of this.#options.world().staleUrcs) this.#interpreter.emit(urc);
  }

  #restart(): void {
    // The answer to the command that asked for it still goes out.
    void this.#output.send("").then(() => {
      this.powerOff();
      this.powerOn();
    });
  }

  #onNetwork(isRegistered: boolean): void {
    if (!isRegistered) {
      this.#packets.drop();
      return;
    }
    this.#packets.arrive();
    const urc = this.#modemClock.onNetworkTime();
    if (urc !== undefined) this.#interpreter.emit(urc);
  }

  #isServed(): boolean {
    const profile = this.#sim.enabledProfile();
    const { unserved } = this.#options.world();
    return profile === undefined || !unserved.some((one) => one === profile.iccid || one === profile.profileClass);
  }

  #onSlot(): void {
    const { unplug, world } = this.#options;
    const replugAfterMs = world().slots?.portGoneMs;
    if (replugAfterMs !== undefined) unplug({ replugAfterMs, keepsPower: true });
  }

  #conditions(): ReadonlySet<ModemCondition> {
    const conditions = new Set<ModemCondition>();
    conditions.add(this.#registration.isRegistered ? "registered" : "unregistered");
    conditions.add(this.#sim.enabledProfile() === undefined ? "empty" : "enabled");
    conditions.add(this.#session.isDownloading() ? "downloading" : "idle");
    if (this.#sim.state === "busy") conditions.add("busy");
    return conditions;
  }
}
