import { createHash } from "node:crypto";
import { concatBytes } from "../../lpa/asn1/tlv.js";

/** The keys of one protected channel between SM-DP+ and eUICC, 16 bytes each (SGP.22, annex G). */
export interface SessionKeys {
  readonly initialMacChainingValue: Uint8Array;
  readonly encryptionKey: Uint8Array;
  readonly macKey: Uint8Array;
}

/** AES with keys of 16 bytes: the only control reference that version 2 of SGP.22 has. */
export const controlReference = { keyType: 0x88, keyLength: 0x10 } as const;

/** ANSI X9.63 key derivation with SHA-256 (BSI TR-03111, 4.3.3): `length` bytes out of a shared secret. */
export function x963Kdf(sharedSecret: Uint8Array, sharedInfo: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 1; (counter - 1) * 32 < length; counter++) {
    const counterBytes = Uint8Array.of(counter >>> 24, (counter >>> 16) & 0xff, (counter >>> 8) & 0xff, counter & 0xff);
    blocks.push(createHash("sha256").update(sharedSecret).update(counterBytes).update(sharedInfo).digest());
  }
  return concatBytes(...blocks).slice(0, length);
}

/** Both sides come to the same keys from the shared secret, the SM-DP+'s host id and the EID. */
export function deriveSessionKeys(sharedSecret: Uint8Array, hostId: Uint8Array, eid: Uint8Array): SessionKeys {
  const sharedInfo = concatBytes(
    Uint8Array.of(controlReference.keyType, controlReference.keyLength),
    Uint8Array.of(hostId.length),
    hostId,
    Uint8Array.of(eid.length),
    eid,
  );
  const material = x963Kdf(sharedSecret, sharedInfo, 48);
  return {
    initialMacChainingValue: material.slice(0, 16),
    encryptionKey: material.slice(16, 32),
    macKey: material.slice(32, 48),
  };
}
