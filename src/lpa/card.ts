import { EsimdError } from "../base/errors.js";
import { type Eid, parseSmdpAddress, type SmdpAddress } from "../base/identifiers.js";
import type { ModemLine } from "../modem/exchange.js";
import { type CardChannel, openCardChannel } from "../modem/uicc-access.js";
import { decodeConfiguredAddresses, encodeGetConfiguredAddresses } from "./es10/configured-addresses.js";
import { decodeEid, encodeGetEid } from "./es10/eid.js";

/** The ISD-R, the eUICC's application for the LPA (SGP.02 2.2.3, used by SGP.22). */
export const isdrAid = "A0000005591010FFFFFFFF8900000100";

const exchangeTimeoutMs = 10_000;
const segmentBytes = 120;
const maxAnswerBytes = 64 * 1024;

/** The EID straight from the eUICC; undefined when the modem gives no way to its ISD-R. */
export function readEidFromCard(line: ModemLine, signal: AbortSignal): Promise<Eid | undefined> {
  return onIsdR(line, signal, async (card) => decodeEid(await es10(card, encodeGetEid(), signal)));
}

/** The default SM-DP+ that is stored on the eUICC (ES10a.GetEuiccConfiguredAddresses). */
export async function readDefaultSmdpFromCard(line: ModemLine, signal: AbortSignal): Promise<SmdpAddress | undefined> {
  return onIsdR(line, signal, async (card) => {
    const answer = decodeConfiguredAddresses(await es10(card, encodeGetConfiguredAddresses(), signal));
    const address = answer.defaultSmdpAddress;
    return address === undefined ? undefined : parseSmdpAddress(address, "the eUICC's default SM-DP+");
  });
}

async function onIsdR<Value>(
  line: ModemLine,
  signal: AbortSignal,
  work: (card: CardChannel) => Promise<Value>,
): Promise<Value | undefined> {
  const card = await openCardChannel(line, isdrAid, signal);
  if (card === undefined) return undefined;
  try {
    return await work(card);
  } finally {
    // A channel that stays open is one of the card's few; but a failure to close must not hide the one that led here.
    await card.close(signal).catch(() => undefined);
  }
}

/** One ES10 command by STORE DATA: P1 11 while more blocks follow and 91 for the last, P2 counts (SGP.22 5.7.2). */
async function es10(card: CardChannel, command: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  let answer = new Uint8Array();
  for (let at = 0, block = 0; at < command.length; at += segmentBytes, block++) {
    const data = command.subarray(at, at + segmentBytes);
    const last = at + segmentBytes >= command.length;
    answer = await whole(card, Uint8Array.of(0x80, 0xe2, last ? 0x91 : 0x11, block, data.length, ...data), signal);
  }
  return answer;
}

/** Collects an answer that comes in pieces: `61xx` means that xx bytes wait, `6Cxx` that Le should have been xx (ISO 7816-4 5.6). */
async function whole(card: CardChannel, apdu: Uint8Array, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let next = apdu;
  for (let corrected = false; ; ) {
    const response = await card.transmit(next, exchangeTimeoutMs, signal);
    const sw1 = response.at(-2) ?? 0;
    const sw2 = response.at(-1) ?? 0;
    const data = response.subarray(0, response.length - 2);
    if (sw1 === 0x6c && !corrected) {
      corrected = true;
      next = Uint8Array.of(...next.subarray(0, 4), sw2);
      continue;
    }
    parts.push(data);
    bytes += data.length;
    if (bytes > maxAnswerBytes) throw new EsimdError("modem_protocol", "the eUICC's answer does not end");
    if (sw1 === 0x61) {
      next = Uint8Array.of(0x80, 0xc0, 0x00, 0x00, sw2);
      continue;
    }
    if ((sw1 === 0x90 && sw2 === 0x00) || sw1 === 0x91) return new Uint8Array(Buffer.concat(parts));
    throw new EsimdError("modem_protocol", `the eUICC refuses with status ${statusWord(sw1, sw2)}${meaning(sw1, sw2)}`);
  }
}

function statusWord(sw1: number, sw2: number): string {
  return ((sw1 << 8) | sw2).toString(16).toUpperCase().padStart(4, "0");
}

function meaning(sw1: number, sw2: number): string {
  return sw1 === 0x69 && sw2 === 0x85 ? " (an M2M eUICC of SGP.02, or a locked one)" : "";
}
