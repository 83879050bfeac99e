import { decodeInteger, decodeOctets, encodeInteger } from "../asn1/der.js";
import { concatBytes, encodeTlv, Fields, readTlv } from "../asn1/tlv.js";
import { encodeSignature, encodeTransactionId, takeSignature, takeTransactionId } from "./common.js";
import { tags } from "./tags.js";

/** What the eUICC finds inside a profile package: the ES8+ commands (SGP.22, 5.5). */

export interface InitialiseSecureChannel {
  readonly transactionId: Uint8Array;
  /** 1: installBoundProfilePackage. */
  readonly remoteOperation: number;
  /** 0x88 (AES), 16 bytes in every version 2 of SGP.22. */
  readonly keyType: number;
  readonly keyLength: number;
  readonly hostId: Uint8Array;
  /** Uncompressed point, 65 bytes. */
  readonly smdpOtpk: Uint8Array;
}

const field = { remoteOperation: 0x82, controlReference: 0xa6, keyType: 0x80, keyLength: 0x81, hostId: 0x84 } as const;

/** The signature covers the fields in front of it and the eUICC's one-time public key (SGP.22, 5.5.1). */
export function initialiseSecureChannelTbs(command: InitialiseSecureChannel, euiccOtpk: Uint8Array): Uint8Array {
  return concatBytes(unsignedPart(command), encodeTlv(tags.oneTimePublicKey, euiccOtpk));
}

export function encodeInitialiseSecureChannel(command: InitialiseSecureChannel, signature: Uint8Array): Uint8Array {
  return encodeTlv(tags.initialiseSecureChannel, unsignedPart(command), encodeSignature(signature));
}

function unsignedPart(command: InitialiseSecureChannel): Uint8Array {
  return concatBytes(
    encodeInteger(command.remoteOperation, field.remoteOperation),
    encodeTransactionId(command.transactionId),
    encodeTlv(
      field.controlReference,
      encodeTlv(field.keyType, Uint8Array.of(command.keyType)),
      encodeTlv(field.keyLength, Uint8Array.of(command.keyLength)),
      encodeTlv(field.hostId, command.hostId),
    ),
    encodeTlv(tags.oneTimePublicKey, command.smdpOtpk),
  );
}

/** @throws TlvError */
export function decodeInitialiseSecureChannel(
  bytes: Uint8Array,
): InitialiseSecureChannel & { readonly signature: Uint8Array } {
  const fields = new Fields(readTlv(bytes, tags.initialiseSecureChannel));
  const remoteOperation = decodeInteger(fields.take(field.remoteOperation));
  const transactionId = takeTransactionId(fields);
  const reference = new Fields(fields.take(field.controlReference));
  const keyType = decodeOctets(reference.take(field.keyType), 1)[0] ?? 0;
  const keyLength = decodeOctets(reference.take(field.keyLength), 1)[0] ?? 0;
  const hostId = decodeOctets(reference.take(field.hostId), 1, 16);
  const smdpOtpk = decodeOctets(fields.take(tags.oneTimePublicKey), 65);
  return { transactionId, remoteOperation, keyType, keyLength, hostId, smdpOtpk, signature: takeSignature(fields) };
}

/** ConfigureISDP without proprietary data. */
export function encodeConfigureIsdp(): Uint8Array {
  return encodeTlv(tags.configureIsdp);
}

/** @throws TlvError */
export function checkConfigureIsdp(bytes: Uint8Array): void {
  readTlv(bytes, tags.configureIsdp);
}

/** Keys that protect the profile elements in place of the session keys, 16 bytes each. */
export interface ReplacementKeys {
  readonly initialMacChainingValue: Uint8Array;
  readonly encryptionKey: Uint8Array;
  readonly macKey: Uint8Array;
}

export function encodeReplaceSessionKeys(keys: ReplacementKeys): Uint8Array {
  return encodeTlv(
    tags.replaceSessionKeys,
    encodeTlv(0x80, keys.initialMacChainingValue),
    encodeTlv(0x81, keys.encryptionKey),
    encodeTlv(0x82, keys.macKey),
  );
}

/** @throws TlvError */
export function decodeReplaceSessionKeys(bytes: Uint8Array): ReplacementKeys {
  const fields = new Fields(readTlv(bytes, tags.replaceSessionKeys));
  return {
    initialMacChainingValue: decodeOctets(fields.take(0x80), 16),
    encryptionKey: decodeOctets(fields.take(0x81), 16),
    macKey: decodeOctets(fields.take(0x82), 16),
  };
}
