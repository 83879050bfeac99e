import { z } from "zod";
import { parseEid, parseSmdpAddress } from "../../base/identifiers.js";
import { universal } from "../../lpa/asn1/der.js";
import { encodeTlv } from "../../lpa/asn1/tlv.js";
import {
  type AuthenticateServerResponse,
  decodeAuthenticateResponse,
  encodeServerSigned1,
} from "../../lpa/es10/authenticate-server.js";
import { encodeSignature, hexOf } from "../../lpa/es10/common.js";
import { decodeEuiccInfo1 } from "../../lpa/es10/euicc-info.js";
import { checkEuiccChain } from "../pki/certificate-chain.js";
import { type Certificate, readCertificate } from "../pki/certificate-reader.js";
import { newNonce, signPlain, verifyPlain } from "../pki/curves.js";
import type { KeyedCertificate } from "../pki/pki.js";
import { FunctionFailure, refusals } from "./failures.js";

/** The server's side of the common mutual authentication (SGP.22, 3.0.1): alike for an SM-DP+ (5.6.1, 5.6.3) and an SM-DS (5.8.1, 5.8.2). */

export const der = z
  .base64()
  .max(200_000)
  .transform((text) => new Uint8Array(Buffer.from(text, "base64")));
export const transactionId = z
  .string()
  .regex(/^[0-9A-Fa-f]{2,32}$/)
  .transform((text) => text.toUpperCase());

/** The address is the server's own, whatever the server is. */
export const initiateShape = z.object({ smdpAddress: z.string().max(255), euiccChallenge: der, euiccInfo1: der });
export const authenticateShape = z.object({ transactionId, authenticateServerResponse: der });

export interface ServerParty {
  /** What devices call it by. */
  readonly address: string;
  readonly auth: KeyedCertificate;
  readonly ci: Certificate;
}

/** What the server must know again when the eUICC answers. */
export interface Challenge {
  readonly transactionId: Uint8Array;
  readonly serverChallenge: Uint8Array;
}

/** InitiateAuthentication: checks what the eUICC is, and signs its challenge. @throws FunctionFailure */
export function initiateAuthentication(
  body: z.output<typeof initiateShape>,
  server: ServerParty,
): { readonly challenge: Challenge; readonly fields: Readonly<Record<string, string>> } {
  const { address, auth, ci } = server;
  if (normalAddress(body.smdpAddress) !== normalAddress(address)) throw new FunctionFailure(refusals.wrongAddress);
  if (body.euiccChallenge.length !== 16) throw new FunctionFailure(refusals.mandatoryMissing);
  const info = decodeEuiccInfo1(body.euiccInfo1);
  if (!info.version.startsWith("2.")) throw new FunctionFailure(refusals.versionNotSupported);
  const ciKeyId = ci.subjectKeyId ?? new Uint8Array();
  const knows = (keyIds: readonly string[]): boolean => keyIds.includes(hexOf(ciKeyId));
  if (!knows(info.verificationKeyIds) || !knows(info.signingKeyIds)) {
    throw new FunctionFailure(refusals.noSecurityConfiguration);
  }
  const challenge = { transactionId: newNonce(16), serverChallenge: newNonce(16) };
  const serverSigned1 = encodeServerSigned1({
    ...challenge,
    euiccChallenge: body.euiccChallenge,
    serverAddress: body.smdpAddress,
  });
  return {
    challenge,
    fields: {
      transactionId: hexOf(challenge.transactionId),
      serverSigned1: base64(serverSigned1),
      serverSignature1: base64(encodeSignature(signPlain(auth.privateKey, serverSigned1))),
      euiccCiPKIdToBeUsed: base64(encodeTlv(universal.octetString, ciKeyId)),
      serverCertificate: base64(auth.certificate.der),
    },
  };
}

/** The eUICC that signed the challenge, by its certificates. @throws FunctionFailure */
export function authenticateEuicc(response: Uint8Array, challenge: Challenge, server: ServerParty) {
  const answer: AuthenticateServerResponse = decodeAuthenticateResponse(response);
  if (answer.kind === "error") throw refusedBy("AuthenticateServer", answer.reason);
  const euicc = readCertificate(answer.euiccCertificate);
  const chain = checkEuiccChain(euicc, readCertificate(answer.eumCertificate), server.ci);
  if (!chain.ok) throw new FunctionFailure(chain.of === "eum" ? refusals.eumCertificate : refusals.euiccCertificate);
  const { signed, euiccSignature1 } = answer;
  if (
    !verifyPlain(euicc.publicKey, answer.euiccSigned1, euiccSignature1) ||
    Buffer.compare(signed.serverChallenge, challenge.serverChallenge) !== 0 ||
    Buffer.compare(signed.transactionId, challenge.transactionId) !== 0 ||
    normalAddress(signed.serverAddress) !== normalAddress(server.address)
  ) {
    throw new FunctionFailure(refusals.euiccSignature);
  }
  return { euicc, signed, euiccSignature1, eid: parseEid(chain.eid, "the eUICC's certificate") };
}

/** @throws FunctionFailure naming the first element that is not as it should be */
export function read<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const message = `${issue?.path.join(".") ?? "body"}: ${issue?.message ?? "malformed"}`;
  throw new FunctionFailure({ ...refusals.mandatoryMissing, message });
}

export function refusedBy(command: string, reason: string): FunctionFailure {
  return new FunctionFailure({ ...refusals.euiccRefused, message: `${command}: ${reason}` });
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Host in lower case, port 443 left out; what is no address stays as it is and equals nothing. */
function normalAddress(address: string): string {
  try {
    return parseSmdpAddress(address, "smdpAddress");
  } catch {
    return address;
  }
}
