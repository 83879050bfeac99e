import { createHash } from "node:crypto";

/**
 * The hash of a confirmation code that an eUICC signs: SHA256(SHA256(code) | transaction id) (SGP.22, 5.7.5). Operator and SM-DP+ keep
 * the inner hash only.
 */
export function hashedConfirmationCode(innerHash: Uint8Array, transactionId: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(innerHash).update(transactionId).digest());
}

export function innerConfirmationHash(confirmationCode: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(confirmationCode, "utf8").digest());
}
