import { isDeepStrictEqual } from "node:util";
import { backoffMs } from "../base/backoff.js";
import { formatMs } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { DeviceChanges } from "../serial/device-changes.js";
import type { PortAnchor } from "../serial/ports/anchor.js";
import { autoPort } from "../serial/ports/choose.js";
import type { Daemon } from "./companions.js";
import type { Config } from "./config/config.js";
import type { Activity, ModemView } from "./modems.js";
import { type ProvisionerParts, type ProvisionResult, provisionOnce } from "./provisioner.js";
import { type Rest, serve } from "./service.js";
import type { RunTurns } from "./turns.js";
import { Whereabouts } from "./whereabouts.js";

/** One modem of the daemon: its name, its configuration, where it is, and the service that keeps it provisioned. */

export interface ServedModemParts
  extends Pick<Daemon, "host" | "outside" | "clock" | "random" | "log" | "events" | "hints"> {
  readonly turns: RunTurns;
  readonly devices: DeviceChanges;
  /** Its configuration cannot work: nothing is done until that changes. */
  readonly onUnworkable: () => void;
  /** One run; the real one when left out. */
  readonly provision?: (parts: ProvisionerParts, signal: AbortSignal) => Promise<ProvisionResult>;
}

/** What a modem is served as; `found`: it was discovered, and is known by what it is in place of a configured port. */
export interface ServedAs {
  readonly name: string;
  readonly port: string;
  readonly config: Config;
  readonly found?: PortAnchor;
}

/** Of a service that met a defect: a clean start of this one modem, while the others go on. */
const crashPause = { firstMs: 30_000, maxMs: 3_600_000 };
/** A rest that only a person or a new configuration ends is told anew each day, so that who listens knows that we live. */
const longRestMs = 86_400_000;

interface Life {
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

export class ServedModem {
  readonly name: string;
  readonly #parts: ServedModemParts;
  #as: ServedAs;
  #whereabouts: Whereabouts;
  #activity: Activity;
  #report: ModemView["report"];
  #life: Life | undefined;
  #isPaused = false;
  /** A run is on its way. */
  #isBusy = false;
  /** The next rest is none: another configuration came, or somebody asked for a run. */
  #isAsked = false;
  #isDraining = false;
  /** Nothing begins any more. */
  #isOver = false;
  #unworkable: EsimdError | undefined;
  /** Ends the rest that is on. */
  #endRest: ((how: "over" | "asked") => void) | undefined;

  constructor(as: ServedAs, parts: ServedModemParts) {
    this.name = as.name;
    this.#as = as;
    this.#parts = parts;
    this.#whereabouts = new Whereabouts(as.port, parts.host, as.found);
    this.#activity = this.#resting("Not begun yet.", null);
  }

  get view(): ModemView {
    return {
      name: this.name,
      port: this.#as.port,
      path: this.#whereabouts.place,
      activity: this.#activity,
      report: this.#report,
    };
  }

  get config(): Config {
    return this.#as.config;
  }

  /** What it is known by, when it was there. */
  get anchor(): PortAnchor | undefined {
    return this.#whereabouts.anchor;
  }

  /** Why nothing can be done with it as it is configured. */
  get unworkable(): EsimdError | undefined {
    return this.#unworkable;
  }

  start(): void {
    this.#parts.events.publish({ modem: this.name, kind: "served", port: this.#as.port });
    this.#begin((signal) => this.#live(signal));
  }

  /** Ends a rest. @throws EsimdError `usage` while it is paused. */
  askForRun(): void {
    if (this.#isPaused) {
      throw new EsimdError("usage", `the modem ${this.name} is paused`, { hint: "Resume it, and it runs by itself." });
    }
    this.#wake();
  }

  async pause(): Promise<void> {
    if (this.#isPaused) return;
    this.#isPaused = true;
    await this.#end(`the modem ${this.name} was paused`);
    // Resumed meanwhile.
    if (!this.#isPaused) return;
    const sinceMs = this.#parts.clock.nowMs();
    this.#begin(async (signal) => {
      const rest: Rest = { forMs: longRestMs, sentence: "Paused by a person; nothing is done until it is resumed." };
      while (!signal.aborted) await this.#rest(rest, signal, { kind: "paused", sinceMs });
    });
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const paused = this.#end(`the modem ${this.name} was resumed`);
    void paused.then(() => {
      if (!this.#isPaused) this.#begin((signal) => this.#live(signal));
    });
  }

  /** Takes up another configuration: at once in a rest, and after the run that is on its way, which is not cut. */
  reconfigure(as: ServedAs): void {
    // What could not work may work now, though nothing changed in it: a file that it names may have.
    if (this.#unworkable === undefined && isDeepStrictEqual(runConfig(as), runConfig(this.#as))) {
      this.#as = as;
      return;
    }
    const isElsewhere = as.port !== this.#as.port;
    this.#as = as;
    if (this.#isBusy) this.#isAsked = true;
    else {
      if (isElsewhere) this.#whereabouts = new Whereabouts(as.port, this.#parts.host);
      if (!this.#isPaused) this.#wake();
    }
  }

  /** Ends the rest that is on, or the next one where none is: it may be between two, with a look at who is there. */
  #wake(): void {
    if (this.#endRest !== undefined) this.#endRest("asked");
    else if (!this.#isBusy) this.#isAsked = true;
  }

  /** Lets a run that is on its way end, and begins nothing. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    if (!this.#isBusy) await this.stop("the daemon is being drained");
    await this.#life?.done;
  }

  /** Ends what runs, tidily. */
  stop(why: string): Promise<void> {
    this.#isOver = true;
    return this.#end(why);
  }

  async drop(): Promise<void> {
    await this.stop(`the modem ${this.name} is not served any more`);
    this.#parts.events.publish({ modem: this.name, kind: "dropped" });
  }

  #begin(work: (signal: AbortSignal) => Promise<void>): void {
    const isAlive = this.#life !== undefined && !this.#life.controller.signal.aborted;
    if (this.#isOver || isAlive) return;
    const controller = new AbortController();
    this.#life = { controller, done: work(controller.signal) };
  }

  async #end(why: string): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    life.controller.abort(new EsimdError("cancelled", why));
    await life.done;
    if (this.#life === life) this.#life = undefined;
  }

  /** The service, again each time it met a defect or a configuration that cannot work: that is this modem's failure, and no other's. */
  async #live(signal: AbortSignal): Promise<void> {
    const { clock, random, log, onUnworkable } = this.#parts;
    for (let crashes = 0; !signal.aborted; ) {
      try {
        await serve(
          {
            port: this.#as.port,
            clock,
            random,
            log,
            pollLongestMs: this.#as.config.defaultSmdp.pollLongestMs,
            isPresent: () => this.#whereabouts.isAny(),
            presence: () => this.#whereabouts.presence(),
            provision: (bounded) => this.#provision(bounded),
            onResult: ({ report }) => {
              this.#report = report;
              this.#parts.events.publish({ modem: this.name, kind: "report", report });
            },
            rest: (rest, bounded) => this.#rest(rest, bounded),
            hearsDevices: this.#hearsDevices(),
          },
          signal,
        );
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (isEsimdError(error)) {
          this.#unworkable = error;
          log.error({ modem: this.name, error, next: error.hint }, "this modem cannot be served as it is configured");
          onUnworkable();
          const sentence = `It cannot be served (${error.code}): ${error.message}; waiting for another configuration.`;
          while (!signal.aborted && (await this.#rest({ forMs: longRestMs, sentence }, signal)) !== "asked");
          this.#unworkable = undefined;
          continue;
        }
        crashes++;
        const forMs = Math.round(backoffMs(crashPause, crashes, random));
        log.error({ modem: this.name, error }, "the service of this modem met a defect of esimd");
        await this.#rest({ forMs, sentence: `esimd met a defect and starts anew in ${formatMs(forMs)}.` }, signal);
      }
    }
  }

  #hearsDevices(): boolean {
    const { devices, host } = this.#parts;
    const { port, found } = this.#as;
    return devices.areHeard && (found !== undefined || port === autoPort || port.startsWith(`${host.dev}/`));
  }

  async #provision(signal: AbortSignal): Promise<ProvisionResult> {
    const { clock, random, log, host, outside, events, hints, provision = provisionOnce } = this.#parts;
    const giveBack = await this.#turn(signal);
    this.#isBusy = true;
    this.#isAsked = false;
    const sinceMs = clock.nowMs();
    this.#activity = { kind: "running", state: "connecting", sentence: "A run begins.", sinceMs };
    try {
      const { port, config } = this.#as;
      if (port !== this.#whereabouts.named) this.#whereabouts = new Whereabouts(port, host);
      return await provision(
        {
          config,
          port,
          whereabouts: this.#whereabouts,
          host,
          outside,
          clock,
          random,
          log,
          hints,
          observe: (seen) => {
            if (seen.kind === "state") {
              const { state, sentence } = seen;
              this.#activity = { kind: "running", state, sentence, sinceMs: clock.nowMs() };
            }
            events.publish({ modem: this.name, ...seen });
          },
        },
        signal,
      );
    } finally {
      this.#isBusy = false;
      giveBack();
    }
  }

  /** Waits until one more run may be on its way. */
  async #turn(signal: AbortSignal): Promise<() => void> {
    const { turns } = this.#parts;
    if (!turns.isFree) {
      const most = turns.limit === 1 ? "one run is" : `${turns.limit} runs are`;
      const sentence = `Waiting for its turn: ${most} on the way, as many as daemon.concurrency allows at once.`;
      // Each round before it takes a run's deadline at the most.
      const rounds = Math.ceil((turns.waiting + 1) / turns.limit);
      this.#tell({ forMs: rounds * this.#as.config.deadlineMs, sentence });
    }
    return turns.take(signal);
  }

  #rest(rest: Rest, signal: AbortSignal, activity?: Activity): Promise<"over" | "asked"> {
    const { clock, devices } = this.#parts;
    if (this.#isDraining) this.#life?.controller.abort(new EsimdError("cancelled", "the daemon is being drained"));
    if (signal.aborted) return Promise.resolve("over");
    if (this.#isAsked) {
      this.#isAsked = false;
      return Promise.resolve("asked");
    }
    this.#tell(rest, activity);
    return new Promise((resolve) => {
      const end = (how: "over" | "asked"): void => {
        cancelTimer();
        unsubscribe();
        signal.removeEventListener("abort", over);
        this.#endRest = undefined;
        resolve(how);
      };
      const over = (): void => end("over");
      const cancelTimer = clock.setTimer(rest.forMs, over);
      const unsubscribe = rest.forDevices ? devices.subscribe(over) : () => undefined;
      signal.addEventListener("abort", over, { once: true });
      this.#endRest = end;
    });
  }

  #tell({ forMs, sentence, forDevices }: Rest, activity?: Activity): void {
    const untilMs = forDevices || forMs >= longRestMs ? null : this.#parts.clock.nowMs() + forMs;
    const isAsBefore = this.#activity.kind === "resting" && this.#activity.sentence === sentence;
    // A rest that goes on is the same rest.
    const sinceMs = isAsBefore ? this.#activity.sinceMs : this.#parts.clock.nowMs();
    this.#activity = activity ?? { ...this.#resting(sentence, untilMs), sinceMs };
    this.#parts.events.publish({ modem: this.name, kind: "rest", forMs, sentence });
  }

  #resting(sentence: string, untilMs: number | null): Activity {
    return { kind: "resting", sentence, sinceMs: this.#parts.clock.nowMs(), untilMs };
  }
}

/** What of a modem's configuration is a run's business: the rest may change under it. */
function runConfig({ port, config }: ServedAs): object {
  const { log: _log, daemon: _daemon, callbacks: _callbacks, ...rest } = config;
  return { port, rest };
}
