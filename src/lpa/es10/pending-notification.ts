import { universal } from "../asn1/der.js";
import { encodeTlv, Fields, readTlv, TlvError } from "../asn1/tlv.js";
import { encodeSignature, takeSignature } from "./common.js";
import { decodeInstallResult, type SignedInstallResult } from "./install-result.js";
import { decodeNotificationMetadata, encodeNotificationMetadata, type NotificationMetadata } from "./notifications.js";
import { tags } from "./tags.js";

/** PendingNotification (SGP.22, 5.7.10): what is handed to the SM-DP+ by handleNotification. */

export interface OtherSignedNotification {
  readonly metadata: NotificationMetadata;
  readonly signedData: Uint8Array;
  readonly signature: Uint8Array;
  /** DER. */
  readonly euiccCertificate: Uint8Array;
  readonly eumCertificate: Uint8Array;
}

export type PendingNotification =
  | { readonly kind: "install-result"; readonly result: SignedInstallResult }
  | { readonly kind: "other"; readonly notification: OtherSignedNotification };

/** `signature` is over the DER of the metadata. */
export function encodeOtherNotification(
  metadata: NotificationMetadata,
  proof: Omit<OtherSignedNotification, "metadata" | "signedData">,
): Uint8Array {
  return encodeTlv(
    universal.sequence,
    encodeNotificationMetadata(metadata),
    encodeSignature(proof.signature),
    proof.euiccCertificate,
    proof.eumCertificate,
  );
}

/** @throws EsimdError */
export function decodePendingNotification(bytes: Uint8Array): PendingNotification {
  const tlv = readTlv(bytes);
  if (tlv.tag === tags.installResult) return { kind: "install-result", result: decodeInstallResult(bytes) };
  if (tlv.tag !== universal.sequence) throw new TlvError("a pending notification is neither BF37 nor a SEQUENCE");
  const fields = new Fields(tlv);
  const metadata = fields.take(tags.notificationMetadata);
  const signature = takeSignature(fields);
  const euiccCertificate = fields.take(universal.sequence).raw;
  const eumCertificate = fields.take(universal.sequence).raw;
  return {
    kind: "other",
    notification: {
      metadata: decodeNotificationMetadata(metadata),
      signedData: metadata.raw,
      signature,
      euiccCertificate,
      eumCertificate,
    },
  };
}
