import { decodeOctets, encodeBits, encodeInteger, encodeUtf8, universal } from "../asn1/der.js";
import { childrenOf, encodeTlv, Fields, readTlv, readTlvs, type Tlv, TlvError } from "../asn1/tlv.js";
import { hexOf } from "./common.js";
import { tags } from "./tags.js";

/** EUICCInfo1 and EUICCInfo2 (SGP.22, 5.7.8 and annex H): versions, memory and the CI keys that the eUICC trusts. */

export interface EuiccInfo1 {
  /** The highest SGP.22 version that it speaks, "2.2.2". */
  readonly version: string;
  /** Subject key ids (upper-case hex) of the CI roots it verifies against, best first. */
  readonly verificationKeyIds: readonly string[];
  /** Subject key ids of the CI roots that its own certificate chains to. */
  readonly signingKeyIds: readonly string[];
}

export interface EuiccInfo2 extends EuiccInfo1 {
  readonly profileVersion: string;
  readonly firmwareVersion: string;
  readonly protectionProfileVersion: string;
  readonly accreditationNumber: string;
  readonly installedApplications: number;
  readonly freeNonVolatileBytes: number;
  readonly freeVolatileBytes: number;
}

const field = {
  profileVersion: 0x81,
  version: 0x82,
  firmwareVersion: 0x83,
  cardResource: 0x84,
  uiccCapability: 0x85,
  ts102241Version: 0x86,
  globalPlatformVersion: 0x87,
  rspCapability: 0x88,
  verificationKeyIds: 0xa9,
  signingKeyIds: 0xaa,
} as const;
const maxKeyIds = 64;
/** Bits of UICCCapability: usimSupport, isimSupport, akaMilenage, akaTuak128, javacard, multipleUsimSupport. */
const uiccCapabilities = [1, 2, 4, 6, 14, 16];
/** Bits of RspCapability: additionalProfile, testProfileSupport. */
const rspCapabilities = [0, 3];

export function encodeGetEuiccInfo1(): Uint8Array {
  return encodeTlv(tags.getEuiccInfo1);
}

export function encodeGetEuiccInfo2(): Uint8Array {
  return encodeTlv(tags.getEuiccInfo2);
}

export function encodeEuiccInfo1(info: EuiccInfo1): Uint8Array {
  return encodeTlv(
    tags.getEuiccInfo1,
    encodeVersion(field.version, info.version),
    encodeKeyIds(field.verificationKeyIds, info.verificationKeyIds),
    encodeKeyIds(field.signingKeyIds, info.signingKeyIds),
  );
}

/** @throws TlvError */
export function decodeEuiccInfo1(answer: Uint8Array): EuiccInfo1 {
  return decodeCommon(new Fields(readTlv(answer, tags.getEuiccInfo1)));
}

export function encodeEuiccInfo2(info: EuiccInfo2): Uint8Array {
  const resource = [
    encodeInteger(info.installedApplications, 0x81),
    encodeTlv(0x82, fourBytes(info.freeNonVolatileBytes)),
    encodeTlv(0x83, fourBytes(info.freeVolatileBytes)),
  ];
  return encodeTlv(
    tags.getEuiccInfo2,
    encodeVersion(field.profileVersion, info.profileVersion),
    encodeVersion(field.version, info.version),
    encodeVersion(field.firmwareVersion, info.firmwareVersion),
    encodeTlv(field.cardResource, ...resource),
    encodeBits(uiccCapabilities, field.uiccCapability),
    encodeVersion(field.ts102241Version, "17.2.0"),
    encodeVersion(field.globalPlatformVersion, "2.3.0"),
    encodeBits(rspCapabilities, field.rspCapability),
    encodeKeyIds(field.verificationKeyIds, info.verificationKeyIds),
    encodeKeyIds(field.signingKeyIds, info.signingKeyIds),
    encodeVersion(universal.octetString, info.protectionProfileVersion),
    encodeUtf8(info.accreditationNumber),
  );
}

/** @throws TlvError */
export function decodeEuiccInfo2(answer: Uint8Array): EuiccInfo2 {
  const fields = new Fields(readTlv(answer, tags.getEuiccInfo2));
  const common = decodeCommon(fields);
  const resource = fields.find(field.cardResource);
  const number = (tag: number): number => {
    const tlv = resource === undefined ? undefined : readTlvs(resource.value).find((item) => item.tag === tag);
    return tlv === undefined ? 0 : decodeOctets(tlv, 1, 5).reduce((sum, byte) => sum * 256 + byte, 0);
  };
  const text = fields.find(universal.utf8String);
  return {
    ...common,
    profileVersion: versionOf(fields.find(field.profileVersion)),
    firmwareVersion: versionOf(fields.find(field.firmwareVersion)),
    protectionProfileVersion: versionOf(fields.find(universal.octetString)),
    accreditationNumber: text === undefined ? "" : new TextDecoder().decode(decodeOctets(text, 0, 64)),
    installedApplications: number(0x81),
    freeNonVolatileBytes: number(0x82),
    freeVolatileBytes: number(0x83),
  };
}

/** Free non-volatile memory; undefined for an eUICC that tells nothing of its resources, which reads as zeros. */
export function toldFreeBytes(info: EuiccInfo2): number | undefined {
  const { freeNonVolatileBytes, freeVolatileBytes } = info;
  return freeNonVolatileBytes === 0 && freeVolatileBytes === 0 ? undefined : freeNonVolatileBytes;
}

function decodeCommon(fields: Fields): EuiccInfo1 {
  return {
    version: versionOf(fields.find(field.version)),
    verificationKeyIds: keyIdsOf(fields.find(field.verificationKeyIds)),
    signingKeyIds: keyIdsOf(fields.find(field.signingKeyIds)),
  };
}

function encodeVersion(tag: number, version: string): Uint8Array {
  return encodeTlv(tag, Uint8Array.from(version.split(".").map(Number)));
}

function versionOf(tlv: Tlv | undefined): string {
  return tlv === undefined ? "" : decodeOctets(tlv, 3).join(".");
}

function encodeKeyIds(tag: number, keyIds: readonly string[]): Uint8Array {
  return encodeTlv(tag, ...keyIds.map((keyId) => encodeTlv(universal.octetString, Buffer.from(keyId, "hex"))));
}

function keyIdsOf(tlv: Tlv | undefined): string[] {
  if (tlv === undefined) return [];
  const items = childrenOf(tlv);
  if (items.length > maxKeyIds) throw new TlvError(`the eUICC lists ${items.length} CI keys`);
  return items.map((item) => hexOf(decodeOctets(item, 1, 32)));
}

function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Math.max(0, value));
  return bytes;
}
