import type { Iccid } from "../../base/identifiers.js";
import {
  decodeBits,
  decodeInteger,
  decodeOctets,
  decodeUtf8,
  encodeBits,
  encodeInteger,
  encodeSequence,
  encodeUtf8,
  universal,
} from "../asn1/der.js";
import { childrenOf, encodeTlv, Fields, readTlv, TlvError } from "../asn1/tlv.js";
import { decodeIccid, decodeOperations, encodeIccid, encodeOperation, type ProfileOperation } from "./common.js";
import { decodeProfileClass, encodeProfileClass, type ProfileClass, profileField } from "./profile-info.js";
import { tags } from "./tags.js";

/** StoreMetadata (SGP.22, 5.5.3): what the SM-DP+ says of a profile before it is downloaded. */

/** PPR1: the profile cannot be disabled. PPR2: it cannot be deleted. */
export type PolicyRule = "pprUpdateControl" | "ppr1" | "ppr2" | "ppr3";
const policyRules: readonly PolicyRule[] = ["pprUpdateControl", "ppr1", "ppr2", "ppr3"];

export interface NotificationTarget {
  readonly operation: ProfileOperation;
  readonly address: string;
}

export interface ProfileMetadata {
  readonly iccid: Iccid;
  readonly serviceProvider: string;
  readonly name: string;
  readonly profileClass: ProfileClass;
  /** Who wants to hear of what beside the installation. */
  readonly notifications: readonly NotificationTarget[];
  readonly policyRules: readonly PolicyRule[];
  /** JPEG (0) or PNG (1), at most 1024 bytes. */
  readonly icon?: { readonly type: number; readonly data: Uint8Array } | undefined;
  /** MCC and MNC as coded in EF IMSI, and group ids; kept as received. */
  readonly owner?: Uint8Array | undefined;
}

const maxTargets = 32;

export function encodeStoreMetadata(metadata: ProfileMetadata): Uint8Array {
  const { icon } = metadata;
  return encodeTlv(
    tags.storeMetadata,
    encodeIccid(metadata.iccid),
    encodeUtf8(metadata.serviceProvider, profileField.serviceProvider),
    encodeUtf8(metadata.name, profileField.name),
    ...(icon === undefined
      ? []
      : [encodeInteger(icon.type, profileField.iconType), encodeTlv(profileField.icon, icon.data)]),
    encodeProfileClass(metadata.profileClass),
    ...(metadata.notifications.length === 0
      ? []
      : [
          encodeTlv(
            profileField.notificationConfiguration,
            ...metadata.notifications.map(({ operation, address }) =>
              encodeSequence(encodeOperation(operation, 0x80), encodeUtf8(address, 0x81)),
            ),
          ),
        ]),
    ...(metadata.owner === undefined ? [] : [encodeTlv(profileField.owner, metadata.owner)]),
    ...(metadata.policyRules.length === 0
      ? []
      : [
          encodeBits(
            metadata.policyRules.map((rule) => policyRules.indexOf(rule)),
            profileField.policyRules,
          ),
        ]),
  );
}

/** @throws EsimdError */
export function decodeStoreMetadata(bytes: Uint8Array): ProfileMetadata {
  const fields = new Fields(readTlv(bytes, tags.storeMetadata));
  const iccid = fields.take(tags.iccid);
  const text = (tag: number, maxBytes: number): string => {
    const tlv = fields.find(tag);
    return tlv === undefined ? "" : decodeUtf8(tlv, maxBytes);
  };
  const profileClass = fields.find(profileField.profileClass);
  const iconType = fields.find(profileField.iconType);
  const icon = fields.find(profileField.icon);
  const rules = fields.find(profileField.policyRules);
  return {
    iccid: decodeIccid(iccid),
    serviceProvider: text(profileField.serviceProvider, 128),
    name: text(profileField.name, 256),
    profileClass: profileClass === undefined ? "operational" : decodeProfileClass(profileClass),
    notifications: decodeTargets(fields),
    policyRules: rules === undefined ? [] : decodeBits(rules).flatMap((bit) => policyRules[bit] ?? []),
    icon:
      icon === undefined
        ? undefined
        : { type: iconType === undefined ? 0 : decodeInteger(iconType), data: decodeOctets(icon, 0, 1024) },
    owner: fields.find(profileField.owner)?.value,
  };
}

function decodeTargets(fields: Fields): NotificationTarget[] {
  const list = fields.find(profileField.notificationConfiguration);
  if (list === undefined) return [];
  const items = childrenOf(list);
  if (items.length > maxTargets) throw new TlvError(`the metadata names ${items.length} notification addresses`);
  return items.flatMap((item) => {
    if (item.tag !== universal.sequence)
      throw new TlvError("the notification configuration is not a list of SEQUENCEs");
    const target = new Fields(item);
    const operations = decodeOperations(target.take(0x80));
    const address = decodeUtf8(target.take(0x81), 255);
    return operations.map((operation) => ({ operation, address }));
  });
}
