import { type Iccid, iccidFromBcd, iccidToBcd } from "../../base/identifiers.js";
import { decodeBits, decodeOctets, encodeBits } from "../asn1/der.js";
import { encodeTlv, type Fields, type Tlv } from "../asn1/tlv.js";
import { tags } from "./tags.js";

/** The fields that many messages of ES10 share. */

export function encodeIccid(iccid: Iccid): Uint8Array {
  return encodeTlv(tags.iccid, iccidToBcd(iccid));
}

/** @throws EsimdError */
export function decodeIccid(tlv: Tlv): Iccid {
  return iccidFromBcd(decodeOctets(tlv, 10), "the ICCID on the eUICC");
}

export function encodeTransactionId(transactionId: Uint8Array): Uint8Array {
  return encodeTlv(tags.transactionId, transactionId);
}

/** 1 to 16 bytes, chosen by the SM-DP+. @throws TlvError */
export function takeTransactionId(fields: Fields): Uint8Array {
  return decodeOctets(fields.take(tags.transactionId), 1, 16);
}

/** 64 bytes r || s under 5F37 (BSI TR-03111, plain format). */
export function encodeSignature(signature: Uint8Array): Uint8Array {
  return encodeTlv(tags.signature, signature);
}

/** @throws TlvError */
export function takeSignature(fields: Fields): Uint8Array {
  return decodeOctets(fields.take(tags.signature), 64);
}

/** What a notification is about, and which operations it is wanted for: the bits of NotificationEvent. */
export const profileOperations = ["install", "enable", "disable", "delete"] as const;
export type ProfileOperation = (typeof profileOperations)[number];

export function encodeOperation(operation: ProfileOperation, tag: number): Uint8Array {
  return encodeBits([profileOperations.indexOf(operation)], tag);
}

/** The operations whose bits are set; bits without a name are passed over. @throws TlvError */
export function decodeOperations(tlv: Tlv): ProfileOperation[] {
  return decodeBits(tlv).flatMap((bit) => profileOperations[bit] ?? []);
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}
