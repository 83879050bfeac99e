import { encodeTlv, Fields, readTlv } from "../asn1/tlv.js";
import { tags } from "./tags.js";

/** GetRAT (SGP.22, 5.7.22): the rules of which operators may set policy rules. esimd only passes them on. */

export function encodeGetRat(): Uint8Array {
  return encodeTlv(tags.getRat);
}

/** `rules` is the content of the table, empty on a card without any. */
export function encodeRat(rules: Uint8Array = new Uint8Array()): Uint8Array {
  return encodeTlv(tags.getRat, encodeTlv(0xa0, rules));
}

/** The rules authorisation table as DER. @throws TlvError */
export function decodeRat(answer: Uint8Array): Uint8Array {
  return new Fields(readTlv(answer, tags.getRat)).take(0xa0).value;
}
