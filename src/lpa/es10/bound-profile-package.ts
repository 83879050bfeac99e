import { childrenOf, encodeTlv, readHeaderAt, readTlv, type Tlv, TlvError } from "../asn1/tlv.js";
import { tags } from "./tags.js";

/**
 * The Bound Profile Package (SGP.22, 2.5 and annex H) and how it is cut for the eUICC (2.5.5, 5.7.6):
 * BF36 { BF23, A0 { 87.. }, A1 { 88.. }, [A2 { 87 }], A3 { 86.. } }.
 */

/** Tags of the four sequences inside and of what they hold. */
export const bppTags = {
  configureIsdp: 0xa0,
  storeMetadata: 0xa1,
  replaceSessionKeys: 0xa2,
  profileElements: 0xa3,
  encrypted: 0x87,
  macOnly: 0x88,
  profileSegment: 0x86,
} as const;

export interface BoundProfilePackage {
  /** BF23, whole. */
  readonly initialiseSecureChannel: Uint8Array;
  /** The 87 elements of A0, whole. */
  readonly configureIsdp: readonly Uint8Array[];
  /** The 88 elements of A1, whole. */
  readonly storeMetadata: readonly Uint8Array[];
  /** The 87 elements of A2, whole; none when the session keys protect the profile as well. */
  readonly replaceSessionKeys: readonly Uint8Array[];
  /** The 86 elements of A3, whole. */
  readonly profileElements: readonly Uint8Array[];
}

export function encodeBoundProfilePackage(bpp: BoundProfilePackage): Uint8Array {
  return encodeTlv(
    tags.boundProfilePackage,
    bpp.initialiseSecureChannel,
    encodeTlv(bppTags.configureIsdp, ...bpp.configureIsdp),
    encodeTlv(bppTags.storeMetadata, ...bpp.storeMetadata),
    ...(bpp.replaceSessionKeys.length === 0 ? [] : [encodeTlv(bppTags.replaceSessionKeys, ...bpp.replaceSessionKeys)]),
    encodeTlv(bppTags.profileElements, ...bpp.profileElements),
  );
}

/** @throws TlvError when the parts are not those of a package, in their order. */
export function decodeBoundProfilePackage(bytes: Uint8Array): BoundProfilePackage {
  const [channel, configure, metadata, ...rest] = childrenOf(readTlv(bytes, tags.boundProfilePackage));
  const keys = rest[0]?.tag === bppTags.replaceSessionKeys ? rest.shift() : undefined;
  const elements = rest.shift();
  if (rest.length > 0) throw new TlvError("the profile package goes on behind its profile elements");
  if (channel?.tag !== tags.initialiseSecureChannel) throw new TlvError("the profile package does not begin with BF23");
  return {
    initialiseSecureChannel: channel.raw,
    configureIsdp: items(configure, bppTags.configureIsdp, bppTags.encrypted),
    storeMetadata: items(metadata, bppTags.storeMetadata, bppTags.macOnly),
    replaceSessionKeys: keys === undefined ? [] : items(keys, bppTags.replaceSessionKeys, bppTags.encrypted),
    profileElements: items(elements, bppTags.profileElements, bppTags.profileSegment),
  };
}

function items(parent: Tlv | undefined, tag: number, itemTag: number): Uint8Array[] {
  if (parent?.tag !== tag) throw new TlvError(`the profile package lacks its part ${tag.toString(16).toUpperCase()}`);
  return childrenOf(parent).map((item) => {
    if (item.tag !== itemTag) {
      throw new TlvError(`the profile package has ${item.tag.toString(16)} where ${itemTag.toString(16)} belongs`);
    }
    return item.raw;
  });
}

/**
 * The parts that go to the eUICC, each as a STORE DATA chain of its own: the header of BF36 with BF23 | A0 whole | the header of A1 |
 * each 88 | A2 whole | the header of A3 | each 86. Together they are the package, byte for byte. @throws TlvError
 */
export function segmentBoundProfilePackage(bytes: Uint8Array): Uint8Array[] {
  decodeBoundProfilePackage(bytes);
  const whole = readTlv(bytes, tags.boundProfilePackage);
  return childrenOf(whole).flatMap((part) => {
    if (part.tag === tags.initialiseSecureChannel) {
      const end = whole.raw.length - whole.value.length + part.raw.length;
      return [whole.raw.subarray(0, end)];
    }
    if (part.tag !== bppTags.storeMetadata && part.tag !== bppTags.profileElements) return [part.raw];
    const header = part.raw.subarray(0, part.raw.length - part.value.length);
    return [header, ...childrenOf(part).map((item) => item.raw)];
  });
}

/** What one part is, as an eUICC sees it arrive; a header claims a length that follows in the next parts. @throws TlvError */
export function readBppPart(part: Uint8Array): {
  readonly tag: number;
  readonly length: number;
  readonly content: Uint8Array;
} {
  const { tag, length, valueStart } = readHeaderAt(part, 0);
  return { tag, length, content: part.subarray(valueStart) };
}
