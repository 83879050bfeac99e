import { type Iccid, parseIccid } from "../../base/identifiers.js";
import { concatBytes, encodeTlv, readTlvs, type Tlv, TlvError } from "../../lpa/asn1/tlv.js";

/**
 * An unprotected profile package (TCA "eUICC Profile Package: Interoperable Format") as far as the emulators look into it: a row of
 * elements from ProfileHeader to PE-End. What lies between is carried unread.
 */

const element = { header: 0xa0, genericFiles: 0xa1, end: 0xaa } as const;
/** Inside the header: major and minor version, a name, and the ICCID, whose digits are not swapped here. */
const headerField = { major: 0x80, minor: 0x81, name: 0x82, iccid: 0x83 } as const;

/** The ICCID in the header; the package must be whole and end with PE-End. @throws EsimdError */
export function profileHeaderIccid(profile: Uint8Array): Iccid {
  const text = Buffer.from(headerIccidOf(profile).value).toString("hex").replace(/f+$/, "");
  return parseIccid(text, "the profile's header");
}

/** The same package for another ICCID. Only the header changes: the emulated eUICC reads nothing else. @throws EsimdError */
export function withHeaderIccid(profile: Uint8Array, iccid: Iccid): Uint8Array {
  const field = headerIccidOf(profile);
  const copy = profile.slice();
  copy.set(headerIccidBytes(iccid), field.value.byteOffset - profile.byteOffset);
  return copy;
}

/**
 * A made-up package of exactly `sizeBytes`, the same in every run for the same ICCID: header, filler that looks like file contents,
 * end. It installs on the emulated eUICC and nowhere else.
 */
export function generateProfile(iccid: Iccid, sizeBytes: number): Uint8Array {
  const header = encodeTlv(
    element.header,
    encodeTlv(headerField.major, Uint8Array.of(2)),
    encodeTlv(headerField.minor, Uint8Array.of(3)),
    encodeTlv(headerField.name, new TextEncoder().encode("esimd emulated profile")),
    encodeTlv(headerField.iccid, headerIccidBytes(iccid)),
  );
  const end = encodeTlv(element.end, Uint8Array.from([0xa0, 0x05, 0x80, 0x00, 0x81, 0x01, 0x1d]));
  const fillers: Uint8Array[] = [];
  for (let left = sizeBytes - header.length - end.length; left > 0; ) {
    const size = left > 8192 + 16 ? 8192 : left;
    // A TLV of 129 or 258 bytes does not exist in shortest form; a step back leaves a rest that does.
    const filler = fillerOf(size) ?? fillerOf(size - 8);
    if (filler === undefined) throw new TlvError(`a profile of ${sizeBytes} bytes cannot be made`);
    fillers.push(filler);
    left -= filler.length;
  }
  const profile = concatBytes(header, ...fillers, end);
  if (profile.length !== sizeBytes) {
    throw new TlvError(
      `a profile of ${sizeBytes} bytes cannot be made; the smallest has ${header.length + end.length + 8}`,
    );
  }
  return profile;
}

function fillerOf(size: number): Uint8Array | undefined {
  for (const headerBytes of [2, 3, 4]) {
    const content = new Uint8Array(Math.max(0, size - headerBytes)).map((_, i) => (i * 31 + size) & 0xff);
    const filler = encodeTlv(element.genericFiles & ~0x20, content);
    if (filler.length === size) return filler;
  }
  return undefined;
}

function headerIccidBytes(iccid: Iccid): Uint8Array {
  return Buffer.from(iccid.padEnd(20, "f"), "hex");
}

function headerIccidOf(profile: Uint8Array): Tlv {
  const elements = readTlvs(profile);
  const [header] = elements;
  if (header?.tag !== element.header) throw new TlvError("a profile does not begin with its header");
  if (elements.at(-1)?.tag !== element.end) throw new TlvError("a profile does not end with PE-End");
  const iccid = readTlvs(header.value).find(({ tag }) => tag === headerField.iccid);
  if (iccid?.value.length !== 10) throw new TlvError("a profile's header has no ICCID");
  return iccid;
}
