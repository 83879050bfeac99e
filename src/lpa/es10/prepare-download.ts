import {
  decodeBoolean,
  decodeInteger,
  decodeOctets,
  encodeBoolean,
  encodeInteger,
  encodeSequence,
  universal,
} from "../asn1/der.js";
import { encodeTlv, Fields, readTlv } from "../asn1/tlv.js";
import { encodeSignature, encodeTransactionId, takeSignature, takeTransactionId } from "./common.js";
import { downloadErrors, resultName } from "./result-codes.js";
import { tags } from "./tags.js";

/** PrepareDownload (SGP.22, 5.7.5): the eUICC agrees to a download and makes its one-time key. */

export interface SmdpSigned2 {
  readonly transactionId: Uint8Array;
  readonly confirmationCodeRequired: boolean;
  /** The one-time public key of an earlier try, which the SM-DP+ wants used again. */
  readonly bppEuiccOtpk?: Uint8Array | undefined;
}

export function encodeSmdpSigned2(signed: SmdpSigned2): Uint8Array {
  return encodeSequence(
    encodeTransactionId(signed.transactionId),
    encodeBoolean(signed.confirmationCodeRequired),
    ...(signed.bppEuiccOtpk === undefined ? [] : [encodeTlv(tags.oneTimePublicKey, signed.bppEuiccOtpk)]),
  );
}

/** @throws TlvError */
export function decodeSmdpSigned2(der: Uint8Array): SmdpSigned2 {
  const fields = new Fields(readTlv(der, universal.sequence));
  const transactionId = takeTransactionId(fields);
  const confirmationCodeRequired = decodeBoolean(fields.take(universal.boolean));
  const otpk = fields.optional(tags.oneTimePublicKey);
  return {
    transactionId,
    confirmationCodeRequired,
    bppEuiccOtpk: otpk === undefined ? undefined : decodeOctets(otpk, 65),
  };
}

export interface PrepareDownloadRequest {
  /** DER of SmdpSigned2, as the server sent it. */
  readonly smdpSigned2: Uint8Array;
  readonly smdpSignature2: Uint8Array;
  /** SHA256(SHA256(confirmation code) | transactionId). */
  readonly hashCc?: Uint8Array | undefined;
  readonly smdpCertificate: Uint8Array;
}

export function encodePrepareDownload(request: PrepareDownloadRequest): Uint8Array {
  return encodeTlv(
    tags.prepareDownload,
    request.smdpSigned2,
    encodeSignature(request.smdpSignature2),
    ...(request.hashCc === undefined ? [] : [encodeTlv(universal.octetString, request.hashCc)]),
    request.smdpCertificate,
  );
}

/** @throws TlvError */
export function decodePrepareDownload(command: Uint8Array): PrepareDownloadRequest {
  const fields = new Fields(readTlv(command, tags.prepareDownload));
  const smdpSigned2 = fields.take(universal.sequence).raw;
  const smdpSignature2 = takeSignature(fields);
  const hashCc = fields.optional(universal.octetString);
  const smdpCertificate = fields.take(universal.sequence).raw;
  return {
    smdpSigned2,
    smdpSignature2,
    hashCc: hashCc === undefined ? undefined : decodeOctets(hashCc, 32),
    smdpCertificate,
  };
}

export interface EuiccSigned2 {
  readonly transactionId: Uint8Array;
  /** Uncompressed point, 65 bytes. */
  readonly euiccOtpk: Uint8Array;
  readonly hashCc?: Uint8Array | undefined;
}

export function encodeEuiccSigned2(signed: EuiccSigned2): Uint8Array {
  return encodeSequence(
    encodeTransactionId(signed.transactionId),
    encodeTlv(tags.oneTimePublicKey, signed.euiccOtpk),
    ...(signed.hashCc === undefined ? [] : [encodeTlv(universal.octetString, signed.hashCc)]),
  );
}

export type PrepareDownloadResponse =
  | {
      readonly kind: "ok";
      readonly signed: EuiccSigned2;
      /** DER of EuiccSigned2, over which (and smdpSignature2) the signature is. */
      readonly euiccSigned2: Uint8Array;
      readonly euiccSignature2: Uint8Array;
    }
  | { readonly kind: "error"; readonly transactionId: Uint8Array; readonly reason: string };

export function encodePrepareDownloadOk(euiccSigned2: Uint8Array, euiccSignature2: Uint8Array): Uint8Array {
  return encodeTlv(tags.prepareDownload, encodeTlv(tags.ok, euiccSigned2, encodeSignature(euiccSignature2)));
}

export function encodePrepareDownloadError(transactionId: Uint8Array, code: number): Uint8Array {
  const content = [encodeTransactionId(transactionId), encodeInteger(code)];
  return encodeTlv(tags.prepareDownload, encodeTlv(tags.error, ...content));
}

/** @throws TlvError */
export function decodePrepareDownloadResponse(answer: Uint8Array): PrepareDownloadResponse {
  const choice = new Fields(readTlv(answer, tags.prepareDownload));
  const error = choice.find(tags.error);
  if (error !== undefined) {
    const fields = new Fields(error);
    const transactionId = takeTransactionId(fields);
    const code = decodeInteger(fields.take(universal.integer));
    return { kind: "error", transactionId, reason: resultName(downloadErrors, code) };
  }
  const fields = new Fields(choice.take(tags.ok));
  const signed = fields.take(universal.sequence);
  const euiccSignature2 = takeSignature(fields);
  const inner = new Fields(signed);
  const transactionId = takeTransactionId(inner);
  const euiccOtpk = decodeOctets(inner.take(tags.oneTimePublicKey), 65);
  const hashCc = inner.optional(universal.octetString);
  return {
    kind: "ok",
    signed: { transactionId, euiccOtpk, hashCc: hashCc === undefined ? undefined : decodeOctets(hashCc, 32) },
    euiccSigned2: signed.raw,
    euiccSignature2,
  };
}
