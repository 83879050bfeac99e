import { EsimdError } from "./errors.js";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** eUICC identifier: 32 digits whose number is 1 modulo 97 (GSMA SGP.02, 2.2.2; SGP.29). */
export type Eid = Branded<"Eid">;
/** Integrated circuit card identifier: 18 to 20 digits, without the filler nibble F (ITU-T E.118). */
export type Iccid = Branded<"Iccid">;
/** International mobile equipment identity: 15 digits (3GPP TS 23.003, 6.2.1), or 16 with a software version. */
export type Imei = Branded<"Imei">;
/** The SM-DP+'s address as it is used on the wire: a lower-case host name, with `:port` only where it is not 443. Never a URL. */
export type SmdpAddress = Branded<"SmdpAddress">;
/** The token that names an order at the SM-DP+ (SGP.22, 4.1): opaque, upper case letters, digits and hyphens. */
export type MatchingId = Branded<"MatchingId">;

/** What a person scans or types to download a profile (SGP.22, 4.1). */
export interface ActivationCode {
  readonly smdpAddress: SmdpAddress;
  /** Empty for the default SM-DP+ method: the SM-DP+ then finds the order by the EID. */
  readonly matchingId: MatchingId | undefined;
  readonly smdpOid: string | undefined;
  readonly confirmationCodeRequired: boolean;
}

/** @throws EsimdError `bad_eid`, naming `place` (where the text came from). */
export function parseEid(text: string, place: string): Eid {
  const digits = text.trim();
  if (!/^\d{32}$/.test(digits)) {
    throw new EsimdError("bad_eid", `${place}: ${quote(text)} is not an EID of 32 digits`);
  }
  if (BigInt(digits) % 97n !== 1n) {
    throw new EsimdError("bad_eid", `${place}: ${quote(text)} has wrong EID check digits`);
  }
  return digits as Eid;
}

/** Accepts the filler F that some modems leave on. @throws EsimdError `bad_input`. */
export function parseIccid(text: string, place: string): Iccid {
  const digits = text.trim().replace(/[Ff]$/, "");
  if (!/^\d{18,20}$/.test(digits)) {
    throw new EsimdError("bad_input", `${place}: ${quote(text)} is not an ICCID of 18 to 20 digits`);
  }
  return digits as Iccid;
}

/** The ICCID as an eUICC stores it: nibble-swapped BCD with filler F (ETSI TS 102 221, 13.2). @throws EsimdError `bad_input`. */
export function iccidFromBcd(bytes: Uint8Array, place: string): Iccid {
  let text = "";
  for (const byte of bytes) text += (byte & 0x0f).toString(16) + (byte >> 4).toString(16);
  return parseIccid(text.replace(/f+$/, ""), place);
}

/** Ten bytes of nibble-swapped BCD, padded with F. */
export function iccidToBcd(iccid: Iccid): Uint8Array {
  const padded = iccid.padEnd(20, "f");
  const bytes = new Uint8Array(10);
  for (let i = 0; i < 10; i++) {
    const low = Number.parseInt(padded.charAt(2 * i), 16);
    const high = Number.parseInt(padded.charAt(2 * i + 1), 16);
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** @throws EsimdError `bad_input`. */
export function parseImei(text: string, place: string): Imei {
  const digits = text.trim();
  if (!/^\d{15,16}$/.test(digits))
    throw new EsimdError("bad_input", `${place}: ${quote(text)} is not an IMEI of 15 digits`);
  return digits as Imei;
}

const hostPattern = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Takes a bare host, `host:port`, in any case; refuses a URL. @throws EsimdError `bad_input`. */
export function parseSmdpAddress(text: string, place: string): SmdpAddress {
  const address = text.trim().toLowerCase();
  const [host = "", port, ...rest] = address.split(":");
  const portNumber = port === undefined ? 443 : Number(port);
  const portIsGood = port === undefined || (/^\d{1,5}$/.test(port) && portNumber >= 1 && portNumber <= 65_535);
  if (!hostPattern.test(host) || !portIsGood || rest.length > 0) {
    throw new EsimdError("bad_input", `${place}: ${quote(text)} is not an SM-DP+ address (a bare host name is wanted)`);
  }
  return (portNumber === 443 ? host : `${host}:${portNumber}`) as SmdpAddress;
}

/** Opaque, but bounded and of the characters of SGP.22, 4.1. @throws EsimdError `bad_input`. */
export function parseMatchingId(text: string, place: string): MatchingId {
  const id = text.trim();
  if (!/^[A-Za-z0-9-]{1,128}$/.test(id)) {
    throw new EsimdError("bad_input", `${place}: ${quote(text)} is not a matching id (letters, digits, hyphens)`);
  }
  return id as MatchingId;
}

/**
 * Parses `LPA:1$host$matching-id[$oid[$1]]`; the API gives it without the prefix, a QR code has it. An empty matching id is legal.
 * @throws EsimdError `bad_activation_code`; the message does not repeat the code, which is a secret of a kind.
 */
export function parseActivationCode(text: string, place: string): ActivationCode {
  const refuse = (why: string): EsimdError =>
    new EsimdError("bad_activation_code", `${place}: the activation code ${why}`);
  const code = text.trim();
  if (code.length > 255) throw refuse(`has ${code.length} characters, more than the 255 of SGP.22`);
  const body = code.replace(/^LPA:/i, "");
  const fields = body.split("$");
  if (fields.length < 3 || fields.length > 5) throw refuse("is not of the form LPA:1$HOST$MATCHING-ID");
  const [format, address = "", token = "", oid = "", flag = ""] = fields;
  if (format !== "1") throw refuse(`has format ${quote(format ?? "")}, only 1 is known`);
  if (oid !== "" && !/^[0-2](\.\d+)+$/.test(oid)) throw refuse(`has ${quote(oid)} in place of the SM-DP+'s OID`);
  if (flag !== "" && flag !== "0" && flag !== "1") throw refuse(`has ${quote(flag)} in place of the confirmation flag`);
  let smdpAddress: SmdpAddress;
  let matchingId: MatchingId | undefined;
  try {
    smdpAddress = parseSmdpAddress(address, place);
  } catch (cause) {
    throw new EsimdError("bad_activation_code", `${place}: the activation code has no valid SM-DP+ address`, { cause });
  }
  try {
    matchingId = token === "" ? undefined : parseMatchingId(token, place);
  } catch {
    throw refuse("has a matching id with characters other than letters, digits and hyphens");
  }
  return { smdpAddress, matchingId, smdpOid: oid === "" ? undefined : oid, confirmationCodeRequired: flag === "1" };
}

/** The activation code as a modem or a QR code wants it, with the prefix `LPA:`. */
export function formatActivationCode(code: ActivationCode): string {
  const head = `LPA:1$${code.smdpAddress}$${code.matchingId ?? ""}`;
  if (code.confirmationCodeRequired) return `${head}$${code.smdpOid ?? ""}$1`;
  return code.smdpOid === undefined ? head : `${head}$${code.smdpOid}`;
}

/** Quotes foreign text for a sentence: bounded, printable, identifiers masked. */
export function quote(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, "?");
  const bounded = printable.length > 60 ? `${printable.slice(0, 57)}...` : printable;
  return `"${maskIdentifiers(bounded)}"`;
}

/** Where a word begins; behind an escape of JSON (`\n`, `\u0000`), too, whose last letter is none of the text's. */
const start = String.raw`(?:(?<![0-9A-Za-z])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))`;
const digitRun = new RegExp(String.raw`${start}\d{15,32}[Ff]?(?![0-9A-Za-z])`, "g");
const longHex = new RegExp(`${start}[0-9A-Fa-f]{36,}(?![0-9A-Za-z])`, "g");
const longBase64 = new RegExp(`(?<![+/])${start}[0-9A-Za-z+/]{48,}={0,2}`, "g");
/** One parameter of an AT command, whose quotes may be escaped by JSON; no key of an object. */
const parameter = String.raw`(?:\\?"[^"\\]*\\?"(?!:)|[^"\\\s,;]+)`;
/** The token, what ends the code, and the parameters behind it, where a confirmation code stands. */
const activationCode = new RegExp(
  String.raw`(\b1\$[A-Za-z0-9.:-]{1,255}\$)[A-Za-z0-9-]+(?:([^",\\\s]*(\\?"))((?:,${parameter})+)|)`,
  "g",
);
/** Commands with a PIN, a password or a login in their parameters (TS 27.007 8.3, 7.4, 7.5, 10.1.31; vendors' for the data context). */
const secretParameters = new RegExp(
  String.raw`(\+(?:CPIN|CPWD|CLCK|CGAUTH|QICSGP|CSTA|QPINC)\s*=\s*)(?!\?)${parameter}(?:,${parameter}|,)*`,
  "gi",
);
/** Paths have the letters of base64, and people need them whole; identifiers inside are masked by themselves. */
const path = /^\/(v\d|data|dev|etc|home|mnt|opt|proc|root|run|srv|sys|tmp|usr|var)\//;

/**
 * Masks what identifies a unit or lets someone claim a profile, wherever it stands in a text: EIDs, ICCIDs, IMEIs (`8904…1235`),
 * matching ids of activation codes and the confirmation codes behind them, PINs, and long hex or base64 (APDUs and DER carry the same
 * identifiers inside). Also within a line of JSON, which stays one.
 */
export function maskIdentifiers(text: string): string {
  return text
    .replace(secretParameters, "$1…")
    .replace(activationCode, (_all, head: string, end?: string, mark = "") =>
      end === undefined ? `${head}…` : `${head}…${end},${mark}…${mark}`,
    )
    .replace(longHex, (hex) => (/^\d{15,32}$/.test(hex) ? hex : `${hex.slice(0, 10)}…(${hex.length} hex)`))
    .replace(longBase64, (data) => (path.test(data) ? data : `${data.slice(0, 8)}…(${data.length} base64)`))
    .replace(digitRun, (digits) => `${digits.slice(0, 4)}…${digits.slice(-4)}`);
}
