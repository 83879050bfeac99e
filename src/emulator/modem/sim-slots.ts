/** The modem's SIM slots: which one is active, kept as in its NVM, and what is in it. */

import { parseIccid } from "../../base/identifiers.js";
import type { ProfileInfo } from "../../lpa/es10/profile-info.js";
import type { CardPort } from "./sim.js";
import type { World } from "./world-options.js";

export type SlotNumber = 1 | 2;
export type SlotContent = "euicc" | "sim" | "empty";

export class SimSlots {
  readonly #world: () => Pick<World, "slots" | "euicc">;
  #chosen: SlotNumber | undefined;

  constructor(world: () => Pick<World, "slots" | "euicc">) {
    this.#world = world;
  }

  /** 1: the modem has no commands about slots. */
  get count(): 1 | 2 {
    return this.#world().slots === undefined ? 1 : 2;
  }

  get active(): SlotNumber {
    return this.#chosen ?? this.#world().slots?.active ?? 1;
  }

  contentOf(slot: SlotNumber): SlotContent {
    const { slots, euicc } = this.#world();
    const isEuiccs = slots === undefined || slot === slots.euicc;
    if (!isEuiccs) return slots.other;
    return euicc === "absent" ? "empty" : "euicc";
  }

  /** What the modem can reach. */
  get content(): SlotContent {
    return this.contentOf(this.active);
  }

  /** Outlives every reset. {@link Sim.selectSlot} is what a command calls. */
  choose(slot: SlotNumber): void {
    this.#chosen = slot;
  }
}

/** The subscription of the SIM that is no eUICC. */
export const plainSim: ProfileInfo = {
  iccid: parseIccid("8988211000000000011", "the emulator's plain SIM"),
  state: "enabled",
  profileClass: "operational",
  serviceProvider: "Plain SIM",
  name: "Plain SIM",
};

/** A SIM without an ISD-R: its channels open, and no application of an eUICC is found (ETSI TS 102 221, 11.1.1 and 11.1.17). */
export class PlainSimCard implements CardPort {
  readonly #open = new Set<number>();

  openChannel(): { readonly statusWord: number } {
    return { statusWord: 0x6a82 };
  }

  closeChannel(channel: number): boolean {
    return this.#open.delete(channel);
  }

  reset(): void {
    this.#open.clear();
  }

  transmit(apdu: Uint8Array): Uint8Array {
    const [cla = 0, instruction, p1, p2 = 0] = apdu;
    const channel = cla & 0x03;
    if (channel !== 0 && !this.#open.has(channel)) return Uint8Array.of(0x68, 0x81);
    if (instruction === 0xa4) return Uint8Array.of(0x6a, 0x82);
    if (instruction !== 0x70) return Uint8Array.of(0x6d, 0x00);
    if (p1 === 0x80) return this.#open.delete(p2) ? Uint8Array.of(0x90, 0x00) : Uint8Array.of(0x68, 0x81);
    const number = [1, 2, 3].find((one) => !this.#open.has(one));
    if (number === undefined) return Uint8Array.of(0x6a, 0x81);
    this.#open.add(number);
    return Uint8Array.of(number, 0x90, 0x00);
  }
}
