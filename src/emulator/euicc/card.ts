import { concatBytes, encodeTlv } from "../../lpa/asn1/tlv.js";
import type { EmulatedEuicc } from "./euicc.js";

/** The ISD-R's application id (SGP.02, 2.2.3). */
export const isdrAid: Uint8Array = new Uint8Array(Buffer.from("a0000005591010ffffffff8900000100", "hex"));

/** Status words of ISO 7816-4 and ETSI TS 102 221, as far as the card gives them. */
const sw = {
  ok: 0x9000,
  wrongLength: 0x6700,
  channelNotSupported: 0x6881,
  conditionsNotSatisfied: 0x6985,
  noChannelFree: 0x6a81,
  notFound: 0x6a82,
  wrongParameters: 0x6a86,
  insNotSupported: 0x6d00,
  claNotSupported: 0x6e00,
} as const;

const ins = { manageChannel: 0x70, select: 0xa4, getResponse: 0xc0, storeData: 0xe2 } as const;

/** One basic and three further logical channels, as most cards have. */
const channelCount = 4;
/** More than any bound profile package's longest chain; a real card runs out of buffer long before. */
const maxCommandBytes = 65_535;

interface Channel {
  isdrSelected: boolean;
  /** Blocks of a STORE DATA chain that is not complete. */
  blocks: Uint8Array[];
  /** What GET RESPONSE fetches. */
  pending: Uint8Array;
  /** The status word behind the last byte of `pending`. */
  finalStatus: number;
}

/** The eUICC as a card: logical channels, STORE DATA chains and GET RESPONSE around {@link EmulatedEuicc}. */
export class EuiccCard {
  readonly #euicc: EmulatedEuicc;
  readonly #channels = new Map<number, Channel>();
  /** A proactive command that the modem has not fetched yet. */
  #refreshWaits = false;

  constructor(euicc: EmulatedEuicc) {
    this.#euicc = euicc;
    this.#channels.set(0, newChannel());
  }

  /** A power cycle: all channels but the basic one, all sessions and half-loaded profiles are gone. */
  reset(): void {
    this.#channels.clear();
    this.#channels.set(0, newChannel());
    this.#refreshWaits = false;
    this.#euicc.reset();
  }

  /** For a modem that answers CCHO: opens a channel and selects, or gives the card's status word. */
  openChannel(aid: Uint8Array): { readonly channel: number } | { readonly statusWord: number } {
    const number = this.#freeNumber();
    if (number === undefined) return { statusWord: sw.noChannelFree };
    if (Buffer.compare(aid, isdrAid) !== 0) return { statusWord: sw.notFound };
    this.#channels.set(number, { ...newChannel(), isdrSelected: true });
    return { channel: number };
  }

  /** False for a channel that is not open; the basic channel cannot be closed. */
  closeChannel(channel: number): boolean {
    return channel !== 0 && this.#channels.delete(channel);
  }

  /**
   * One command APDU in, data and status word out. While a proactive command waits, 91xx stands in place of every 9000: a host that
   * left before the end of the answer does not take the REFRESH with it (TS 102 221, 7.4.2).
   */
  transmit(apdu: Uint8Array): Uint8Array {
    const answer = this.#answer(apdu);
    const isOk = answer.at(-2) === sw.ok >> 8 && answer.at(-1) === (sw.ok & 0xff);
    if (!isOk || !this.#refreshWaits) return answer;
    return concatBytes(answer.subarray(0, -2), status(refreshStatus));
  }

  #answer(apdu: Uint8Array): Uint8Array {
    const [cla, instruction, p1, p2] = apdu;
    if (cla === undefined || instruction === undefined || p1 === undefined || p2 === undefined) {
      return status(sw.wrongLength);
    }
    // Interindustry (00..03) and GlobalPlatform (80..83) classes; the low bits are the channel.
    if ((cla & 0x7c) !== 0) return status((cla & 0x40) !== 0 ? sw.channelNotSupported : sw.claNotSupported);
    const channel = this.#channels.get(cla & 0x03);
    if (channel === undefined) return status(sw.channelNotSupported);
    const isProprietary = (cla & 0x80) !== 0;
    if (instruction === ins.getResponse) return getResponse(channel, apdu);
    channel.pending = new Uint8Array();
    if (isProprietary) {
      if (instruction === ins.storeData) return this.#storeData(channel, apdu, p1, p2);
      return status(sw.insNotSupported);
    }
    if (instruction === ins.manageChannel) return this.#manageChannel(apdu, p1, p2);
    if (instruction === ins.select) return this.#select(channel, apdu, p1);
    return status(sw.insNotSupported);
  }

  #freeNumber(): number | undefined {
    for (let number = 1; number < channelCount; number++) if (!this.#channels.has(number)) return number;
    return undefined;
  }

  #manageChannel(apdu: Uint8Array, p1: number, p2: number): Uint8Array {
    if (p1 === 0x00 && p2 === 0x00) {
      const le = apdu.length === 5 ? apdu[4] : undefined;
      if (le === undefined) return status(sw.wrongLength);
      if (le !== 1 && le !== 0) return status(0x6c01);
      const number = this.#freeNumber();
      if (number === undefined) return status(sw.noChannelFree);
      this.#channels.set(number, newChannel());
      return concatBytes(Uint8Array.of(number), status(sw.ok));
    }
    if (p1 !== 0x80) return status(sw.wrongParameters);
    if (p2 === 0) return status(sw.wrongParameters);
    return status(this.closeChannel(p2) ? sw.ok : sw.channelNotSupported);
  }

  #select(channel: Channel, apdu: Uint8Array, p1: number): Uint8Array {
    if (p1 !== 0x04) return status(sw.wrongParameters);
    const aid = commandData(apdu);
    if (aid === undefined) return status(sw.wrongLength);
    if (Buffer.compare(aid, isdrAid) !== 0) return status(sw.notFound);
    channel.isdrSelected = true;
    channel.blocks = [];
    // FCI with the ISD-R's own template, which names the SGP.22 version (SGP.22, 5.7.1).
    const template = encodeTlv(0xe0, encodeTlv(0x82, Uint8Array.of(2, 2, 2)));
    return respond(channel, encodeTlv(0x6f, encodeTlv(0x84, isdrAid), encodeTlv(0xa5), template), sw.ok);
  }

  #storeData(channel: Channel, apdu: Uint8Array, p1: number, p2: number): Uint8Array {
    if (!channel.isdrSelected) return status(sw.insNotSupported);
    if (p1 !== 0x11 && p1 !== 0x91) return status(sw.wrongParameters);
    const data = commandData(apdu);
    if (data === undefined) return status(sw.wrongLength);
    // Block 0 begins a chain anew, whatever came before; any other must be the next one.
    if (p2 === 0) channel.blocks = [];
    else if (p2 !== channel.blocks.length % 256) {
      channel.blocks = [];
      return status(sw.wrongParameters);
    }
    channel.blocks.push(data.slice());
    if (channel.blocks.reduce((sum, block) => sum + block.length, 0) > maxCommandBytes) {
      channel.blocks = [];
      return status(sw.wrongLength);
    }
    if (p1 === 0x11) return status(sw.ok);
    const command = concatBytes(...channel.blocks);
    channel.blocks = [];
    const { response, refresh, statusWord } = this.#euicc.es10(command);
    if (statusWord !== sw.ok) return status(statusWord);
    if (refresh) this.#refreshWaits = true;
    return respond(channel, response, sw.ok);
  }
}

/** "Normal ending, with a proactive command of 11 bytes": the REFRESH (TS 102 221, 7.4.2). */
const refreshStatus = 0x910b;

function newChannel(): Channel {
  return { isdrSelected: false, blocks: [], pending: new Uint8Array(), finalStatus: sw.ok };
}

function status(word: number): Uint8Array {
  return Uint8Array.of(word >> 8, word & 0xff);
}

/** 61xx tells how much there is to fetch, 00 for 256 or more. */
function respond(channel: Channel, data: Uint8Array, finalStatus: number): Uint8Array {
  if (data.length === 0) return status(finalStatus);
  channel.pending = data;
  channel.finalStatus = finalStatus;
  return status(0x6100 | (data.length >= 256 ? 0 : data.length));
}

function getResponse(channel: Channel, apdu: Uint8Array): Uint8Array {
  const le = apdu[4];
  if (apdu.length !== 5 || le === undefined) return status(sw.wrongLength);
  if (apdu[2] !== 0 || apdu[3] !== 0) return status(sw.wrongParameters);
  if (channel.pending.length === 0) return status(sw.conditionsNotSatisfied);
  // Le 00 takes what there is, up to 256; a number that is too large is corrected.
  if (le > channel.pending.length) return status(0x6c00 | channel.pending.length);
  const count = Math.min(le === 0 ? 256 : le, channel.pending.length);
  const data = channel.pending.subarray(0, count);
  channel.pending = channel.pending.subarray(count);
  const left = channel.pending.length;
  return concatBytes(data, left === 0 ? status(channel.finalStatus) : status(0x6100 | (left >= 256 ? 0 : left)));
}

/** The data behind Lc, with or without an Le behind it; undefined when the lengths do not agree. */
function commandData(apdu: Uint8Array): Uint8Array | undefined {
  const lc = apdu[4];
  if (lc === undefined || lc === 0) return undefined;
  return apdu.length === 5 + lc || apdu.length === 6 + lc ? apdu.subarray(5, 5 + lc) : undefined;
}
