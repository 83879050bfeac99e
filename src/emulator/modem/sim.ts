/** The SIM side of the modem: the card in its active slot, what the modem knows of it, and the host's logical channels. */

import type { CancelTimer, Clock } from "../../base/clock.js";
import { decodeProfileInfoList, encodeGetProfilesInfo, type ProfileInfo } from "../../lpa/es10/profile-info.js";
import { type Answer, cme, cmeError } from "./answers.js";
import type { ModemStyle } from "./dialects/style.js";
import { SimPin } from "./sim-pin.js";
import { PlainSimCard, plainSim, type SimSlots, type SlotNumber } from "./sim-slots.js";
import type { World } from "./world-options.js";

/** The eUICC as the modem's own LPA reaches it. */
export interface EuiccPort {
  es10(command: Uint8Array): { readonly response: Uint8Array; readonly refresh: boolean };
}

/** The eUICC as a card: APDUs in, APDUs out, the status word included. */
export interface CardPort {
  transmit(apdu: Uint8Array): Uint8Array;
  /** The number of the new logical channel with `aid` selected on it, or the status word of the refusal. */
  openChannel(aid: Uint8Array): { readonly channel: number } | { readonly statusWord: number };
  closeChannel(channel: number): boolean;
  /** As a power cycle: channels and half-loaded packages are gone. */
  reset(): void;
}

export interface SimOptions {
  readonly clock: Clock;
  readonly euicc: EuiccPort;
  readonly card: CardPort;
  readonly slots: SimSlots;
  readonly world: () => World;
  readonly style: Pick<ModemStyle, "simUrcs">;
  readonly emit: (urc: string) => void;
  /** The usable profile changed, or went. */
  readonly onChange: () => void;
  /** Another slot is the active one. */
  readonly onSlot: () => void;
}

export type SimState = "absent" | "off" | "busy" | "ready";

/** Why the SIM starts anew. */
type StartCause = "refresh" | PowerSwitch | "reset" | "slot";

/** CFUN, or a command for the SIM alone. */
export type PowerSwitch = "functionality" | "sim-power";

/** What makes the modem look at the eUICC's profiles again, by how it takes a REFRESH. */
const looksAgain: Readonly<Record<World["refresh"], readonly StartCause[]>> = {
  honoured: ["refresh", "functionality", "sim-power", "reset", "slot"],
  ignored: ["functionality", "sim-power", "reset", "slot"],
  "needs-cfun": ["functionality", "reset", "slot"],
  "needs-sim-power": ["sim-power", "reset", "slot"],
  "needs-reset": ["reset"],
};

const storeData = 0xe2;
/** "Conditions of use not satisfied" (ISO 7816-4). */
const conditionsNotSatisfied = Uint8Array.of(0x69, 0x85);

export class Sim {
  readonly #options: SimOptions;
  readonly #plainCard = new PlainSimCard();
  readonly #channels = new Map<string, number>();
  readonly #pin = new SimPin();
  #busy: CancelTimer | undefined;
  /** When the SIM that is busy began to start. */
  #startedAtMs: number;
  /** A REFRESH that the modem has not carried out yet. */
  #refreshing: CancelTimer | undefined;
  /** What the modem found enabled on the eUICC when it last looked. */
  #found: ProfileInfo | undefined;
  /** What took the SIM's power. */
  readonly #off = new Set<PowerSwitch>();
  #sessions = 0;

  constructor(options: SimOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.monotonicMs();
    this.#look();
  }

  get slots(): SimSlots {
    return this.#options.slots;
  }

  get state(): SimState {
    if (this.slots.content === "empty") return "absent";
    if (this.#off.size > 0) return "off";
    return this.#busy === undefined ? "ready" : "busy";
  }

  /** Why the SIM cannot be used now, as the modem says it. */
  refusal(): Answer | undefined {
    switch (this.state) {
      case "absent":
        return cmeError(cme.simNotInserted);
      case "off":
        return cmeError(this.#off.has("sim-power") ? cme.simNotInserted : cme.simFailure);
      case "busy":
        return cmeError(this.#busyError());
      case "ready":
        return undefined;
    }
  }

  /** Why the modem's own LPA has no eUICC to work on now; the commands of a dialect ask it first. */
  euiccRefusal(): Answer | undefined {
    const refusal = this.refusal();
    if (refusal !== undefined) return refusal;
    if (this.slots.content !== "euicc") return cmeError(cme.notFound);
    return this.#options.world().euicc === "m2m" ? cmeError(cme.notAllowed) : undefined;
  }

  /** As the eUICC has them, whatever the modem knows of them. */
  profiles(): readonly ProfileInfo[] {
    return decodeProfileInfoList(this.#options.euicc.es10(encodeGetProfilesInfo()).response);
  }

  /** The profile that the modem uses, which under some scenarios is not the eUICC's; undefined without one, and while the SIM is not ready. */
  enabledProfile(): ProfileInfo | undefined {
    if (this.state !== "ready") return undefined;
    return this.slots.content === "sim" ? plainSim : this.#found;
  }

  /** `SIM PIN` or `SIM PUK` while the SIM application wants it. */
  pinWanted(): "SIM PIN" | "SIM PUK" | undefined {
    if (this.#options.world().pin === "none" || this.enabledProfile() === undefined) return undefined;
    return this.#pin.wanted;
  }

  /** False: not this PIN, or none is wanted. The caller sees to {@link unlocked} once it has answered. */
  enterPin(pin: string): boolean {
    return this.pinWanted() === "SIM PIN" && this.#pin.enter(pin);
  }

  unlocked(): void {
    this.#sayReady();
    this.#options.onChange();
  }

  /** For the modem's own LPA. The caller sees to the REFRESH once it has answered. */
  es10(command: Uint8Array): { readonly response: Uint8Array; readonly refresh: boolean } {
    return this.#options.euicc.es10(command);
  }

  /** The eUICC asked for it: the card starts anew, its channels die, and for a while the SIM is busy (ETSI TS 102 223, 6.4.7). */
  refresh(): void {
    const { clock, world } = this.#options;
    const { notReadyMs, refresh } = world();
    if (this.#off.size > 0 || refresh !== "honoured" || this.#refreshing !== undefined) return;
    if (notReadyMs === 0) {
      this.#restart("refresh");
      return;
    }
    this.#refreshing = clock.setTimer(notReadyMs, () => this.#restart("refresh"));
  }

  /** The card lost its power and has it again, by a command or by itself. */
  powerCycle(): void {
    if (this.#off.size === 0) this.#restart("sim-power");
  }

  /** CFUN=0, and commands of the SIM's own power, take it; they give it back. */
  setPower(on: boolean, by: PowerSwitch = "functionality"): void {
    if (on !== this.#off.has(by)) return;
    const wasOn = this.#off.size === 0;
    if (on) this.#off.delete(by);
    else this.#off.add(by);
    if (this.#off.size === 0) {
      this.#restart(by);
    } else if (wasOn) {
      this.#stop();
      this.#options.onChange();
    }
  }

  hasPowerBy(by: PowerSwitch): boolean {
    return !this.#off.has(by);
  }

  /** Kept over resets; another slot's card starts, the same slot's does not. */
  selectSlot(slot: SlotNumber): void {
    if (slot === this.slots.active) return;
    this.#stop();
    this.slots.choose(slot);
    this.#restart("slot");
    // An empty slot starts nothing, and still the network is gone.
    this.#options.onChange();
    this.#options.onSlot();
  }

  /** The modem lost its power: as never started. */
  powerOff(): void {
    this.#stop();
    this.#off.clear();
  }

  /** The modem starts: the SIM comes up after its time. */
  powerOn(): void {
    this.#restart("reset");
  }

  /** How long the SIM has been up; the modem's own LPA takes the ISD-R at times (see `isdrWindow`). */
  get isIsdrAway(): boolean {
    const { clock, world } = this.#options;
    const window = world().isdrWindow;
    if (window === undefined) return false;
    const upMs = clock.monotonicMs() - this.#startedAtMs;
    return upMs < window.opensMs || upMs >= window.closesMs;
  }

  /** The session id that CCHO answers, or the status word of the card's refusal. */
  open(aid: Uint8Array): { readonly session: string } | { readonly statusWord: number } {
    const opened = this.#card().openChannel(aid);
    if ("statusWord" in opened) return opened;
    this.#sessions++;
    // Not the channel's number on purpose: 27.007 8.45 promises no relation, and hosts that assume one break elsewhere.
    const session = String(this.#sessions);
    this.#channels.set(session, opened.channel);
    return { session };
  }

  /** False for a session that is not open. */
  close(session: string): boolean {
    const channel = this.#channels.get(session);
    if (channel === undefined) return false;
    this.#channels.delete(session);
    return this.#card().closeChannel(channel);
  }

  /** The logical channel that the session stands for; undefined when it is not open. */
  channelOf(session: string): number | undefined {
    return this.#channels.get(session);
  }

  /** The APDU as it is, its channel in CLA. */
  raw(apdu: Uint8Array): Uint8Array {
    const isEs10 = this.slots.content === "euicc" && apdu[1] === storeData;
    const isM2m = this.#options.world().euicc === "m2m";
    if (isEs10 && (isM2m || this.#refreshing !== undefined)) return conditionsNotSatisfied;
    return this.#card().transmit(apdu);
  }

  #card(): CardPort {
    return this.slots.content === "euicc" ? this.#options.card : this.#plainCard;
  }

  #look(): void {
    this.#found = this.profiles().find((profile) => profile.state === "enabled");
  }

  #busyError(): number {
    const { clock, world } = this.#options;
    const { simBusyErrors, simBusyMs } = world();
    const part = (clock.monotonicMs() - this.#startedAtMs) / simBusyMs;
    return simBusyErrors[Math.min(Math.floor(part * simBusyErrors.length), simBusyErrors.length - 1)] ?? cme.simBusy;
  }

  #restart(cause: StartCause): void {
    this.#stop();
    const { clock, world, onChange } = this.#options;
    if (this.state === "absent" || this.state === "off") return;
    this.#startedAtMs = clock.monotonicMs();
    this.#busy = clock.setTimer(world().simBusyMs, () => {
      this.#busy = undefined;
      if (looksAgain[world().refresh].includes(cause)) this.#look();
      this.#sayReady();
      onChange();
    });
    onChange();
  }

  #sayReady(): void {
    const { emit, style } = this.#options;
    const pin = this.pinWanted();
    const { ready, empty } = style.simUrcs;
    for (const urc of this.enabledProfile() === undefined ? empty : pin === undefined ? ready : [`+CPIN: ${pin}`])
      emit(urc);
  }

  #stop(): void {
    this.#busy?.();
    this.#busy = undefined;
    this.#refreshing?.();
    this.#refreshing = undefined;
    this.#channels.clear();
    this.#pin.restart();
    this.#card().reset();
  }
}
