import { type Blanking, swapNibbles } from "./blanking.js";
import { redactText } from "./text-redaction.js";

/**
 * The redaction of BER-TLV (ISO/IEC 7816-4, 5.2.2) in place: structure and lengths stay, identifiers get their stand-ins, and every value
 * is overwritten that is not known to be harmless. What is kept is a list; what is overwritten is everything else.
 */

const tag = {
  iccidOrEid: 0x5a,
  aid: 0x4f,
  tagList: 0x5c,
  dfName: 0x84,
  oid: 0x06,
  octets: 0x04,
  info1: 0xbf20,
  info2: 0xbf22,
  verificationKeys: 0xa9,
  signingKeys: 0xaa,
  profile: 0xe3,
  metadata: 0xbf25,
} as const;

/** Nickname, service provider and profile name: words for people, which esimd shows at other places too. */
const names: ReadonlySet<number> = new Set([0x90, 0x91, 0x92]);
/** Result codes, states, versions, counters. */
const smallBytes = 4;
const maxDepth = 16;

/** True when all of `bytes` was TLVs; otherwise all of it is overwritten. */
export function redactTlvs(bytes: Uint8Array, blanking: Blanking): boolean {
  if (walk(bytes, undefined, 0, undefined)) {
    walk(bytes, undefined, 0, blanking);
    return true;
  }
  blanking.bytes(bytes);
  return false;
}

/** Without `blanking` it only looks whether the structure holds. */
function walk(bytes: Uint8Array, parent: number | undefined, depth: number, blanking: Blanking | undefined): boolean {
  for (let at = 0; at < bytes.length; ) {
    const head = readHead(bytes, at);
    if (head === undefined) return false;
    const value = bytes.subarray(head.valueAt, head.endAt);
    const isConstructed = (head.first & 0x20) !== 0 && depth < maxDepth && walk(value, head.tag, depth + 1, undefined);
    if (blanking !== undefined) {
      if (isConstructed) walk(value, head.tag, depth + 1, blanking);
      else redactValue(value, head.tag, parent, blanking);
    }
    at = head.endAt;
  }
  return true;
}

interface Head {
  readonly tag: number;
  readonly first: number;
  readonly valueAt: number;
  readonly endAt: number;
}

function readHead(bytes: Uint8Array, start: number): Head | undefined {
  const first = bytes[start] ?? 0;
  let at = start + 1;
  let tagNumber = first;
  if ((first & 0x1f) === 0x1f) {
    const second = bytes[at++];
    if (second === undefined || second > 0x7f) return undefined;
    tagNumber = first * 256 + second;
  }
  let length = bytes[at++];
  if (length === undefined) return undefined;
  if (length > 0x7f) {
    const count = length & 0x7f;
    if (count < 1 || count > 3 || at + count > bytes.length) return undefined;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[at++] ?? 0);
  }
  return at + length > bytes.length ? undefined : { tag: tagNumber, first, valueAt: at, endAt: at + length };
}

function redactValue(value: Uint8Array, name: number, parent: number | undefined, blanking: Blanking): void {
  const text = Buffer.from(value).toString("latin1");
  if (name === tag.iccidOrEid && redactIdentifier(value, blanking)) return;
  if (/^\d{15,32}$/.test(text)) {
    value.set(Buffer.from(blanking.standIns.digits(text), "latin1"));
    return;
  }
  if (isHarmless(value, text, name, parent)) return;
  const isName = (parent === tag.profile || parent === tag.metadata) && names.has(name);
  if (isName || /^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+(:\d{1,5})?$/i.test(text)) {
    value.set(Buffer.from(redactText(text, blanking), "latin1"));
    return;
  }
  blanking.bytes(value);
}

/** 5A is an EID of 16 bytes or an ICCID of 10 (SGP.22, annex H). */
function redactIdentifier(value: Uint8Array, blanking: Blanking): boolean {
  const hex = Buffer.from(value).toString("hex");
  const iccid = /^(\d{18,20})(f{0,2})$/.exec(value.length === 10 ? swapNibbles(hex) : "");
  if (iccid?.[1] !== undefined) {
    value.set(Buffer.from(swapNibbles(blanking.standIns.digits(iccid[1]) + (iccid[2] ?? "")), "hex"));
    return true;
  }
  if (value.length !== 16 || !/^\d{32}$/.test(hex)) return false;
  value.set(Buffer.from(blanking.standIns.digits(hex), "hex"));
  return true;
}

function isHarmless(value: Uint8Array, text: string, name: number, parent: number | undefined): boolean {
  // Three or four letters or digits may be a short matching id.
  if (value.length <= smallBytes) return value.length < 3 || !/^[0-9A-Za-z-]+$/.test(text);
  switch (name) {
    case tag.oid:
    case tag.tagList:
      return value.length <= 32;
    case tag.aid:
    case tag.dfName:
      if (value[0] === 0xa0 && value[1] === 0 && value[2] === 0 && value.length <= 16) return true;
      break;
    case tag.octets:
      // The key ids of certificate issuers are public.
      if (parent === tag.verificationKeys || parent === tag.signingKeys) return value.length === 20;
      break;
  }
  // What an eUICC is made of says nothing of the unit: versions, capabilities, memory, accreditation.
  return (parent === tag.info1 || parent === tag.info2) && value.length <= 32;
}
