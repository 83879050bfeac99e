import { type ErrorCode, EsimdError } from "../../base/errors.js";

/**
 * BER-TLV as eUICCs and SM-DP+ speak it: tags of one to three bytes, definite lengths, bounded in size and depth.
 * Pure: bytes in, views on the same bytes out. Signatures are made over bytes as received, so every element keeps its `raw` form.
 */

/**
 * Bytes that are not the TLV they should be. By default it blames the modem, whose card answers are most of what is read;
 * who reads something from elsewhere wraps its reading in {@link decodeFrom}.
 */
export class TlvError extends EsimdError {
  constructor(message: string, code: ErrorCode = "modem_protocol") {
    super(code, message);
  }
}

/** Runs a decoder and lets what it refuses stand under `code`, with `what` as the place: "the SM-DP+'s metadata". */
export function decodeFrom<T>(code: ErrorCode, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof EsimdError) throw new EsimdError(code, `${what}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** One element. The tag is the number its bytes make, class and form bits included: BF 3E is 0xbf3e. */
export interface Tlv {
  readonly tag: number;
  readonly value: Uint8Array;
  /** Tag, length and value, as received. */
  readonly raw: Uint8Array;
  readonly depth: number;
}

/** More than any profile package that exists; what is longer is refused before it is looked at. */
export const maxTlvBytes = 4 * 1024 * 1024;
const maxDepth = 24;
const maxElements = 20_000;

export function tagName(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(2, "0");
}

/** Reads the element at `offset`; what follows it is not looked at. @throws TlvError */
export function readTlvAt(bytes: Uint8Array, offset: number, depth = 0): Tlv {
  if (depth > maxDepth) throw new TlvError(`TLV is nested deeper than ${maxDepth} levels`);
  const header = readHeaderAt(bytes, offset);
  const end = header.valueStart + header.length;
  if (end > bytes.length) {
    throw new TlvError(
      `element ${tagName(header.tag)} claims ${header.length} bytes where ${bytes.length - header.valueStart} are left`,
    );
  }
  return {
    tag: header.tag,
    value: bytes.subarray(header.valueStart, end),
    raw: bytes.subarray(offset, end),
    depth,
  };
}

/** Tag and length of the element at `offset`, whose value need not be there yet. @throws TlvError */
export function readHeaderAt(bytes: Uint8Array, offset: number): { tag: number; length: number; valueStart: number } {
  let at = offset;
  const next = (): number => {
    const byte = bytes[at];
    if (byte === undefined) throw new TlvError(`TLV ends inside a tag or a length, at byte ${at}`);
    at++;
    return byte;
  };
  let tag = next();
  if ((tag & 0x1f) === 0x1f) {
    for (let more = true, count = 0; more; count++) {
      if (count === 2) throw new TlvError(`a tag at byte ${offset} has more than three bytes`);
      const byte = next();
      tag = (tag << 8) | byte;
      more = (byte & 0x80) !== 0;
    }
  }
  const first = next();
  if (first < 0x80) return { tag, length: first, valueStart: at };
  const count = first & 0x7f;
  if (count === 0) throw new TlvError(`element ${tagName(tag)} has an indefinite length`);
  if (count > 3) throw new TlvError(`element ${tagName(tag)} has a length of ${count} bytes`);
  let length = 0;
  for (let i = 0; i < count; i++) length = (length << 8) | next();
  if (length > maxTlvBytes)
    throw new TlvError(`element ${tagName(tag)} claims ${length} bytes, more than is ever legal`);
  return { tag, length, valueStart: at };
}

/** Reads all of `bytes` as one element of the given tag (any, when left out); trailing bytes are refused. @throws TlvError */
export function readTlv(bytes: Uint8Array, tag?: number): Tlv {
  if (bytes.length === 0) throw new TlvError(`nothing where ${tag === undefined ? "TLV" : tagName(tag)} is expected`);
  const tlv = readTlvAt(bytes, 0);
  if (tlv.raw.length !== bytes.length) {
    throw new TlvError(`${bytes.length - tlv.raw.length} bytes trail behind element ${tagName(tlv.tag)}`);
  }
  if (tag !== undefined && tlv.tag !== tag) {
    throw new TlvError(`element ${tagName(tlv.tag)} where ${tagName(tag)} is expected`);
  }
  return tlv;
}

/** Reads all of `bytes` as elements, one behind the other. @throws TlvError */
export function readTlvs(bytes: Uint8Array, depth = 0): Tlv[] {
  const tlvs: Tlv[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (tlvs.length === maxElements) throw new TlvError(`more than ${maxElements} elements in one`);
    const tlv = readTlvAt(bytes, at, depth);
    tlvs.push(tlv);
    at += tlv.raw.length;
  }
  return tlvs;
}

export function childrenOf(tlv: Tlv): Tlv[] {
  return readTlvs(tlv.value, tlv.depth + 1);
}

/**
 * The fields of a SEQUENCE, taken in the order of its definition. Unknown elements are passed over: the module of SGP.22 is
 * EXTENSIBILITY IMPLIED, and newer cards and servers add fields.
 */
export class Fields {
  readonly #tlvs: readonly Tlv[];
  readonly #where: string;
  #at = 0;

  constructor(parent: Tlv) {
    this.#tlvs = childrenOf(parent);
    this.#where = tagName(parent.tag);
  }

  /** The next element of this tag. @throws TlvError when there is none. */
  take(tag: number): Tlv {
    const tlv = this.optional(tag);
    if (tlv === undefined) throw new TlvError(`element ${this.#where} lacks ${tagName(tag)}`);
    return tlv;
  }

  /** The next element of this tag, or undefined; in that case the place in the sequence is kept. */
  optional(tag: number): Tlv | undefined {
    for (let at = this.#at; at < this.#tlvs.length; at++) {
      const tlv = this.#tlvs[at];
      if (tlv?.tag === tag) {
        this.#at = at + 1;
        return tlv;
      }
    }
    return undefined;
  }

  /** The element of this tag wherever it stands, for the sets that cards give in any order. */
  find(tag: number): Tlv | undefined {
    return this.#tlvs.find((tlv) => tlv.tag === tag);
  }
}

/** The one element inside a CHOICE with an explicit tag. @throws TlvError */
export function onlyChild(parent: Tlv): Tlv {
  const [child, ...rest] = childrenOf(parent);
  if (child === undefined || rest.length > 0) {
    throw new TlvError(
      `element ${tagName(parent.tag)} has ${rest.length + (child ? 1 : 0)} elements where one is expected`,
    );
  }
  return child;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Tag and length, without the value; the package of a profile is cut behind such headers (SGP.22, 2.5.5). */
export function encodeHeader(tag: number, length: number): Uint8Array {
  return Uint8Array.of(...bytesOfTag(tag), ...encodeLength(length));
}

/** The length field, in its shortest form. */
export function encodeLength(length: number): readonly number[] {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff];
  return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
}

export function encodeTlv(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  if (length > maxTlvBytes) throw new TlvError(`element ${tagName(tag)} would have ${length} bytes`);
  return concatBytes(encodeHeader(tag, length), ...content);
}

function bytesOfTag(tag: number): number[] {
  if (tag > 0xffff) return [tag >> 16, (tag >> 8) & 0xff, tag & 0xff];
  return tag > 0xff ? [tag >> 8, tag & 0xff] : [tag];
}
