import { concatBytes, encodeTlv, TlvError } from "../../lpa/asn1/tlv.js";
import {
  decodeAuthenticateServer,
  decodeServerSigned1,
  encodeAuthenticateError,
  encodeAuthenticateOk,
  encodeEuiccSigned1,
} from "../../lpa/es10/authenticate-server.js";
import {
  decodePrepareDownload,
  decodeSmdpSigned2,
  encodeEuiccSigned2,
  encodePrepareDownloadError,
  encodePrepareDownloadOk,
} from "../../lpa/es10/prepare-download.js";
import { authenticateErrors, downloadErrors, resultCode } from "../../lpa/es10/result-codes.js";
import { tags } from "../../lpa/es10/tags.js";
import { isLeafOfCi } from "../pki/certificate-chain.js";
import { type Certificate, readCertificate } from "../pki/certificate-reader.js";
import { curveOf, newOneTimeKey, type OneTimeKey, signPlain, verifyPlain } from "../pki/curves.js";
import type { EuiccIdentity } from "../pki/pki.js";
import { type AuthenticatedSession, type PreparedSession, type Session, sameBytes } from "./session.js";

/** The eUICC's side of the common mutual authentication and of PrepareDownload (SGP.22, 5.7.13 and 5.7.5): what it checks, in order. */

export interface StepResult<S> {
  readonly response: Uint8Array;
  /** The session after the step; undefined when the step failed and the session is over. */
  readonly session: S | undefined;
}

export interface AuthenticationContext {
  readonly identity: EuiccIdentity;
  readonly ci: Certificate;
  /** DER of EUICCInfo2 at this moment. */
  readonly euiccInfo2: Uint8Array;
}

/** @throws EsimdError when the command is malformed. */
export function authenticateServer(
  command: Uint8Array,
  session: Session,
  context: AuthenticationContext,
): StepResult<AuthenticatedSession> {
  const request = decodeAuthenticateServer(command);
  const signed = decodeServerSigned1(request.serverSigned1);
  const refuse = (reason: string): StepResult<AuthenticatedSession> => ({
    response: encodeAuthenticateError(signed.transactionId, resultCode(authenticateErrors, reason)),
    session: undefined,
  });
  if (session.stage !== "challenged") return refuse("noSessionContext");
  const { ci, identity } = context;
  if (ci.subjectKeyId === undefined || !sameBytes(request.ciKeyId, ci.subjectKeyId)) return refuse("ciPKUnknown");
  const dpAuth = readOrUndefined(request.serverCertificate);
  // An SM-DP+ or an SM-DS: the eUICC shows itself to either (SGP.22, 5.7.13).
  const isServer = dpAuth !== undefined && (isLeafOfCi(dpAuth, ci, "dpAuth") || isLeafOfCi(dpAuth, ci, "dsAuth"));
  if (!isServer) return refuse("invalidCertificate");
  if (curveOf(dpAuth.publicKey) === undefined) return refuse("unsupportedCurve");
  if (dpAuth.registeredId === undefined) return refuse("invalidOid");
  if (!verifyPlain(dpAuth.publicKey, request.serverSigned1, request.serverSignature1))
    return refuse("invalidSignature");
  if (!sameBytes(signed.euiccChallenge, session.challenge)) return refuse("euiccChallengeMismatch");

  const euiccSigned1 = encodeEuiccSigned1({
    transactionId: signed.transactionId,
    serverAddress: signed.serverAddress,
    serverChallenge: signed.serverChallenge,
    euiccInfo2: context.euiccInfo2,
    ctxParams1Raw: request.ctxParams1Raw,
  });
  const euiccSignature1 = signPlain(identity.privateKey, euiccSigned1);
  return {
    response: encodeAuthenticateOk({
      euiccSigned1,
      euiccSignature1,
      euiccCertificate: identity.certificate.der,
      eumCertificate: identity.eum.der,
    }),
    session: {
      stage: "authenticated",
      transactionId: signed.transactionId.slice(),
      serverAddress: signed.serverAddress,
      dpAuth,
      smdpOid: dpAuth.registeredId,
      euiccSignature1,
    },
  };
}

/**
 * `keptKey` is the one-time key of an earlier, unfinished session with this SM-DP+.
 * @throws EsimdError when the command is malformed.
 */
export function prepareDownload(
  command: Uint8Array,
  session: Session,
  identity: EuiccIdentity,
  ci: Certificate,
  keptKey: OneTimeKey | undefined,
): StepResult<PreparedSession> {
  const request = decodePrepareDownload(command);
  const signed = decodeSmdpSigned2(request.smdpSigned2);
  const refuse = (reason: string): StepResult<PreparedSession> => ({
    response: encodePrepareDownloadError(signed.transactionId, resultCode(downloadErrors, reason)),
    session: undefined,
  });
  if (session.stage !== "authenticated") return refuse("noSessionContext");
  const dpPb = readOrUndefined(request.smdpCertificate);
  if (dpPb === undefined || !isLeafOfCi(dpPb, ci, "dpPb")) return refuse("invalidCertificate");
  // Both certificates must be of one SM-DP+ (SGP.22, 5.7.5).
  if (dpPb.registeredId !== session.smdpOid) return refuse("invalidCertificate");
  const curve = curveOf(dpPb.publicKey);
  if (curve === undefined) return refuse("unsupportedCurve");
  const tbs = concatBytes(request.smdpSigned2, encodeTlv(tags.signature, session.euiccSignature1));
  if (!verifyPlain(dpPb.publicKey, tbs, request.smdpSignature2)) return refuse("invalidSignature");
  if (!sameBytes(signed.transactionId, session.transactionId)) return refuse("invalidTransactionId");
  if (signed.confirmationCodeRequired && request.hashCc === undefined) return refuse("undefinedError");

  const wanted = signed.bppEuiccOtpk === undefined ? undefined : Buffer.from(signed.bppEuiccOtpk).toString("hex");
  const oneTimeKey =
    keptKey !== undefined && keptKey.publicHex === wanted && keptKey.curve === curve ? keptKey : newOneTimeKey(curve);
  const euiccSigned2 = encodeEuiccSigned2({
    transactionId: session.transactionId,
    euiccOtpk: Buffer.from(oneTimeKey.publicHex, "hex"),
    hashCc: request.hashCc,
  });
  const signature = signPlain(
    identity.privateKey,
    concatBytes(euiccSigned2, encodeTlv(tags.signature, request.smdpSignature2)),
  );
  return {
    response: encodePrepareDownloadOk(euiccSigned2, signature),
    session: { ...session, stage: "prepared", dpPb, oneTimeKey },
  };
}

function readOrUndefined(der: Uint8Array): Certificate | undefined {
  try {
    return readCertificate(der);
  } catch (error) {
    if (error instanceof TlvError) return undefined;
    throw error;
  }
}
