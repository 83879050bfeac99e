import type { Iccid } from "../../base/identifiers.js";
import { decodeInteger, decodeUtf8, encodeInteger, encodeUtf8, universal } from "../asn1/der.js";
import { childrenOf, encodeTlv, Fields, onlyChild, readTlv, type Tlv, TlvError } from "../asn1/tlv.js";
import { decodeIccid, decodeOperations, encodeIccid, encodeOperation, type ProfileOperation } from "./common.js";
import { removeNotificationResults, resultName } from "./result-codes.js";
import { tags } from "./tags.js";

/** ListNotification, RetrieveNotificationsList and RemoveNotificationFromList (SGP.22, 5.7.9 to 5.7.11). */

export interface NotificationMetadata {
  /** Counts up over the life of the eUICC; 0 is legal. */
  readonly seqNumber: number;
  readonly operation: ProfileOperation;
  /** The SM-DP+ or other server that the notification is for. */
  readonly address: string;
  readonly iccid?: Iccid | undefined;
}

const maxNotifications = 500;
const field = { seqNumber: 0x80, operation: 0x81 } as const;

export function encodeNotificationMetadata(metadata: NotificationMetadata): Uint8Array {
  return encodeTlv(
    tags.notificationMetadata,
    encodeInteger(metadata.seqNumber, field.seqNumber),
    encodeOperation(metadata.operation, field.operation),
    encodeUtf8(metadata.address),
    ...(metadata.iccid === undefined ? [] : [encodeIccid(metadata.iccid)]),
  );
}

/** @throws EsimdError */
export function decodeNotificationMetadata(tlv: Tlv): NotificationMetadata {
  if (tlv.tag !== tags.notificationMetadata) throw new TlvError("a notification's metadata is not a BF2F");
  const fields = new Fields(tlv);
  const seqNumber = decodeInteger(fields.take(field.seqNumber));
  const [operation] = decodeOperations(fields.take(field.operation));
  if (operation === undefined) throw new TlvError("a notification names no operation");
  const address = decodeUtf8(fields.take(universal.utf8String), 255);
  const iccid = fields.optional(tags.iccid);
  return { seqNumber, operation, address, iccid: iccid === undefined ? undefined : decodeIccid(iccid) };
}

export function encodeListNotifications(): Uint8Array {
  return encodeTlv(tags.listNotification);
}

/** The operation asked for; undefined means all. @throws TlvError */
export function decodeListNotifications(command: Uint8Array): ProfileOperation[] | undefined {
  const operation = new Fields(readTlv(command, tags.listNotification)).find(field.operation);
  return operation === undefined ? undefined : decodeOperations(operation);
}

export function encodeNotificationList(items: readonly NotificationMetadata[]): Uint8Array {
  return encodeTlv(tags.listNotification, encodeTlv(tags.ok, ...items.map(encodeNotificationMetadata)));
}

/** @throws EsimdError `modem_protocol`, also when the eUICC answers with an error in place of a list. */
export function decodeNotificationList(answer: Uint8Array): NotificationMetadata[] {
  const list = new Fields(readTlv(answer, tags.listNotification)).find(tags.ok);
  if (list === undefined) throw new TlvError("the eUICC gives no notification list");
  const items = childrenOf(list);
  if (items.length > maxNotifications) throw new TlvError(`the eUICC lists ${items.length} notifications`);
  return items.map(decodeNotificationMetadata);
}

export type NotificationQuery =
  | { readonly by: "all" }
  | { readonly by: "seqNumber"; readonly seqNumber: number }
  | { readonly by: "operation"; readonly operations: readonly ProfileOperation[] };

/** Asks for one notification, whole and signed. */
export function encodeRetrieveNotification(seqNumber: number): Uint8Array {
  return encodeTlv(tags.retrieveNotifications, encodeTlv(0xa0, encodeInteger(seqNumber, field.seqNumber)));
}

/** @throws TlvError */
export function decodeRetrieveNotifications(command: Uint8Array): NotificationQuery {
  const criteria = new Fields(readTlv(command, tags.retrieveNotifications)).find(0xa0);
  if (criteria === undefined) return { by: "all" };
  const choice = onlyChild(criteria);
  if (choice.tag === field.seqNumber) return { by: "seqNumber", seqNumber: decodeInteger(choice) };
  if (choice.tag === field.operation) return { by: "operation", operations: decodeOperations(choice) };
  throw new TlvError("RetrieveNotificationsList searches by something unknown");
}

export function encodeRetrievedNotifications(pending: readonly Uint8Array[]): Uint8Array {
  return encodeTlv(tags.retrieveNotifications, encodeTlv(tags.ok, ...pending));
}

/** Each as its whole DER, to be handed to the SM-DP+ unchanged; empty when there is none. @throws TlvError */
export function decodeRetrievedNotifications(answer: Uint8Array): Uint8Array[] {
  const fields = new Fields(readTlv(answer, tags.retrieveNotifications));
  const list = fields.find(tags.ok);
  if (list !== undefined) {
    const items = childrenOf(list);
    if (items.length > maxNotifications) throw new TlvError(`the eUICC gives ${items.length} notifications`);
    return items.map((item) => item.raw);
  }
  const error = fields.find(0x81);
  if (error !== undefined && decodeInteger(error) === 1) return []; // noResultAvailable
  throw new TlvError("the eUICC gives no notifications, and no reason that SGP.22 knows");
}

export function encodeRemoveNotification(seqNumber: number): Uint8Array {
  return encodeTlv(tags.removeNotification, encodeInteger(seqNumber, field.seqNumber));
}

/** @throws TlvError */
export function decodeRemoveNotification(command: Uint8Array): number {
  return decodeInteger(new Fields(readTlv(command, tags.removeNotification)).take(field.seqNumber));
}

export function encodeRemoveNotificationResult(code: number): Uint8Array {
  return encodeTlv(tags.removeNotification, encodeInteger(code, 0x80));
}

/** "ok", or "nothingToDelete", which is no failure for who wants it gone. @throws TlvError */
export function decodeRemoveNotificationResult(answer: Uint8Array): string {
  const result = new Fields(readTlv(answer, tags.removeNotification)).take(0x80);
  return resultName(removeNotificationResults, decodeInteger(result));
}
