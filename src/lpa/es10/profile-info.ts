import type { Iccid } from "../../base/identifiers.js";
import { decodeInteger, decodeOctets, decodeUtf8, encodeInteger, encodeUtf8 } from "../asn1/der.js";
import { childrenOf, encodeTlv, Fields, readTlv, type Tlv, TlvError } from "../asn1/tlv.js";
import { decodeIccid, encodeIccid, hexOf } from "./common.js";
import { tags } from "./tags.js";

/** GetProfilesInfo (SGP.22, 5.7.15): what is on the eUICC. */

export type ProfileClass = "test" | "provisioning" | "operational";
export type ProfileState = "enabled" | "disabled";

export interface ProfileInfo {
  readonly iccid: Iccid;
  readonly state: ProfileState;
  readonly profileClass: ProfileClass;
  readonly nickname?: string | undefined;
  readonly serviceProvider?: string | undefined;
  readonly name?: string | undefined;
  /** The ISD-P's AID, upper-case hex. */
  readonly isdpAid?: string | undefined;
}

/** Tags of a profile's data, shared with StoreMetadata. */
export const profileField = {
  state: 0x9f70,
  nickname: 0x90,
  serviceProvider: 0x91,
  name: 0x92,
  iconType: 0x93,
  icon: 0x94,
  profileClass: 0x95,
  notificationConfiguration: 0xb6,
  owner: 0xb7,
  policyRules: 0x99,
} as const;

const classNames: readonly ProfileClass[] = ["test", "provisioning", "operational"];
const maxProfiles = 200;

/** Asks for the fields of `wanted`, or for what the card gives by default: icons too, but no notification configuration, owner and rules. */
export function encodeGetProfilesInfo(wanted: readonly number[] = []): Uint8Array {
  if (wanted.length === 0) return encodeTlv(tags.getProfilesInfo);
  const list = wanted.flatMap((tag) => (tag > 0xff ? [tag >> 8, tag & 0xff] : [tag]));
  return encodeTlv(tags.getProfilesInfo, encodeTlv(tags.tagList, Uint8Array.from(list)));
}

/** Which profiles are asked for; `tags` is undefined when the default set is wanted. */
export interface ProfilesInfoQuery {
  readonly iccid?: Iccid | undefined;
  readonly isdpAid?: string | undefined;
  readonly profileClass?: ProfileClass | undefined;
  readonly tags?: readonly number[] | undefined;
}

/** @throws EsimdError */
export function decodeGetProfilesInfo(command: Uint8Array): ProfilesInfoQuery {
  const fields = new Fields(readTlv(command, tags.getProfilesInfo));
  const criteria = fields.find(0xa0);
  const search = criteria === undefined ? undefined : new Fields(criteria);
  const iccid = search?.find(tags.iccid);
  const aid = search?.find(tags.isdpAid);
  const classField = search?.find(profileField.profileClass);
  const list = fields.find(tags.tagList);
  return {
    iccid: iccid === undefined ? undefined : decodeIccid(iccid),
    isdpAid: aid === undefined ? undefined : hexOf(decodeOctets(aid, 5, 16)),
    profileClass: classField === undefined ? undefined : decodeProfileClass(classField),
    tags: list === undefined ? undefined : tagsOf(list.value),
  };
}

export function encodeProfileClass(profileClass: ProfileClass): Uint8Array {
  return encodeInteger(classNames.indexOf(profileClass), profileField.profileClass);
}

/** @throws TlvError for a class that SGP.22 does not have. */
export function decodeProfileClass(tlv: Tlv): ProfileClass {
  const name = classNames[decodeInteger(tlv)];
  if (name === undefined) throw new TlvError(`profile class ${decodeInteger(tlv)} does not exist`);
  return name;
}

/** One E3 with the wanted fields of a profile, in the order of the standard. */
export function encodeProfileInfo(info: ProfileInfo, wants: (tag: number) => boolean = () => true): Uint8Array {
  const text = (tag: number, value: string | undefined): Uint8Array[] =>
    value === undefined || !wants(tag) ? [] : [encodeUtf8(value, tag)];
  return encodeTlv(
    tags.profileInfo,
    ...(wants(tags.iccid) ? [encodeIccid(info.iccid)] : []),
    ...(wants(tags.isdpAid) && info.isdpAid !== undefined
      ? [encodeTlv(tags.isdpAid, Buffer.from(info.isdpAid, "hex"))]
      : []),
    ...(wants(profileField.state) ? [encodeInteger(info.state === "enabled" ? 1 : 0, profileField.state)] : []),
    ...text(profileField.nickname, info.nickname),
    ...text(profileField.serviceProvider, info.serviceProvider),
    ...text(profileField.name, info.name),
    ...(wants(profileField.profileClass) ? [encodeProfileClass(info.profileClass)] : []),
  );
}

export function encodeProfileInfoList(infos: readonly Uint8Array[]): Uint8Array {
  return encodeTlv(tags.getProfilesInfo, encodeTlv(tags.ok, ...infos));
}

/** `incorrectInputValues` is 1. */
export function encodeProfileInfoListError(code: number): Uint8Array {
  return encodeTlv(tags.getProfilesInfo, encodeInteger(code, 0x81));
}

/** @throws EsimdError `modem_protocol`, also when the eUICC answers with an error in place of a list. */
export function decodeProfileInfoList(answer: Uint8Array): ProfileInfo[] {
  const fields = new Fields(readTlv(answer, tags.getProfilesInfo));
  const list = fields.find(tags.ok);
  if (list === undefined) {
    const code = fields.find(0x81);
    throw new TlvError(`the eUICC gives no profile list${code === undefined ? "" : ` (error ${decodeInteger(code)})`}`);
  }
  const items = childrenOf(list).filter((item) => item.tag === tags.profileInfo);
  if (items.length > maxProfiles) throw new TlvError(`the eUICC lists ${items.length} profiles`);
  return items.map(decodeProfileInfo);
}

function decodeProfileInfo(item: Tlv): ProfileInfo {
  const fields = new Fields(item);
  const text = (tag: number, maxBytes: number): string | undefined => {
    const tlv = fields.find(tag);
    return tlv === undefined || tlv.value.length === 0 ? undefined : decodeUtf8(tlv, maxBytes);
  };
  const iccid = fields.find(tags.iccid);
  if (iccid === undefined) throw new TlvError("the eUICC lists a profile without an ICCID");
  const state = fields.find(profileField.state);
  const profileClass = fields.find(profileField.profileClass);
  const aid = fields.find(tags.isdpAid);
  return {
    iccid: decodeIccid(iccid),
    state: state !== undefined && decodeInteger(state) === 1 ? "enabled" : "disabled",
    profileClass: profileClass === undefined ? "operational" : decodeProfileClass(profileClass),
    nickname: text(profileField.nickname, 64),
    serviceProvider: text(profileField.serviceProvider, 128),
    name: text(profileField.name, 256),
    isdpAid: aid === undefined ? undefined : hexOf(decodeOctets(aid, 5, 16)),
  };
}

/** A tag list (5C) is tags without lengths. @throws TlvError */
function tagsOf(bytes: Uint8Array): number[] {
  const list: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let tag = bytes[at++] ?? 0;
    if ((tag & 0x1f) === 0x1f) {
      const second = bytes[at++];
      if (second === undefined) throw new TlvError("a tag list ends inside a tag");
      tag = (tag << 8) | second;
    }
    list.push(tag);
  }
  return list;
}
