import type { Certificate } from "../pki/certificate-reader.js";
import type { OneTimeKey } from "../pki/curves.js";
import type { PackageLoader } from "./package-loader.js";

/** How far one RSP session has come (SGP.22, 3.1.3); each step is open only from the one before. */
export type Session =
  | { readonly stage: "none" }
  /** GetEuiccChallenge was answered. */
  | { readonly stage: "challenged"; readonly challenge: Uint8Array }
  | AuthenticatedSession
  | PreparedSession
  | { readonly stage: "loading"; readonly session: PreparedSession; readonly loader: PackageLoader };

/** The SM-DP+ showed that it knows the challenge. */
export interface AuthenticatedSession {
  readonly stage: "authenticated";
  readonly transactionId: Uint8Array;
  readonly serverAddress: string;
  readonly dpAuth: Certificate;
  readonly smdpOid: string;
  readonly euiccSignature1: Uint8Array;
}

/** The one-time key is made; a package for it may come. */
export interface PreparedSession extends Omit<AuthenticatedSession, "stage"> {
  readonly stage: "prepared";
  readonly dpPb: Certificate;
  readonly oneTimeKey: OneTimeKey;
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
