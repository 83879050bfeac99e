import { type Eid, parseEid } from "../../base/identifiers.js";
import { decodeOctets } from "../asn1/der.js";
import { encodeTlv, Fields, readTlv, TlvError } from "../asn1/tlv.js";
import { hexOf } from "./common.js";
import { tags } from "./tags.js";

/** GetEID (SGP.22, 5.7.20). */

export function encodeGetEid(): Uint8Array {
  return encodeTlv(tags.getEid, encodeTlv(tags.tagList, Uint8Array.of(tags.iccid)));
}

/** The eUICC's side: refuses a tag list that asks for anything but the EID. @throws TlvError */
export function checkGetEid(command: Uint8Array): void {
  const wanted = decodeOctets(new Fields(readTlv(command, tags.getEid)).take(tags.tagList), 1);
  if (wanted[0] !== tags.iccid) throw new TlvError("GetEID asks for a tag that is not 5A");
}

export function encodeEid(eid: Eid): Uint8Array {
  return encodeTlv(tags.getEid, encodeTlv(tags.iccid, eidToBytes(eid)));
}

/** @throws EsimdError `modem_protocol`, or `bad_eid` when the check digits are wrong. */
export function decodeEid(answer: Uint8Array): Eid {
  const field = new Fields(readTlv(answer, tags.getEid)).take(tags.iccid);
  return parseEid(hexOf(decodeOctets(field, 16)), "the eUICC");
}

/** 16 bytes of BCD, not swapped. */
export function eidToBytes(eid: Eid): Uint8Array {
  return new Uint8Array(Buffer.from(eid, "hex"));
}
