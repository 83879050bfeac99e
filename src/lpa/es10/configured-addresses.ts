import { decodeInteger, decodeUtf8, encodeInteger, encodeUtf8 } from "../asn1/der.js";
import { encodeTlv, Fields, readTlv } from "../asn1/tlv.js";
import { defaultAddressResults, resultName } from "./result-codes.js";
import { tags } from "./tags.js";

/** GetEuiccConfiguredAddresses and SetDefaultDpAddress (SGP.22, 5.7.3 and 5.7.4). */

const field = { defaultSmdp: 0x80, rootSmds: 0x81 } as const;
const maxAddressBytes = 255;

export interface ConfiguredAddresses {
  /** As the card has it: a bare host name or `host:port`; absent when empty. */
  readonly defaultSmdpAddress?: string | undefined;
  readonly rootSmdsAddress?: string | undefined;
}

export function encodeGetConfiguredAddresses(): Uint8Array {
  return encodeTlv(tags.getConfiguredAddresses);
}

export function encodeConfiguredAddresses(addresses: ConfiguredAddresses): Uint8Array {
  const { defaultSmdpAddress, rootSmdsAddress } = addresses;
  return encodeTlv(
    tags.getConfiguredAddresses,
    ...(defaultSmdpAddress === undefined ? [] : [encodeUtf8(defaultSmdpAddress, field.defaultSmdp)]),
    encodeUtf8(rootSmdsAddress ?? "", field.rootSmds),
  );
}

/** @throws TlvError */
export function decodeConfiguredAddresses(answer: Uint8Array): ConfiguredAddresses {
  const fields = new Fields(readTlv(answer, tags.getConfiguredAddresses));
  const read = (tag: number): string | undefined => {
    const tlv = fields.find(tag);
    const text = tlv === undefined ? "" : decodeUtf8(tlv, maxAddressBytes);
    return text === "" ? undefined : text;
  };
  return { defaultSmdpAddress: read(field.defaultSmdp), rootSmdsAddress: read(field.rootSmds) };
}

/** An empty address takes the default away. */
export function encodeSetDefaultAddress(address: string): Uint8Array {
  return encodeTlv(tags.setDefaultAddress, encodeUtf8(address, field.defaultSmdp));
}

/** @throws TlvError */
export function decodeSetDefaultAddress(command: Uint8Array): string {
  return decodeUtf8(new Fields(readTlv(command, tags.setDefaultAddress)).take(field.defaultSmdp), maxAddressBytes);
}

export function encodeSetDefaultAddressResult(code: number): Uint8Array {
  return encodeTlv(tags.setDefaultAddress, encodeInteger(code, 0x80));
}

/** The result's name, "ok" when it worked. @throws TlvError */
export function decodeSetDefaultAddressResult(answer: Uint8Array): string {
  const result = new Fields(readTlv(answer, tags.setDefaultAddress)).take(0x80);
  return resultName(defaultAddressResults, decodeInteger(result));
}
