import {
  decodeInteger,
  decodeOctets,
  decodeUtf8,
  encodeInteger,
  encodeSequence,
  encodeUtf8,
  universal,
} from "../asn1/der.js";
import { encodeTlv, Fields, readTlv, type Tlv, TlvError } from "../asn1/tlv.js";
import { encodeSignature, encodeTransactionId, takeSignature, takeTransactionId } from "./common.js";
import { authenticateErrors, resultName } from "./result-codes.js";
import { tags } from "./tags.js";

/** AuthenticateServer (SGP.22, 5.7.13): SM-DP+ and eUICC show each other who they are. */

export interface ServerSigned1 {
  readonly transactionId: Uint8Array;
  readonly euiccChallenge: Uint8Array;
  readonly serverAddress: string;
  readonly serverChallenge: Uint8Array;
}

export interface DeviceInfo {
  /** The first eight digits of the IMEI, as four bytes of BCD. */
  readonly tac: Uint8Array;
  /** DeviceCapabilities as received or as empty. */
  readonly capabilities?: Uint8Array | undefined;
  /** 8 bytes, swapped BCD. */
  readonly imei?: Uint8Array | undefined;
}

export interface CtxParams1 {
  /** Absent with the default SM-DP+; an empty one means the same. */
  readonly matchingId?: string | undefined;
  readonly deviceInfo: DeviceInfo;
}

export interface AuthenticateServerRequest {
  /** DER of ServerSigned1, as the server sent it. */
  readonly serverSigned1: Uint8Array;
  readonly serverSignature1: Uint8Array;
  /** The subject key id of the CI root that the eUICC is to use. */
  readonly ciKeyId: Uint8Array;
  /** DER. */
  readonly serverCertificate: Uint8Array;
  readonly ctxParams1: CtxParams1;
}

/** Field tags inside the signed structures. */
const field = { transactionId: 0x80, euiccChallenge: 0x81, serverAddress: 0x83, serverChallenge: 0x84 } as const;

export function encodeServerSigned1(signed: ServerSigned1): Uint8Array {
  return encodeSequence(
    encodeTransactionId(signed.transactionId),
    encodeTlv(field.euiccChallenge, signed.euiccChallenge),
    encodeUtf8(signed.serverAddress, field.serverAddress),
    encodeTlv(field.serverChallenge, signed.serverChallenge),
  );
}

/** @throws TlvError */
export function decodeServerSigned1(der: Uint8Array): ServerSigned1 {
  const fields = new Fields(readTlv(der, universal.sequence));
  return {
    transactionId: takeTransactionId(fields),
    euiccChallenge: decodeOctets(fields.take(field.euiccChallenge), 16),
    serverAddress: decodeUtf8(fields.take(field.serverAddress), 255),
    serverChallenge: decodeOctets(fields.take(field.serverChallenge), 16),
  };
}

export function encodeCtxParams1(params: CtxParams1): Uint8Array {
  const { matchingId, deviceInfo } = params;
  return encodeTlv(
    0xa0,
    ...(matchingId === undefined ? [] : [encodeUtf8(matchingId, 0x80)]),
    encodeTlv(
      0xa1,
      encodeTlv(0x80, deviceInfo.tac),
      encodeTlv(0xa1, deviceInfo.capabilities ?? new Uint8Array()),
      ...(deviceInfo.imei === undefined ? [] : [encodeTlv(0x82, deviceInfo.imei)]),
    ),
  );
}

function decodeCtxParams1(tlv: Tlv): CtxParams1 {
  const fields = new Fields(tlv);
  const matchingId = fields.optional(0x80);
  const device = new Fields(fields.take(0xa1));
  return {
    matchingId: matchingId === undefined ? undefined : decodeUtf8(matchingId, 255),
    deviceInfo: {
      tac: decodeOctets(device.take(0x80), 4),
      capabilities: device.take(0xa1).value,
      imei: device.optional(0x82)?.value,
    },
  };
}

export function encodeAuthenticateServer(request: AuthenticateServerRequest): Uint8Array {
  return encodeTlv(
    tags.authenticateServer,
    request.serverSigned1,
    encodeSignature(request.serverSignature1),
    encodeTlv(universal.octetString, request.ciKeyId),
    request.serverCertificate,
    encodeCtxParams1(request.ctxParams1),
  );
}

/** `ctxParams1Raw` goes into what the eUICC signs, unchanged. @throws TlvError */
export function decodeAuthenticateServer(
  command: Uint8Array,
): AuthenticateServerRequest & { readonly ctxParams1Raw: Uint8Array } {
  const fields = new Fields(readTlv(command, tags.authenticateServer));
  const serverSigned1 = fields.take(universal.sequence).raw;
  const serverSignature1 = takeSignature(fields);
  const ciKeyId = decodeOctets(fields.take(universal.octetString), 1, 32);
  const serverCertificate = fields.take(universal.sequence).raw;
  const params = fields.take(0xa0);
  return {
    serverSigned1,
    serverSignature1,
    ciKeyId,
    serverCertificate,
    ctxParams1: decodeCtxParams1(params),
    ctxParams1Raw: params.raw,
  };
}

export interface EuiccSigned1 {
  readonly transactionId: Uint8Array;
  readonly serverAddress: string;
  readonly serverChallenge: Uint8Array;
  /** DER of EUICCInfo2. */
  readonly euiccInfo2: Uint8Array;
  readonly ctxParams1: CtxParams1;
}

export function encodeEuiccSigned1(
  signed: Omit<EuiccSigned1, "ctxParams1"> & { readonly ctxParams1Raw: Uint8Array },
): Uint8Array {
  return encodeSequence(
    encodeTransactionId(signed.transactionId),
    encodeUtf8(signed.serverAddress, field.serverAddress),
    encodeTlv(field.serverChallenge, signed.serverChallenge),
    signed.euiccInfo2,
    signed.ctxParams1Raw,
  );
}

export type AuthenticateServerResponse =
  | {
      readonly kind: "ok";
      readonly signed: EuiccSigned1;
      /** DER of EuiccSigned1, over which the signature is. */
      readonly euiccSigned1: Uint8Array;
      readonly euiccSignature1: Uint8Array;
      /** DER. */
      readonly euiccCertificate: Uint8Array;
      readonly eumCertificate: Uint8Array;
    }
  | { readonly kind: "error"; readonly transactionId: Uint8Array; readonly reason: string };

export function encodeAuthenticateOk(ok: {
  readonly euiccSigned1: Uint8Array;
  readonly euiccSignature1: Uint8Array;
  readonly euiccCertificate: Uint8Array;
  readonly eumCertificate: Uint8Array;
}): Uint8Array {
  const content = [ok.euiccSigned1, encodeSignature(ok.euiccSignature1), ok.euiccCertificate, ok.eumCertificate];
  return encodeTlv(tags.authenticateServer, encodeTlv(tags.ok, ...content));
}

export function encodeAuthenticateError(transactionId: Uint8Array, code: number): Uint8Array {
  const content = [encodeTransactionId(transactionId), encodeInteger(code)];
  return encodeTlv(tags.authenticateServer, encodeTlv(tags.error, ...content));
}

/** @throws TlvError */
export function decodeAuthenticateResponse(answer: Uint8Array): AuthenticateServerResponse {
  const choice = new Fields(readTlv(answer, tags.authenticateServer));
  const error = choice.find(tags.error);
  if (error !== undefined) {
    const fields = new Fields(error);
    const transactionId = takeTransactionId(fields);
    const code = decodeInteger(fields.take(universal.integer));
    return { kind: "error", transactionId, reason: resultName(authenticateErrors, code) };
  }
  const fields = new Fields(choice.take(tags.ok));
  const signed = fields.take(universal.sequence);
  const euiccSignature1 = takeSignature(fields);
  const euiccCertificate = fields.take(universal.sequence).raw;
  const eumCertificate = fields.take(universal.sequence).raw;
  return {
    kind: "ok",
    signed: decodeEuiccSigned1(signed),
    euiccSigned1: signed.raw,
    euiccSignature1,
    euiccCertificate,
    eumCertificate,
  };
}

function decodeEuiccSigned1(tlv: Tlv): EuiccSigned1 {
  const fields = new Fields(tlv);
  const transactionId = takeTransactionId(fields);
  const serverAddress = decodeUtf8(fields.take(field.serverAddress), 255);
  const serverChallenge = decodeOctets(fields.take(field.serverChallenge), 16);
  const euiccInfo2 = fields.take(tags.getEuiccInfo2).raw;
  const params = fields.take(0xa0);
  if (params.raw.length > 4096) throw new TlvError("ctxParams1 is longer than any device's");
  return { transactionId, serverAddress, serverChallenge, euiccInfo2, ctxParams1: decodeCtxParams1(params) };
}
