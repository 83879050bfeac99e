import { VirtualClock } from "../../../src/base/clock.js";
import { EsimdError, isEsimdError } from "../../../src/base/errors.js";
import { silentLog } from "../../../src/base/logging.js";
import { type Random, seededRandom } from "../../../src/base/random.js";
import { Delivery as Couriers } from "../../../src/daemon/outbox/delivery.js";
import { type EventMatter, Outbox, type OutboxBound } from "../../../src/daemon/outbox/outbox.js";
import type { Delivery, Sink, SinkName } from "../../../src/daemon/outbox/sink.js";
import { durableDisk } from "../../../src/provision/store/disk.js";
import { countedAs, type FleetEvent, originOf } from "../../../src/report/event.js";
import { ended } from "../../station/records/entries.js";
import { type PowerCut, powerCuts, SimFiles } from "../../sweep/files.js";
import { type Happening, Life } from "../../sweep/life.js";
import { SimNetwork } from "../../sweep/network.js";
import { aReport } from "./a-report.js";

/**
 * A device with an outbox, on a clock that stands still unless told to move, with the sweep's disk that forgets what was not synced. Its
 * process is killed and its power cut at any step at the disk or at a receiver; its receivers are down for days, and answer so that the
 * answer is lost.
 */

export const stateDir = "/state";
export const sinkNames: readonly SinkName[] = ["webhook", "mqtt", "hook"];

/** What one receiver got, in the order in which it came. */
export class Receiver {
  readonly name: SinkName;
  readonly got: FleetEvent[] = [];
  isUp = true;
  /** How many of those it takes are answered so that the answer is lost. */
  losesAnswers = 0;
  readonly #random: Random;

  constructor(name: SinkName, random: Random) {
    this.name = name;
    this.#random = random;
  }

  take(event: FleetEvent): Delivery {
    if (!this.isUp) return this.#failed("down");
    this.got.push(structuredClone(event));
    return this.#random.next() < this.losesAnswers ? this.#failed("the answer is lost") : { kind: "delivered" };
  }

  /** Each event once, as a receiver has them that knows their ids. */
  get once(): readonly FleetEvent[] {
    const seen = new Set<string>();
    return this.got.filter(({ id }) => !seen.has(id) && seen.add(id));
  }

  #failed(sentence: string): Delivery {
    return { kind: "failed", error: new EsimdError("report_undelivered", sentence), lasting: false };
  }
}

export interface Put {
  readonly id: string;
  readonly origin: string;
  readonly sequence: number;
}

/** Whose it is, as `put` was told. */
export function originOfEvent(event: FleetEvent): string {
  return countedAs(originOf(event));
}

/** One of so many steps that change something outside of the process is its last. */
export interface DeathPlan {
  readonly everySteps: number;
}

export class OutboxWorld {
  readonly clock = new VirtualClock();
  readonly files = new SimFiles();
  readonly receivers: readonly Receiver[];
  /** What was put in by a process that heard that it is kept. */
  readonly kept: Put[] = [];
  readonly random: Random;
  deaths: DeathPlan | undefined;
  /** How often the process was killed, and the power cut. */
  readonly died = { killed: 0, power: 0 };
  readonly #bound: OutboxBound;
  #ids = 0;
  #lives = 0;
  #alive: number | undefined;
  #process: Process | undefined;

  constructor(seed: number, bound: OutboxBound = { maxBytes: 64 * 1024 * 1024, maxEvents: 100_000 }) {
    this.random = seededRandom(seed);
    this.#bound = bound;
    this.receivers = sinkNames.map((name) => new Receiver(name, this.random));
  }

  /** The folder that systemd makes. */
  async begin(): Promise<void> {
    await this.files.mkdir(stateDir);
    await this.files.syncFolder("/");
    this.start();
  }

  start(): void {
    const pid = 1000 + ++this.#lives;
    const life = new Life({
      clock: this.clock,
      files: this.files,
      network: noNetwork(this.clock),
      openModem: nobody,
      at: ({ effect }) => (/^(list|read) /.test(effect) ? undefined : this.#fate()),
      misbehave: nobody,
      refusal: () => undefined,
    });
    this.#alive = pid;
    // It may die in its first step.
    void life.died().then((death) => {
      this.died[death]++;
      this.#alive = undefined;
      this.#process = undefined;
      if (death === "power") this.files.cutPower(this.#oneOf<PowerCut>(powerCuts));
    });
    const parts = {
      disk: durableDisk(life.files()),
      processes: { ownPid: pid, birthOf: (asked: number) => (asked === this.#alive ? `boot/${asked}` : undefined) },
      clock: life.clock,
      log: silentLog,
      newId: () => this.#newId(),
      stateDir,
    };
    const outbox = new Outbox({ ...parts, bound: this.#bound });
    const sinks = this.receivers.map((receiver): Sink => this.#sink(receiver, life));
    this.#process = { life, outbox, delivery: new Couriers({ ...parts, outbox, sinks, random: this.random }) };
  }

  /**
   * A run of this modem has ended, or one of a unit in a station (`station:NAME`); the process hears that its event is kept, or does not
   * live to hear it.
   */
  async put(origin: string): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    const { outbox, life, delivery } = process;
    const died = life.died();
    const put = outbox.put(this.#matterOf(origin), "device").then(
      ({ id, sequence }) => {
        this.kept.push({ id, origin, sequence });
        delivery.wake();
      },
      (error: unknown) => {
        if (!isEsimdError(error)) throw error;
      },
    );
    await Promise.race([put, died]);
  }

  /** Time passes; a process that died is started again a moment later. */
  async pass(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; ) {
      if (this.#process === undefined) this.start();
      const stepMs = Math.min(leftMs, 600_000);
      await this.clock.advance(stepMs);
      leftMs -= stepMs;
    }
    if (this.#process === undefined) this.start();
  }

  get process(): Process | undefined {
    return this.#process;
  }

  eventFiles(): readonly { readonly name: string; readonly bytes: number }[] {
    return [...this.files.contents()]
      .filter(([name]) => name.startsWith(`${stateDir}/outbox/events/`))
      .map(([name, content]) => ({ name, bytes: Buffer.byteLength(content) }));
  }

  #matterOf(origin: string): EventMatter {
    if (!origin.startsWith("station:")) {
      return { kind: "report", report: aReport(this.clock.nowMs()), modem: origin };
    }
    const station = origin.slice("station:".length);
    return { kind: "unit", entry: ended(1, { station }), station, id: this.#newId() };
  }

  #sink(receiver: Receiver, life: Life): Sink {
    return {
      name: receiver.name,
      timeoutMs: 60_000,
      idle: async () => undefined,
      close: async () => undefined,
      // Nothing is as likely to end with a kill as the moment between the receiver's having it and the cursor.
      deliver: (event) => life.step("api", `deliver to ${receiver.name}`, async () => receiver.take(event)),
    };
  }

  #fate(): Happening | undefined {
    if (this.deaths === undefined || this.random.next() * this.deaths.everySteps >= 1) return undefined;
    return {
      kind: "death",
      when: this.#oneOf(["before", "after"] as const),
      death: this.#oneOf(["killed", "power"] as const),
    };
  }

  #oneOf<T>(choices: readonly T[]): T {
    const chosen = choices[Math.floor(this.random.next() * choices.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  }

  #newId(): string {
    return `00000000-0000-4000-8000-${String(++this.#ids).padStart(12, "0")}`;
  }
}

interface Process {
  readonly life: Life;
  readonly outbox: Outbox;
  readonly delivery: Couriers;
}

function nobody(): never {
  throw new Error("nobody of that name is in this world");
}

/** The sweep's network has two servers; none of them is here. */
function noNetwork(clock: VirtualClock): SimNetwork {
  return new SimNetwork({
    clock,
    get api(): never {
      return nobody();
    },
    get smdp(): never {
      return nobody();
    },
  });
}
