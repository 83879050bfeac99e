import type { Iccid } from "../../base/identifiers.js";
import { decodeInteger, decodeOctets, decodeOid, encodeInteger, encodeOid, universal } from "../asn1/der.js";
import { encodeTlv, Fields, onlyChild, readTlv, type Tlv, TlvError } from "../asn1/tlv.js";
import { encodeSignature, encodeTransactionId, hexOf, takeSignature, takeTransactionId } from "./common.js";
import { decodeNotificationMetadata, encodeNotificationMetadata, type NotificationMetadata } from "./notifications.js";
import { bppCommands, installErrors, resultName } from "./result-codes.js";
import { tags } from "./tags.js";

/** ProfileInstallationResult (SGP.22, 5.7.6): the eUICC's signed word on how a profile package ended. */

export type InstallOutcome =
  | { readonly kind: "success"; readonly isdpAid: string }
  /** Names of SGP.22, such as `loadProfileElements` and `scp03tSecurityError`. */
  | { readonly kind: "error"; readonly bppCommand: string; readonly reason: string };

export interface InstallResult {
  /** Upper-case hex. */
  readonly transactionId: string;
  readonly seqNumber: number;
  readonly smdpAddress: string;
  readonly iccid?: Iccid | undefined;
  readonly smdpOid: string;
  readonly outcome: InstallOutcome;
}

/** What the eUICC signs, and the signature over it. */
export interface SignedInstallResult extends InstallResult {
  readonly signedData: Uint8Array;
  readonly signature: Uint8Array;
}

export type InstallOutcomeCodes =
  | { readonly kind: "success"; readonly isdpAid: Uint8Array; readonly simaResponse: Uint8Array }
  | { readonly kind: "error"; readonly bppCommand: number; readonly reason: number };

/** The data under the signature: BF27. */
export function encodeInstallResultData(data: {
  readonly transactionId: Uint8Array;
  readonly notification: NotificationMetadata;
  readonly smdpOid: string;
  readonly outcome: InstallOutcomeCodes;
}): Uint8Array {
  const { outcome } = data;
  const result =
    outcome.kind === "success"
      ? encodeTlv(
          0xa0,
          encodeTlv(tags.isdpAid, outcome.isdpAid),
          encodeTlv(universal.octetString, outcome.simaResponse),
        )
      : encodeTlv(0xa1, encodeInteger(outcome.bppCommand, 0x80), encodeInteger(outcome.reason, 0x81));
  return encodeTlv(
    tags.installResultData,
    encodeTransactionId(data.transactionId),
    encodeNotificationMetadata(data.notification),
    encodeOid(data.smdpOid),
    encodeTlv(0xa2, result),
  );
}

export function encodeInstallResult(signedData: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeTlv(tags.installResult, signedData, encodeSignature(signature));
}

/** @throws EsimdError */
export function decodeInstallResult(bytes: Uint8Array): SignedInstallResult {
  const whole = new Fields(readTlv(bytes, tags.installResult));
  const data = whole.take(tags.installResultData);
  const signature = takeSignature(whole);
  const fields = new Fields(data);
  const transactionId = takeTransactionId(fields);
  const notification = decodeNotificationMetadata(fields.take(tags.notificationMetadata));
  const smdpOid = decodeOid(fields.take(universal.objectIdentifier));
  return {
    transactionId: hexOf(transactionId),
    seqNumber: notification.seqNumber,
    smdpAddress: notification.address,
    iccid: notification.iccid,
    smdpOid,
    outcome: decodeOutcome(onlyChild(fields.take(0xa2))),
    signedData: data.raw,
    signature,
  };
}

function decodeOutcome(choice: Tlv): InstallOutcome {
  const fields = new Fields(choice);
  if (choice.tag === 0xa0) {
    return { kind: "success", isdpAid: hexOf(decodeOctets(fields.take(tags.isdpAid), 5, 16)) };
  }
  if (choice.tag !== 0xa1) throw new TlvError("the install result is neither a success nor an error");
  return {
    kind: "error",
    bppCommand: resultName(bppCommands, decodeInteger(fields.take(0x80))),
    reason: resultName(installErrors, decodeInteger(fields.take(0x81))),
  };
}
