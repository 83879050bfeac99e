import { childrenOf, concatBytes, readTlv } from "../../../src/lpa/asn1/tlv.js";
import { bppTags } from "../../../src/lpa/es10/bound-profile-package.js";
import { tags } from "../../../src/lpa/es10/tags.js";
import { countTurns, type Purpose } from "../exchanges.js";
import type { Turn } from "../wire-tap.js";

/** The download session inside what crossed the line, and the exchanges that it forces whoever drives it. */

const ofSession: ReadonlySet<Purpose | undefined> = new Set<Purpose>([
  "eUICC info",
  "challenge",
  "authenticate server",
  "prepare download",
  "load package",
]);

/** From the first command of the session, on a channel that is open, to the exchange that brought the install result. @throws when there is none. */
export function sessionOf<Any extends Turn>(turns: readonly Any[]): readonly Any[] {
  const purposes = countTurns(turns).map(({ exchange }) => exchange?.purpose);
  const end = purposes.lastIndexOf("load package");
  if (end < 0) throw new Error("nothing on the line loads a package");
  const before = purposes.slice(0, end).findLastIndex((purpose) => !ofSession.has(purpose));
  return turns.slice(before + 1, end + 1);
}

/** One ES10 command as the card got it, and all of its answer. */
export interface Es10Exchange {
  readonly purpose: Purpose | undefined;
  readonly command: Uint8Array;
  readonly answerBytes: number;
}

const storeData = 0xe2;
const moreBlocks = 0x11;

export function es10ExchangesOf(turns: readonly Turn[]): readonly Es10Exchange[] {
  const counted = countTurns(turns);
  const found: { purpose: Purpose | undefined; command: Buffer; answerBytes: number }[] = [];
  let chainEnded = true;
  for (const [index, { sent, received }] of turns.entries()) {
    const hex = /^AT\+(?:CGLA=[^,]+,|CSIM=)\d+,"([0-9A-Fa-f]+)"/.exec(sent)?.[1];
    if (hex === undefined) continue;
    const apdu = Buffer.from(hex, "hex");
    const answerBytes = (/\+(?:CGLA|CSIM): ?\d+,"?([0-9A-Fa-f]+)/.exec(received)?.[1]?.length ?? 4) / 2 - 2;
    const last = found.at(-1);
    if (apdu[1] === storeData && chainEnded) {
      const purpose = counted[index]?.exchange?.purpose;
      found.push({ purpose, command: apdu.subarray(5), answerBytes });
    } else if (last !== undefined) {
      if (apdu[1] === storeData) last.command = Buffer.concat([last.command, apdu.subarray(5)]);
      last.answerBytes += answerBytes;
    }
    if (apdu[1] === storeData) chainEnded = apdu[2] !== moreBlocks;
  }
  return found;
}

/** What the emulated modem takes, and tells no host. */
export const modemSegmentBytes = 255;

export interface CardAccess {
  /** Data bytes of the longest STORE DATA that the modem takes. */
  readonly segmentBytes: number;
  /** The modem leaves to the host what 61xx announces. */
  readonly hostFetches: boolean;
}

/** GET RESPONSE brings so many bytes at most (ISO 7816-4). */
const responseBytes = 256;

/**
 * The exchanges without which this session cannot be: `Σ ⌈command / segment⌉`, and where the host has to fetch answers `+ Σ ⌈answer / 256⌉`,
 * over GetEUICCInfo, GetEUICCChallenge, AuthenticateServer, PrepareDownload and the parts of the package, each of which is a chain of its
 * own (SGP.22 2.5.5, 5.7.6). What the program at hand asked besides is not in it, nor how it has cut the package.
 */
export function forcedExchanges(session: readonly Es10Exchange[], access: CardAccess): number {
  const { segmentBytes, hostFetches } = access;
  const packaged = session.filter(({ purpose }) => purpose === "load package");
  const others = onceEach(session.filter(({ purpose }) => purpose !== "load package"));
  const commands = [
    ...others.map(({ command }) => command.length),
    ...partLengths(concatBytes(...packaged.map(({ command }) => command))),
  ];
  const answers = [...others, ...packaged].map(({ answerBytes }) => answerBytes);
  const sum = (lengths: readonly number[], size: number): number =>
    lengths.reduce((total, length) => total + Math.ceil(length / size), 0);
  return sum(commands, segmentBytes) + (hostFetches ? sum(answers, responseBytes) : 0);
}

/** A session needs one of each; a second one is its program's affair. */
function onceEach(exchanges: readonly Es10Exchange[]): readonly Es10Exchange[] {
  const needed: readonly Purpose[] = ["eUICC info", "challenge", "authenticate server", "prepare download"];
  return needed.flatMap((name) => exchanges.find(({ purpose }) => purpose === name) ?? []);
}

/** BF36 with the whole of BF23 | A0 | the header of A1 | each 88 | A2 | the header of A3 | each 86 (SGP.22 2.5.5). */
export function partLengths(boundProfilePackage: Uint8Array): readonly number[] {
  const whole = readTlv(boundProfilePackage, tags.boundProfilePackage);
  const header = (tlv: { readonly raw: Uint8Array; readonly value: Uint8Array }): number =>
    tlv.raw.length - tlv.value.length;
  return childrenOf(whole).flatMap((part) => {
    if (part.tag === tags.initialiseSecureChannel) return [header(whole) + part.raw.length];
    const isCut = part.tag === bppTags.storeMetadata || part.tag === bppTags.profileElements;
    return isCut ? [header(part), ...childrenOf(part).map(({ raw }) => raw.length)] : [part.raw.length];
  });
}
