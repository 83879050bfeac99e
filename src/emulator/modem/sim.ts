/** The SIM side of the modem: the eUICC in its slot, what a REFRESH does to it, and the host's logical channels. */

import type { CancelTimer, Clock } from "../../base/clock.js";
import { decodeProfileInfoList, encodeGetProfilesInfo, type ProfileInfo } from "../../lpa/es10/profile-info.js";
import { type Answer, cme, cmeError } from "./answers.js";
import type { World } from "./scenario.js";

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
  readonly world: () => World;
  readonly emit: (urc: string) => void;
  /** The usable profile changed, or went. */
  readonly onChange: () => void;
}

export type SimState = "absent" | "off" | "busy" | "ready";

export class Sim {
  readonly #options: SimOptions;
  readonly #channels = new Map<string, number>();
  #busy: CancelTimer | undefined;
  #on = true;
  #sessions = 0;

  constructor(options: SimOptions) {
    this.#options = options;
  }

  get state(): SimState {
    if (this.#options.world().euicc === "absent") return "absent";
    if (!this.#on) return "off";
    return this.#busy === undefined ? "ready" : "busy";
  }

  /** Why the SIM cannot be used now, as the modem says it. */
  refusal(): Answer | undefined {
    switch (this.state) {
      case "absent":
        return cmeError(cme.simNotInserted);
      case "off":
        return cmeError(cme.simFailure);
      case "busy":
        return cmeError(cme.simBusy);
      case "ready":
        return undefined;
    }
  }

  profiles(): readonly ProfileInfo[] {
    return decodeProfileInfoList(this.#options.euicc.es10(encodeGetProfilesInfo()).response);
  }

  /** The profile that the network side sees; undefined while there is none, or the SIM is not ready. */
  enabledProfile(): ProfileInfo | undefined {
    return this.state === "ready" ? this.profiles().find((profile) => profile.state === "enabled") : undefined;
  }

  /** For the modem's own LPA. The caller sees to the REFRESH once it has answered. */
  es10(command: Uint8Array): { readonly response: Uint8Array; readonly refresh: boolean } {
    return this.#options.euicc.es10(command);
  }

  /** The eUICC asked for it: the card starts anew, its channels die, and for a while the SIM is busy (ETSI TS 102 223, 6.4.7). */
  refresh(): void {
    if (!this.#on) return;
    this.#restart();
  }

  /** CFUN=0 takes the SIM's power, CFUN=1 gives it back. */
  setPower(on: boolean): void {
    if (on === this.#on) return;
    this.#on = on;
    if (on) {
      this.#restart();
      return;
    }
    this.#stop();
    this.#options.onChange();
  }

  /** The modem lost its power: as never started. */
  powerOff(): void {
    this.#stop();
    this.#on = true;
  }

  /** The modem starts: the SIM comes up after its time. */
  powerOn(): void {
    this.#restart();
  }

  /** The session id that CCHO answers, or the status word of the card's refusal. */
  open(aid: Uint8Array): { readonly session: string } | { readonly statusWord: number } {
    const opened = this.#options.card.openChannel(aid);
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
    return this.#options.card.closeChannel(channel);
  }

  hasSession(session: string): boolean {
    return this.#channels.has(session);
  }

  /** CGLA: the modem puts the session's channel into CLA, whatever channel the host wrote there. Undefined when not open. */
  exchange(session: string, apdu: Uint8Array): Uint8Array | undefined {
    const channel = this.#channels.get(session);
    if (channel === undefined) return undefined;
    const [cla = 0, ...rest] = apdu;
    return this.raw(Uint8Array.of((cla & 0xfc) | channel, ...rest));
  }

  /** CSIM: the host's APDU as it is. */
  raw(apdu: Uint8Array): Uint8Array {
    return this.#options.card.transmit(apdu);
  }

  #restart(): void {
    this.#stop();
    const { clock, world, emit, onChange } = this.#options;
    if (this.state === "absent") return;
    this.#busy = clock.setTimer(world().simBusyMs, () => {
      this.#busy = undefined;
      if (this.enabledProfile() === undefined) emit("+CPIN: NOT READY");
      else for (const urc of ["+CPIN: READY", "+QUSIM: 1", "+QIND: PB DONE"]) emit(urc);
      onChange();
    });
    onChange();
  }

  #stop(): void {
    this.#busy?.();
    this.#busy = undefined;
    this.#channels.clear();
    this.#options.card.reset();
  }
}
