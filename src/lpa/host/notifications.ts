import { EsimdError, isEsimdError } from "../../base/errors.js";
import { type Iccid, parseSmdpAddress } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Es10Channel } from "../apdu/es10-channel.js";
import type { Es9PlusClient } from "../es9plus/client.js";
import {
  decodeNotificationList,
  decodeRetrievedNotifications,
  encodeListNotifications,
  encodeRemoveNotification,
  encodeRetrieveNotification,
  type NotificationMetadata,
} from "../es10/notifications.js";
import type { Delivered, KeptNotification } from "../lpa.js";
import { notify } from "./es9.js";

/**
 * The eUICC's notifications to its SM-DP+. The eUICC itself keeps them until it is told to forget, so that it is told only when the
 * SM-DP+ has accepted; a notification that could not be handed over stays, for the next run.
 */

export interface NotificationParts {
  readonly isdR: Es10Channel;
  readonly es9Plus: Es9PlusClient;
  readonly log: Log;
}

/**
 * Delivers what there is to say of one profile, in ascending order for each recipient (SGP.22 3.5): what the eUICC keeps, and what only
 * the outbox of an earlier run still has.
 */
export async function deliverFor(
  iccid: Iccid,
  outbox: readonly KeptNotification[],
  parts: NotificationParts,
  signal: AbortSignal,
): Promise<Delivered> {
  const list = decodeNotificationList(await parts.isdR.command(encodeListNotifications(), signal));
  const stuck = new Set<string>();
  const kept: KeptNotification[] = [];
  let delivered = 0;
  let error: EsimdError | undefined;
  for (const entry of owed(iccid, list, outbox)) {
    const notification = entry.der ?? (await retrieve(entry.seqNumber, parts, signal));
    if (notification === undefined) continue;
    // What follows at a recipient that does not answer would overtake what is before it.
    const failure = stuck.has(entry.address) ? undefined : await tryOne(entry, notification, parts, signal);
    if (failure === undefined && !stuck.has(entry.address)) {
      delivered++;
      continue;
    }
    error ??= failure;
    stuck.add(entry.address);
    kept.push({ seqNumber: entry.seqNumber, address: entry.address, iccid, der: notification });
  }
  return { delivered, kept, error };
}

interface Owed {
  readonly seqNumber: number;
  readonly address: string;
  readonly isOnEuicc: boolean;
  /** Known from the outbox; else the eUICC has to be asked for it. */
  readonly der: Uint8Array | undefined;
}

function owed(
  iccid: Iccid,
  list: readonly NotificationMetadata[],
  outbox: readonly KeptNotification[],
): readonly Owed[] {
  const kept = outbox.filter((entry) => entry.iccid === iccid);
  const onEuicc = list
    .filter((entry) => entry.iccid === iccid)
    .map(({ seqNumber, address }) => {
      const der = kept.find((entry) => entry.seqNumber === seqNumber)?.der;
      return { seqNumber, address, isOnEuicc: true, der };
    });
  const onlyKept = kept
    .filter((entry) => !onEuicc.some(({ seqNumber }) => seqNumber === entry.seqNumber))
    .map(({ seqNumber, address, der }) => ({ seqNumber, address, isOnEuicc: false, der }));
  return [...onEuicc, ...onlyKept].sort((a, b) => a.seqNumber - b.seqNumber);
}

/** Whole and signed; undefined when the eUICC has it no more. */
export async function retrieve(
  seqNumber: number,
  parts: NotificationParts,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const answer = await parts.isdR.command(encodeRetrieveNotification(seqNumber), signal);
  return decodeRetrievedNotifications(answer)[0];
}

/** Undefined when the SM-DP+ has taken it, else why it has not. */
async function tryOne(
  entry: Owed,
  notification: Uint8Array,
  parts: NotificationParts,
  signal: AbortSignal,
): Promise<EsimdError | undefined> {
  const { seqNumber, address } = entry;
  try {
    const taken = entry.isOnEuicc
      ? await handOver(seqNumber, address, notification, parts, signal)
      : await notify(parts.es9Plus, parseSmdpAddress(address, "the outbox"), notification, signal);
    return taken ? undefined : notAccepted(seqNumber, address);
  } catch (thrown) {
    const isTheirs = isEsimdError(thrown) && (thrown.code.startsWith("smdp_") || thrown.code === "deadline");
    if (signal.aborted || !isTheirs) throw thrown;
    return thrown;
  }
}

export function notAccepted(seqNumber: number, address: string): EsimdError {
  return new EsimdError("smdp_error", `the SM-DP+ ${address} does not accept notification ${seqNumber}`);
}

/** Hands one over, and lets the eUICC forget it when it was accepted. */
export async function handOver(
  seqNumber: number,
  address: string,
  notification: Uint8Array,
  parts: NotificationParts,
  signal: AbortSignal,
): Promise<boolean> {
  const smdp = parseSmdpAddress(address, "the notification's address");
  if (!(await notify(parts.es9Plus, smdp, notification, signal))) return false;
  // What the eUICC answers changes nothing: one that it should still have would be delivered again by the next run.
  await parts.isdR.tell(encodeRemoveNotification(seqNumber), signal);
  parts.log.info({ seqNumber }, "a notification was delivered");
  return true;
}
