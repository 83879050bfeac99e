import { decodeOctets } from "../asn1/der.js";
import { encodeTlv, Fields, readTlv } from "../asn1/tlv.js";
import { tags } from "./tags.js";

/** GetEuiccChallenge (SGP.22, 5.7.7): 16 random bytes that the SM-DP+ has to sign. */

export function encodeGetEuiccChallenge(): Uint8Array {
  return encodeTlv(tags.getEuiccChallenge);
}

export function encodeEuiccChallenge(challenge: Uint8Array): Uint8Array {
  return encodeTlv(tags.getEuiccChallenge, encodeTlv(0x80, challenge));
}

/** @throws TlvError */
export function decodeEuiccChallenge(answer: Uint8Array): Uint8Array {
  return decodeOctets(new Fields(readTlv(answer, tags.getEuiccChallenge)).take(0x80), 16);
}
