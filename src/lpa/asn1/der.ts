import { encodeTlv, readTlv, type Tlv, TlvError, tagName } from "./tlv.js";

/** The ASN.1 types that SGP.22 and X.509 use, as DER; each takes a tag, since SGP.22 tags most of its fields itself. */

export const universal = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** A non-negative INTEGER. */
export function encodeInteger(value: number, tag: number = universal.integer): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new TlvError(`${value} cannot be encoded as an INTEGER`);
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(rest % 256);
    rest = Math.floor(rest / 256);
  } while (rest > 0);
  if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return encodeTlv(tag, Uint8Array.from(bytes));
}

/** A non-negative INTEGER of at most 48 bits, which is more than any counter or code of SGP.22. @throws TlvError */
export function decodeInteger(tlv: Tlv): number {
  const { value } = tlv;
  if (value.length === 0 || value.length > 7 || (value[0] ?? 0) >= 0x80 || (value.length === 7 && value[0] !== 0)) {
    throw new TlvError(`element ${tagName(tlv.tag)} is not a small non-negative INTEGER`);
  }
  return value.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function encodeBoolean(value: boolean, tag: number = universal.boolean): Uint8Array {
  return encodeTlv(tag, Uint8Array.of(value ? 0xff : 0x00));
}

/** Any byte but zero is true (BER): cards and servers do not all keep to DER's FF. @throws TlvError */
export function decodeBoolean(tlv: Tlv): boolean {
  if (tlv.value.length !== 1) throw new TlvError(`element ${tagName(tlv.tag)} is not a BOOLEAN`);
  return tlv.value[0] !== 0;
}

export function encodeUtf8(text: string, tag: number = universal.utf8String): Uint8Array {
  return encodeTlv(tag, new TextEncoder().encode(text));
}

/** @throws TlvError when longer than `maxBytes`; bytes that are not UTF-8 become replacement characters. */
export function decodeUtf8(tlv: Tlv, maxBytes: number): string {
  if (tlv.value.length > maxBytes) {
    throw new TlvError(`text ${tagName(tlv.tag)} has ${tlv.value.length} bytes, more than ${maxBytes}`);
  }
  return new TextDecoder().decode(tlv.value);
}

/** An OCTET STRING of a length in `[min, max]`. @throws TlvError */
export function decodeOctets(tlv: Tlv, min: number, max = min): Uint8Array {
  if (tlv.value.length < min || tlv.value.length > max) {
    const wanted = min === max ? `${min}` : `${min} to ${max}`;
    throw new TlvError(`element ${tagName(tlv.tag)} has ${tlv.value.length} bytes where ${wanted} are expected`);
  }
  return tlv.value;
}

/** A named-bit list, given as the numbers of its set bits; trailing zero bits are left out, as DER wants. */
export function encodeBits(bits: readonly number[], tag: number = universal.bitString): Uint8Array {
  if (bits.length === 0) return encodeTlv(tag, Uint8Array.of(0));
  const last = Math.max(...bits);
  const bytes = new Uint8Array((last >> 3) + 2);
  bytes[0] = 7 - (last & 7);
  for (const bit of bits) bytes[(bit >> 3) + 1] = (bytes[(bit >> 3) + 1] ?? 0) | (0x80 >> (bit & 7));
  return encodeTlv(tag, bytes);
}

/** The numbers of the set bits of a BIT STRING, ascending. @throws TlvError */
export function decodeBits(tlv: Tlv): number[] {
  const [unused, ...bytes] = tlv.value;
  if (unused === undefined || unused > 7 || (bytes.length === 0 && unused > 0) || bytes.length > 8) {
    throw new TlvError(`element ${tagName(tlv.tag)} is not a short BIT STRING`);
  }
  const count = bytes.length * 8 - unused;
  return Array.from({ length: count }, (_, bit) => bit).filter(
    (bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0,
  );
}

/** "2.999.10" to DER. */
export function encodeOid(oid: string, tag: number = universal.objectIdentifier): Uint8Array {
  const arcs = oid.split(".").map(Number);
  const [first, second, ...rest] = arcs;
  if (first === undefined || second === undefined || arcs.some((arc) => !Number.isSafeInteger(arc) || arc < 0)) {
    throw new TlvError(`${oid} is not an object identifier`);
  }
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const septets = [arc % 128];
    for (let more = Math.floor(arc / 128); more > 0; more = Math.floor(more / 128))
      septets.unshift((more % 128) | 0x80);
    return septets;
  });
  return encodeTlv(tag, Uint8Array.from(bytes));
}

/** @throws TlvError */
export function decodeOid(tlv: Tlv): string {
  const { value } = tlv;
  if (value.length === 0 || value.length > 64 || ((value.at(-1) ?? 0) & 0x80) !== 0) {
    throw new TlvError(`element ${tagName(tlv.tag)} is not an object identifier`);
  }
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value) {
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new TlvError(`element ${tagName(tlv.tag)} has an arc beyond 53 bits`);
    if ((byte & 0x80) === 0) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const head = arcs[0] ?? 0;
  const root = Math.min(2, Math.floor(head / 40));
  return [root, head - root * 40, ...arcs.slice(1)].join(".");
}

export function encodeSequence(...content: readonly Uint8Array[]): Uint8Array {
  return encodeTlv(universal.sequence, ...content);
}

/** Checks that foreign DER is one SEQUENCE, as a certificate is, and gives it back. @throws TlvError */
export function requireSequence(bytes: Uint8Array): Uint8Array {
  return readTlv(bytes, universal.sequence).raw;
}
