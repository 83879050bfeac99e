import { decodeInteger, decodeOid, encodeInteger, encodeOid, encodeSequence, universal } from "../asn1/der.js";
import { encodeTlv, Fields, readTlv } from "../asn1/tlv.js";
import { encodeSignature, encodeTransactionId, takeSignature, takeTransactionId } from "./common.js";
import {
  type CancelReason,
  cancelReasonCode,
  cancelReasonOf,
  cancelSessionErrors,
  resultName,
} from "./result-codes.js";
import { tags } from "./tags.js";

/** CancelSession (SGP.22, 5.7.14): a session is given up, with a signed reason. */

export interface CancelSession {
  readonly transactionId: Uint8Array;
  readonly reason: CancelReason;
}

export function encodeCancelSession(command: CancelSession): Uint8Array {
  return encodeTlv(
    tags.cancelSession,
    encodeTransactionId(command.transactionId),
    encodeInteger(cancelReasonCode(command.reason), 0x81),
  );
}

/** @throws TlvError */
export function decodeCancelSession(command: Uint8Array): CancelSession {
  const fields = new Fields(readTlv(command, tags.cancelSession));
  const transactionId = takeTransactionId(fields);
  return { transactionId, reason: cancelReasonOf(decodeInteger(fields.take(0x81))) };
}

/** What the eUICC signs. */
export function encodeCancelSigned(signed: CancelSession & { readonly smdpOid: string }): Uint8Array {
  return encodeSequence(
    encodeTransactionId(signed.transactionId),
    encodeOid(signed.smdpOid, 0x81),
    encodeInteger(cancelReasonCode(signed.reason), 0x82),
  );
}

export function encodeCancelSessionOk(signed: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeTlv(tags.cancelSession, encodeTlv(tags.ok, signed, encodeSignature(signature)));
}

/** 5 is invalidTransactionId. */
export function encodeCancelSessionError(code: number): Uint8Array {
  return encodeTlv(tags.cancelSession, encodeInteger(code, 0x81));
}

export type CancelSessionResponse =
  | (CancelSession & {
      readonly kind: "ok";
      readonly smdpOid: string;
      readonly signed: Uint8Array;
      readonly signature: Uint8Array;
    })
  | { readonly kind: "error"; readonly error: string };

/** @throws TlvError */
export function decodeCancelSessionResponse(answer: Uint8Array): CancelSessionResponse {
  const choice = new Fields(readTlv(answer, tags.cancelSession));
  const error = choice.find(0x81);
  if (error !== undefined) return { kind: "error", error: resultName(cancelSessionErrors, decodeInteger(error)) };
  const ok = new Fields(choice.take(tags.ok));
  const signed = ok.take(universal.sequence);
  const signature = takeSignature(ok);
  const fields = new Fields(signed);
  const transactionId = takeTransactionId(fields);
  const smdpOid = decodeOid(fields.take(0x81));
  const reason = cancelReasonOf(decodeInteger(fields.take(0x82)));
  return { kind: "ok", transactionId, reason, smdpOid, signed: signed.raw, signature };
}
