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
import type { Delivered } from "../lpa.js";
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

/** Delivers what the eUICC has to say of one profile, in ascending order for each recipient (SGP.22 3.5). */
export async function deliverFor(iccid: Iccid, parts: NotificationParts, signal: AbortSignal): Promise<Delivered> {
  const list = decodeNotificationList(await parts.isdR.command(encodeListNotifications(), signal));
  const own = list.filter((entry) => entry.iccid === iccid).sort((a, b) => a.seqNumber - b.seqNumber);
  const stuck = new Set<string>();
  let delivered = 0;
  let error: EsimdError | undefined;
  for (const entry of own) {
    // What follows at a recipient that does not answer would overtake what is before it.
    if (stuck.has(entry.address)) continue;
    try {
      if (await deliverOne(entry, parts, signal)) {
        delivered++;
        continue;
      }
      error ??= new EsimdError(
        "smdp_error",
        `the SM-DP+ ${entry.address} does not accept notification ${entry.seqNumber}`,
      );
    } catch (thrown) {
      if (signal.aborted || !isEsimdError(thrown) || !thrown.code.startsWith("smdp_")) throw thrown;
      error ??= thrown;
    }
    stuck.add(entry.address);
  }
  return { delivered, pending: own.length - delivered, error };
}

async function deliverOne(
  entry: NotificationMetadata,
  parts: NotificationParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { isdR } = parts;
  const [notification] = decodeRetrievedNotifications(
    await isdR.command(encodeRetrieveNotification(entry.seqNumber), signal),
  );
  if (notification === undefined) return true;
  return handOver(entry.seqNumber, entry.address, notification, parts, signal);
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
