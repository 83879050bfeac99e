import { crowdAfter, noCrowd } from "../../../src/api/retries.js";
import type { Random } from "../../../src/base/random.js";
import { isCrowded } from "../../../src/daemon/rest-after-run.js";
import { Devices } from "./devices.js";
import { at, EventQueue } from "./event-queue.js";
import { Gate, type Refusal } from "./gate.js";
import type { FleetPolicy } from "./policy.js";
import { asks, defaults, type FleetSetting, stateLimits } from "./setting.js";

/**
 * A fleet whose power returns at once, as discrete events. A device walks the requests of a provision by EID (src/provision/steps); when it
 * asks again is the policy's to say. `model.test.ts` holds the walk to what the daemon's own code does.
 */

const happens = { begin: 0, send: 1, answer: 2, runOut: 3, installed: 4, enabled: 5 } as const;
const never = Number.POSITIVE_INFINITY;
/** Reading the eUICC's list, and closing a run. */
const listMs = 1_000;
const firstLook = { attempt: 1, waitedMs: 0 } as const;
const deadline: Refusal = { code: "deadline", retryAfterMs: undefined };

/** Called with every request to the API and every session at the SM-DP+. */
export type Watch = (device: number, ask: number, nowMs: number, wasLetIn: boolean) => void;

export class Fleet {
  readonly devices: Devices;
  readonly api: Gate;
  readonly smdp: Gate;
  /** Devices that wait for a person. */
  held = 0;
  readonly #setting: FleetSetting;
  readonly #policy: FleetPolicy;
  readonly #random: Random;
  readonly #watch: Watch | undefined;
  readonly #queue: EventQueue;
  #nowMs = 0;

  constructor(setting: FleetSetting, policy: FleetPolicy, random: Random, watch?: Watch) {
    this.#setting = setting;
    this.#policy = policy;
    this.#random = random;
    this.#watch = watch;
    this.devices = new Devices(setting.devices);
    this.api = new Gate(setting.api, "api_rate_limited");
    this.smdp = new Gate(setting.smdp, "smdp_busy");
    this.#queue = new EventQueue(setting.devices);
  }

  /** Until every device is provisioned or held, or `mostMs` are over. */
  run(mostMs: number): void {
    const { devices, times } = this.#setting;
    for (let device = 0; device < devices; device++) {
      this.devices.pace[device] = 0.8 + 0.4 * this.#random.next();
      this.#next(device, happens.begin, times.bootMs * (1 + this.#random.next()));
    }
    while (this.#queue.nextMs <= mostMs) {
      this.#nowMs = this.#queue.nextMs;
      this.#step(this.#queue.take());
    }
  }

  #step(device: number): void {
    const { event, ask, refusal, isInstalled, isEnabled } = this.devices;
    switch (at(event, device)) {
      case happens.begin:
        this.#begin(device);
        return;
      case happens.send:
        this.#send(device);
        return;
      case happens.answer:
        this.#hear(device, refusal[device]);
        return;
      case happens.runOut:
        // Whether the provider has heard of it is no reason to fail.
        if (at(ask, device) === asks.confirm) this.#finish(device);
        else this.#fail(device, deadline);
        return;
      case happens.installed:
        isInstalled[device] = 1;
        this.#enter(device, this.#isReservedNow(device) ? asks.simUpdate : asks.sim, stateLimits.activating);
        return;
      case happens.enabled:
        isEnabled[device] = 1;
        this.#enabled(device);
        return;
    }
  }

  // --- time ---

  #next(device: number, event: number, atMs: number): void {
    this.devices.event[device] = event;
    this.#queue.put(device, atMs);
  }

  /** Work with the modem, which no deadline of the walk is near to. */
  #work(device: number, event: number, ms: number): void {
    this.#next(device, event, this.#nowMs + ms * at(this.devices.pace, device));
  }

  /** The event, or the end of the state or of the run where that comes first. */
  #within(device: number, event: number, atMs: number): void {
    const endMs = Math.min(at(this.devices.stateEndMs, device), at(this.devices.runEndMs, device));
    if (atMs > endMs) this.#next(device, happens.runOut, Math.max(endMs, this.#nowMs));
    else this.#next(device, event, atMs);
  }

  /** Enters a state with its first question. */
  #enter(device: number, ask: number, limitMs: number, pauseMs = 0): void {
    this.devices.stateMs[device] = this.#nowMs;
    this.devices.stateEndMs[device] = this.#nowMs + limitMs;
    this.devices.round[device] = 0;
    this.#ask(device, ask, pauseMs);
  }

  #ask(device: number, ask: number, pauseMs: number): void {
    this.devices.ask[device] = ask;
    this.devices.tries[device] = 0;
    this.#within(device, happens.send, this.#nowMs + pauseMs);
  }

  #stateLastsMs(device: number): number {
    return this.#nowMs - at(this.devices.stateMs, device);
  }

  #nextRound(device: number): number {
    const round = at(this.devices.round, device) + 1;
    this.devices.round[device] = round;
    return round;
  }

  // --- a run ---

  #begin(device: number): void {
    const { runs, beganMs, crowd, sessions, runEndMs, stateEndMs, ask, tries, pace } = this.devices;
    const { connectMs } = this.#setting.times;
    runs[device] = at(runs, device) + 1;
    beganMs[device] = this.#nowMs;
    crowd[device] = noCrowd;
    sessions[device] = 0;
    runEndMs[device] = this.#nowMs + defaults.runMs;
    ask[device] = asks.list;
    tries[device] = 0;
    stateEndMs[device] = this.#nowMs + connectMs * at(pace, device) + stateLimits.surveying;
    this.#work(device, happens.send, connectMs);
  }

  #fail(device: number, refusal: Refusal): void {
    const { failures, crowdedSinceMs, beganMs, pace, runs } = this.devices;
    if (!isCrowded(refusal)) failures[device] = at(failures, device) + 1;
    else crowdedSinceMs[device] = Math.min(at(crowdedSinceMs, device), at(beganMs, device));
    const restMs = this.#policy.restMs(refusal, at(runs, device), {
      failures: at(failures, device),
      costly: 0,
      spentSession: false,
      crowdedMs: Math.max(0, this.#nowMs - at(crowdedSinceMs, device)),
    });
    this.#next(device, happens.begin, this.#nowMs + listMs * at(pace, device) + restMs);
  }

  #finish(device: number): void {
    this.devices.doneMs[device] = this.#nowMs;
  }

  // --- a request ---

  #send(device: number): void {
    const { ask, tries, sentMs, requests, refusals, refusal, madeMs, simChangedMs } = this.devices;
    const asked = at(ask, device);
    if (at(tries, device) === 0) sentMs[device] = this.#nowMs;
    const gate = asked === asks.session ? this.smdp : this.api;
    gate.arrive(asked, this.#nowMs);
    if (gate === this.api) requests[device] = at(requests, device) + 1;
    if (gate.refusal !== undefined) refusals[device] = at(refusals, device) + 1;
    refusal[device] = gate.refusal;
    if (gate.doneMs !== undefined) {
      if (asked === asks.post) madeMs[device] = Math.min(at(madeMs, device), gate.doneMs);
      if (asked === asks.simUpdate) simChangedMs[device] = Math.min(at(simChangedMs, device), gate.doneMs);
    }
    this.#watch?.(device, asked, this.#nowMs, gate.refusal === undefined);
    this.#within(device, happens.answer, gate.answerMs);
  }

  #hear(device: number, refusal: Refusal | undefined): void {
    const { ask, tries, sentMs } = this.devices;
    const asked = at(ask, device);
    if (refusal === undefined) {
      if (asked !== asks.session) this.#note(device, "success");
      this.#answered(device, asked);
      return;
    }
    if (refusal.code === "api_rate_limited") this.#note(device, "refused");
    const attempt = at(tries, device) + 1;
    tries[device] = attempt;
    const waitedMs = this.#nowMs - at(sentMs, device);
    const pauseMs = this.#pauseMs(device, asked, refusal, attempt, waitedMs);
    if (pauseMs !== undefined) this.#within(device, happens.send, this.#nowMs + pauseMs);
    else this.#gaveUp(device, asked, refusal);
  }

  #pauseMs(device: number, asked: number, refusal: Refusal, attempt: number, waitedMs: number): number | undefined {
    // What may have been processed does not go again.
    const isRefusal = refusal.code === "api_rate_limited";
    if (asked === asks.session) return this.#policy.initiateMs(refusal, attempt, waitedMs);
    if (asked === asks.post) return isRefusal ? this.#policy.postMs(refusal, attempt, waitedMs) : undefined;
    if (asked === asks.simUpdate && !isRefusal) return undefined;
    return this.#policy.tryMs(refusal, { attempt, waitedMs, crowd: this.devices.crowd[device] ?? noCrowd });
  }

  #note(device: number, answer: "success" | "refused"): void {
    this.devices.crowd[device] = crowdAfter(this.devices.crowd[device] ?? noCrowd, answer);
  }

  // --- what follows from it ---

  #answered(device: number, asked: number): void {
    switch (asked) {
      case asks.list:
        if (at(this.devices.isInstalled, device) === 1) this.#ask(device, asks.simByIccid, 0);
        else this.#surveyed(device);
        return;
      case asks.simByIccid:
        this.#surveyed(device);
        return;
      case asks.post:
        this.devices.reservedInRun[device] = at(this.devices.runs, device);
        this.#await(device, false);
        return;
      case asks.settle:
        if (this.#isMade(device)) {
          this.#adopt(device);
          return;
        }
        if (this.#stateLastsMs(device) >= defaults.settleMs) {
          this.#concludeUnclear(device);
          return;
        }
        this.#poll(device, asked, "settling", defaults.settleMs);
        return;
      case asks.available:
        if (this.#isAvailable(device)) {
          this.#enter(device, asks.session, stateLimits.downloading);
          return;
        }
        this.#pollAvailable(device, deadline);
        return;
      case asks.session:
        this.#work(device, happens.installed, this.#setting.times.downloadMs);
        return;
      case asks.sim:
        if (at(this.devices.simChangedMs, device) === never) {
          this.#ask(device, asks.simUpdate, 0);
          return;
        }
        this.#simSeen(device);
        return;
      case asks.simUpdate:
        // A change that is queued is looked at once the profile is enabled.
        this.devices.simAskedMs[device] = this.#nowMs;
        this.#work(device, happens.enabled, this.#setting.times.enableMs);
        return;
      case asks.confirm:
        this.#finish(device);
        return;
      default:
        this.#simSeen(device);
        return;
    }
  }

  #gaveUp(device: number, asked: number, refusal: Refusal): void {
    switch (asked) {
      case asks.post:
        if (refusal.code === "api_rate_limited") this.#fail(device, refusal);
        else this.#doubt(device);
        return;
      case asks.session:
        this.#sessionFailed(device, refusal);
        return;
      case asks.available:
        this.#pollAvailable(device, refusal);
        return;
      case asks.settle:
        this.#poll(device, asked, "settling", defaults.settleMs);
        return;
      case asks.confirm: {
        const waitedMs = this.#stateLastsMs(device);
        const pauseMs = this.#policy.pollMs("confirm", { attempt: this.#nextRound(device), waitedMs });
        if (this.#stateLastsMs(device) + pauseMs >= defaults.confirmWaitMs) {
          this.#finish(device);
          return;
        }
        this.#ask(device, asked, pauseMs);
        return;
      }
      default:
        this.#fail(device, refusal);
        return;
    }
  }

  #surveyed(device: number): void {
    const { isInstalled, isEnabled, simChangedMs, isInDoubt } = this.devices;
    if (at(isInstalled, device) === 1) {
      if (at(isEnabled, device) === 1) {
        this.#finish(device);
        return;
      }
      if (at(simChangedMs, device) === never) {
        this.#enter(device, asks.simUpdate, stateLimits.activating);
        return;
      }
      this.devices.stateEndMs[device] = this.#nowMs + stateLimits.activating;
      this.#simSeen(device);
      return;
    }
    if (this.#isMade(device)) {
      this.#adopt(device);
      return;
    }
    if (at(isInDoubt, device) === 1) {
      this.#enter(device, asks.settle, stateLimits.settling);
      return;
    }
    this.#enter(device, asks.post, stateLimits.reserving);
    return;
  }

  #isMade(device: number): boolean {
    return at(this.devices.madeMs, device) <= this.#nowMs;
  }

  #isAvailable(device: number): boolean {
    return at(this.devices.madeMs, device) + this.#setting.times.availableMs <= this.#nowMs;
  }

  #adopt(device: number): void {
    this.devices.isInDoubt[device] = 0;
    this.#await(device, this.#isAvailable(device));
  }

  #await(device: number, isAvailable: boolean): void {
    if (isAvailable) {
      this.#enter(device, asks.session, stateLimits.downloading);
      return;
    }
    this.#enter(device, asks.available, stateLimits.awaiting, this.#policy.pollMs("available", firstLook));
    this.devices.round[device] = 1;
  }

  #pollAvailable(device: number, refusal: Refusal): void {
    if (this.#stateLastsMs(device) >= defaults.availableWaitMs) {
      this.#fail(device, refusal);
      return;
    }
    this.#poll(device, asks.available, "available", defaults.availableWaitMs, refusal.retryAfterMs);
  }

  /** Asks the same again after the policy's pause, at the end of `limitMs` at the latest. */
  #poll(device: number, asked: number, what: "available" | "settling", limitMs: number, retryAfterMs?: number): void {
    const waitedMs = this.#stateLastsMs(device);
    const leftMs = limitMs - waitedMs;
    const pauseMs = this.#policy.pollMs(what, { attempt: this.#nextRound(device), waitedMs, retryAfterMs });
    this.#ask(device, asked, leftMs > 0 ? Math.min(leftMs, pauseMs) : pauseMs);
  }

  /** The change was queued by this run, and is to be seen carried out; or there is nothing to see. */
  #enabled(device: number): void {
    const askedMs = at(this.devices.simAskedMs, device);
    if (this.#setting.times.scheduledMs === 0 || askedMs < at(this.devices.beganMs, device)) {
      this.#enter(device, asks.confirm, stateLimits.confirming);
      return;
    }
    const pauseMs = this.#policy.pollMs("sim", firstLook) - (this.#nowMs - askedMs);
    this.#enter(device, asks.simSettled, stateLimits.settlingSim, Math.max(0, pauseMs));
    this.devices.round[device] = 1;
  }

  #simSeen(device: number): void {
    const { scheduledMs, enableMs } = this.#setting.times;
    const changedMs = at(this.devices.simChangedMs, device);
    if (changedMs + scheduledMs <= this.#nowMs) {
      if (at(this.devices.isEnabled, device) === 1) this.#enter(device, asks.confirm, stateLimits.confirming);
      else this.#work(device, happens.enabled, enableMs);
      return;
    }
    const waitedMs = this.#nowMs - Math.max(changedMs, at(this.devices.beganMs, device));
    this.#ask(device, asks.simSettled, this.#policy.pollMs("sim", { attempt: this.#nextRound(device), waitedMs }));
  }

  /** Its Sim is known to be new then, and is not looked at before it is moved. */
  #isReservedNow(device: number): boolean {
    return at(this.devices.reservedInRun, device) === at(this.devices.runs, device);
  }

  /** It may have been processed: only the list says so, by EID. */
  #doubt(device: number): void {
    const { doubts, isInDoubt } = this.devices;
    doubts[device] = at(doubts, device) + 1;
    isInDoubt[device] = 1;
    this.#enter(device, asks.settle, stateLimits.settling);
  }

  /** The list showed nothing of the POST for all the time: once more, and then a person decides (`on_unclear`). */
  #concludeUnclear(device: number): void {
    if (at(this.devices.doubts, device) > 1) {
      this.held++;
      return;
    }
    this.devices.isInDoubt[device] = 0;
    this.#enter(device, asks.post, stateLimits.reserving);
  }

  #sessionFailed(device: number, refusal: Refusal): void {
    const { sessions, pace } = this.devices;
    const spent = at(sessions, device) + 1;
    sessions[device] = spent;
    if (spent >= defaults.downloadAttempts) {
      this.#fail(device, refusal);
      return;
    }
    const pauseMs = listMs * at(pace, device) + this.#policy.sessionMs(spent);
    this.#enter(device, asks.session, stateLimits.downloading, pauseMs);
    return;
  }
}
