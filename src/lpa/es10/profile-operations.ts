import type { Iccid } from "../../base/identifiers.js";
import {
  decodeBits,
  decodeBoolean,
  decodeInteger,
  decodeOctets,
  decodeUtf8,
  encodeBits,
  encodeBoolean,
  encodeInteger,
  encodeUtf8,
} from "../asn1/der.js";
import { encodeTlv, Fields, onlyChild, readTlv, type Tlv, TlvError } from "../asn1/tlv.js";
import { decodeIccid, encodeIccid, hexOf } from "./common.js";
import { profileField } from "./profile-info.js";
import {
  deleteResults,
  disableResults,
  enableResults,
  memoryResetResults,
  nicknameResults,
  type ResultTable,
  resultName,
} from "./result-codes.js";
import { tags } from "./tags.js";

/** EnableProfile, DisableProfile, DeleteProfile, SetNickname and eUICCMemoryReset (SGP.22, 5.7.16 to 5.7.21). */

/** A profile is named by its ICCID or by its ISD-P's AID (upper-case hex). */
export type ProfileId =
  | { readonly by: "iccid"; readonly iccid: Iccid }
  | { readonly by: "aid"; readonly isdpAid: string };

function encodeProfileId(id: ProfileId): Uint8Array {
  return id.by === "iccid" ? encodeIccid(id.iccid) : encodeTlv(tags.isdpAid, Buffer.from(id.isdpAid, "hex"));
}

function decodeProfileId(tlv: Tlv): ProfileId {
  if (tlv.tag === tags.iccid) return { by: "iccid", iccid: decodeIccid(tlv) };
  if (tlv.tag === tags.isdpAid) return { by: "aid", isdpAid: hexOf(decodeOctets(tlv, 5, 16)) };
  throw new TlvError("a profile is named by neither ICCID nor AID");
}

export interface SwitchRequest {
  readonly id: ProfileId;
  /** Wants the modem told by a REFRESH, after which it reads the card anew. */
  readonly refresh: boolean;
}

export function encodeEnableProfile(request: SwitchRequest): Uint8Array {
  return encodeSwitch(tags.enableProfile, request);
}

export function encodeDisableProfile(request: SwitchRequest): Uint8Array {
  return encodeSwitch(tags.disableProfile, request);
}

function encodeSwitch(tag: number, request: SwitchRequest): Uint8Array {
  return encodeTlv(tag, encodeTlv(0xa0, encodeProfileId(request.id)), encodeBoolean(request.refresh, 0x81));
}

/** @throws EsimdError */
export function decodeEnableProfile(command: Uint8Array): SwitchRequest {
  return decodeSwitch(tags.enableProfile, command);
}

/** @throws EsimdError */
export function decodeDisableProfile(command: Uint8Array): SwitchRequest {
  return decodeSwitch(tags.disableProfile, command);
}

function decodeSwitch(tag: number, command: Uint8Array): SwitchRequest {
  const fields = new Fields(readTlv(command, tag));
  const id = decodeProfileId(onlyChild(fields.take(0xa0)));
  return { id, refresh: decodeBoolean(fields.take(0x81)) };
}

export function encodeDeleteProfile(id: ProfileId): Uint8Array {
  return encodeTlv(tags.deleteProfile, encodeProfileId(id));
}

/** @throws EsimdError */
export function decodeDeleteProfile(command: Uint8Array): ProfileId {
  return decodeProfileId(onlyChild(readTlv(command, tags.deleteProfile)));
}

export function encodeSetNickname(iccid: Iccid, nickname: string): Uint8Array {
  return encodeTlv(tags.setNickname, encodeIccid(iccid), encodeUtf8(nickname, profileField.nickname));
}

/** An empty nickname takes it away. @throws EsimdError */
export function decodeSetNickname(command: Uint8Array): { readonly iccid: Iccid; readonly nickname: string } {
  const fields = new Fields(readTlv(command, tags.setNickname));
  const iccid = decodeIccid(fields.take(tags.iccid));
  return { iccid, nickname: decodeUtf8(fields.take(profileField.nickname), 64) };
}

/** What a memory reset takes away. */
export interface MemoryResetOptions {
  readonly operationalProfiles: boolean;
  readonly fieldLoadedTestProfiles: boolean;
  readonly defaultSmdpAddress: boolean;
}

export function encodeMemoryReset(options: MemoryResetOptions): Uint8Array {
  const flags = [options.operationalProfiles, options.fieldLoadedTestProfiles, options.defaultSmdpAddress];
  return encodeTlv(
    tags.memoryReset,
    encodeBits(
      flags.flatMap((set, bit) => (set ? [bit] : [])),
      0x82,
    ),
  );
}

/** @throws TlvError */
export function decodeMemoryReset(command: Uint8Array): MemoryResetOptions {
  const bits = decodeBits(new Fields(readTlv(command, tags.memoryReset)).take(0x82));
  return {
    operationalProfiles: bits.includes(0),
    fieldLoadedTestProfiles: bits.includes(1),
    defaultSmdpAddress: bits.includes(2),
  };
}

/** The answer to any of these: one result code under the command's own tag. */
export function encodeOperationResult(tag: number, code: number): Uint8Array {
  return encodeTlv(tag, encodeInteger(code, 0x80));
}

const resultTables = new Map<number, ResultTable>([
  [tags.enableProfile, enableResults],
  [tags.disableProfile, disableResults],
  [tags.deleteProfile, deleteResults],
  [tags.setNickname, nicknameResults],
  [tags.memoryReset, memoryResetResults],
]);

/** The name of the result, "ok" when it worked; `tag` is the command's. @throws TlvError */
export function decodeOperationResult(tag: number, answer: Uint8Array): string {
  const code = decodeInteger(new Fields(readTlv(answer, tag)).take(0x80));
  return resultName(resultTables.get(tag) ?? {}, code);
}
