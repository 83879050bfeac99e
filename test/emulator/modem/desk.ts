import { VirtualClock } from "../../../src/base/clock.js";
import { parseEid, parseIccid } from "../../../src/base/identifiers.js";
import { seededRandom } from "../../../src/base/random.js";
import type { Behaviour } from "../../../src/emulator/modem/behaviours.js";
import type { DownloadOutcome, DownloadRequest } from "../../../src/emulator/modem/dialects/download.js";
import { fakeDialects } from "../../../src/emulator/modem/dialects/index.js";
import type { Es9Post } from "../../../src/emulator/modem/dialects/own-network.js";
import { Modem } from "../../../src/emulator/modem/modem.js";
import { type WorldInput, worldSchema } from "../../../src/emulator/modem/scenario.js";
import type { Slot } from "../../../src/emulator/modem/slot.js";
import {
  decodeSetDefaultAddress,
  encodeConfiguredAddresses,
  encodeSetDefaultAddressResult,
} from "../../../src/lpa/es10/configured-addresses.js";
import { encodeEid } from "../../../src/lpa/es10/eid.js";
import {
  encodeProfileInfo,
  encodeProfileInfoList,
  type ProfileInfo,
  type ProfileState,
} from "../../../src/lpa/es10/profile-info.js";
import {
  decodeDeleteProfile,
  decodeDisableProfile,
  decodeEnableProfile,
  decodeSetNickname,
  encodeOperationResult,
  type ProfileId,
} from "../../../src/lpa/es10/profile-operations.js";
import { tags } from "../../../src/lpa/es10/tags.js";

/** A modem on a desk: no wire, a clock of its own, and an eUICC that is a list of profiles. */

export const deskEid = parseEid("89049032123451234512345678901235", "the test");
export const firstIccid = parseIccid("8988303000000000017", "the test");
export const secondIccid = parseIccid("8988303000000000025", "the test");

const twoProfiles: readonly ProfileInfo[] = [
  { iccid: firstIccid, state: "enabled", profileClass: "provisioning", serviceProvider: "Boot", name: "Start" },
  { iccid: secondIccid, state: "disabled", profileClass: "operational", serviceProvider: "KORE", name: "Super SIM" },
];

/** What the modem's parts ask of an eUICC, with the answers of SGP.22, 5.7 and none of its cryptography. */
export class ProfileList {
  profiles: ProfileInfo[];
  defaultSmdpAddress = "";
  resets = 0;
  readonly apdus: string[] = [];
  readonly #open = new Set<number>();

  constructor(profiles: readonly ProfileInfo[]) {
    this.profiles = [...profiles];
  }

  es10(command: Uint8Array): { response: Uint8Array; refresh: boolean } {
    const tag = (command[0] ?? 0) * 256 + (command[1] ?? 0);
    switch (tag) {
      case tags.getEid:
        return { response: encodeEid(deskEid), refresh: false };
      case tags.getProfilesInfo: {
        const infos = this.profiles.map((profile) => encodeProfileInfo(profile));
        return { response: encodeProfileInfoList(infos), refresh: false };
      }
      case tags.enableProfile:
        return this.#switch(tag, decodeEnableProfile(command).id, "enabled");
      case tags.disableProfile:
        return this.#switch(tag, decodeDisableProfile(command).id, "disabled");
      case tags.deleteProfile: {
        const profile = this.#find(decodeDeleteProfile(command));
        const code = profile === undefined ? 1 : profile.state === "enabled" ? 2 : 0;
        if (code === 0) this.profiles = this.profiles.filter((other) => other !== profile);
        return { response: encodeOperationResult(tag, code), refresh: false };
      }
      case tags.setNickname: {
        const { iccid, nickname } = decodeSetNickname(command);
        const known = this.profiles.some((profile) => profile.iccid === iccid);
        this.profiles = this.profiles.map((profile) => (profile.iccid === iccid ? { ...profile, nickname } : profile));
        return { response: encodeOperationResult(tag, known ? 0 : 1), refresh: false };
      }
      case tags.getConfiguredAddresses: {
        const { defaultSmdpAddress } = this;
        return { response: encodeConfiguredAddresses({ defaultSmdpAddress }), refresh: false };
      }
      case tags.setDefaultAddress:
        this.defaultSmdpAddress = decodeSetDefaultAddress(command);
        return { response: encodeSetDefaultAddressResult(0), refresh: false };
      default:
        throw new Error(`the desk's eUICC has no ${tag.toString(16)}`);
    }
  }

  /** Answers every APDU with its CLA and INS, so that a test sees what reached the card; 31 asks for a REFRESH. */
  transmit(apdu: Uint8Array): Uint8Array {
    this.apdus.push(Buffer.from(apdu).toString("hex"));
    return Uint8Array.of(apdu[0] ?? 0, apdu[1] ?? 0, apdu.includes(0x31) ? 0x91 : 0x90, 0x00);
  }

  openChannel(aid: Uint8Array): { channel: number } | { statusWord: number } {
    if (Buffer.from(aid).toString("hex") !== "a0000005591010ffffffff8900000100") return { statusWord: 0x6a82 };
    const channel = [1, 2, 3].find((number) => !this.#open.has(number));
    if (channel === undefined) return { statusWord: 0x6a81 };
    this.#open.add(channel);
    return { channel };
  }

  closeChannel(channel: number): boolean {
    return this.#open.delete(channel);
  }

  reset(): void {
    this.resets++;
    this.#open.clear();
  }

  #find(id: ProfileId): ProfileInfo | undefined {
    return this.profiles.find((profile) => id.by === "iccid" && profile.iccid === id.iccid);
  }

  #switch(tag: number, id: ProfileId, state: ProfileState): { response: Uint8Array; refresh: boolean } {
    const profile = this.#find(id);
    const code = profile === undefined ? 1 : profile.state === state ? 2 : 0;
    if (profile === undefined || code !== 0) return { response: encodeOperationResult(tag, code), refresh: false };
    this.profiles = this.profiles.map((other) => {
      if (other === profile) return { ...other, state };
      return state === "enabled" ? { ...other, state: "disabled" } : other;
    });
    return { response: encodeOperationResult(tag, 0), refresh: true };
  }
}

export interface DeskOptions {
  readonly dialect?: string;
  readonly profiles?: readonly ProfileInfo[];
  /** A whole eUICC in place of the list. */
  readonly ports?: Slot["ports"];
  readonly world?: WorldInput;
  readonly behaviours?: readonly Behaviour[];
  readonly delayMs?: number;
  readonly baud?: number;
  readonly lpa?: (request: DownloadRequest) => Promise<DownloadOutcome>;
  readonly ownNetwork?: Es9Post;
}

export class Desk {
  readonly clock = new VirtualClock();
  readonly euicc: ProfileList;
  readonly modem: Modem;
  world: ReturnType<typeof worldSchema.parse>;
  readonly unplugs: (number | undefined)[] = [];
  /** The speed of this end; undefined is a wire without one. */
  hostRate: number | undefined;
  #heard: Buffer[] = [];

  constructor(options: DeskOptions = {}) {
    const dialect = fakeDialects.find(({ name }) => name === (options.dialect ?? "quectel-iccid"));
    if (dialect === undefined) throw new Error("no such dialect");
    this.euicc = new ProfileList(options.profiles ?? twoProfiles);
    this.world = worldSchema.parse({ ...dialect.world, ...options.world });
    this.modem = new Modem({
      clock: this.clock,
      random: seededRandom(1),
      dialect,
      imei: "867698040000010",
      euicc: options.ports?.euicc ?? this.euicc,
      card: options.ports?.card ?? this.euicc,
      lpa: options.lpa ?? (async () => ({ ok: false, stage: "lpa", reason: "none" })),
      ownNetwork: () => options.ownNetwork ?? (async () => ({ status: 500, body: "" })),
      world: () => this.world,
      behaviours: options.behaviours ?? [],
      delayMs: options.delayMs ?? 0,
      baud: options.baud,
      write: (bytes) => this.#heard.push(Buffer.from(bytes)),
      hostRate: () => this.hostRate,
      unplug: ({ replugAfterMs }) => this.unplugs.push(replugAfterMs),
    });
    this.modem.begin();
  }

  /** Sends characters as they are. */
  type(text: string): void {
    this.modem.receive(Buffer.from(text, "latin1"));
  }

  /** What came since it was last asked, after `ms` have passed. */
  async heard(ms = 0): Promise<string> {
    await this.clock.advance(ms);
    await this.clock.advance(0);
    const text = Buffer.concat(this.#heard).toString("latin1");
    this.#heard = [];
    return text;
  }

  /** Sends a line and gives what came, blank lines left out: `a|b|OK`. Echo stays in. */
  async ask(line: string, ms = 0): Promise<string> {
    this.type(`${line}\r`);
    return lines(await this.heard(ms));
  }
}

export function lines(text: string): string {
  return text
    .split(/[\r\n]+/)
    .filter((line) => line !== "")
    .join("|");
}

/** A desk whose port is as a host sets it up: no echo, errors by number. */
export async function quietDesk(options: DeskOptions = {}): Promise<Desk> {
  const desk = new Desk(options);
  await desk.ask("ATE0");
  await desk.ask("AT+CMEE=1");
  await desk.heard(3 * (options.delayMs ?? 0));
  return desk;
}
