import { EsimdError } from "../../base/errors.js";
import { parseSmdpAddress } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Es10Channel } from "../apdu/es10-channel.js";
import type { Es9PlusClient } from "../es9plus/client.js";
import {
  decodeNotificationList,
  decodeRemoveNotificationResult,
  encodeListNotifications,
  encodeRemoveNotification,
} from "../es10/notifications.js";
import type { LpaNotifications } from "../lpa.js";
import { notify } from "./es9.js";
import { handOver, notAccepted, retrieve } from "./notifications.js";

type OnChannel = <Value>(signal: AbortSignal, work: (isdR: Es10Channel) => Promise<Value>) => Promise<Value>;

/** The eUICC's notifications, one by one and by hand (SGP.22 5.7.9 to 5.7.11). */
export function createNotificationDesk(onChannel: OnChannel, es9Plus: Es9PlusClient, log: Log): LpaNotifications {
  return {
    list: (signal) =>
      onChannel(signal, async (isdR) => {
        const list = decodeNotificationList(await isdR.command(encodeListNotifications(), signal));
        return list
          .map(({ seqNumber, operation, address, iccid }) => ({ seqNumber, operation, address, iccid }))
          .sort((a, b) => a.seqNumber - b.seqNumber);
      }),
    deliver: ({ seqNumber, address }, signal) =>
      onChannel(signal, async (isdR) => {
        const parts = { isdR, es9Plus, log };
        const notification = await retrieve(seqNumber, parts, signal);
        if (notification === undefined) {
          throw new EsimdError("bad_input", `the eUICC has no notification ${seqNumber}`, {
            hint: "`esimd notification list` shows what it has.",
          });
        }
        if (!(await handOver(seqNumber, address, notification, parts, signal))) throw notAccepted(seqNumber, address);
      }),
    deliverKept: async ({ seqNumber, address, der }, signal) => {
      const smdp = parseSmdpAddress(address, "the outbox");
      if (!(await notify(es9Plus, smdp, der, signal))) throw notAccepted(seqNumber, address);
    },
    remove: (seqNumber, signal) =>
      onChannel(signal, async (isdR) => {
        const result = decodeRemoveNotificationResult(await isdR.command(encodeRemoveNotification(seqNumber), signal));
        if (result === "ok") return true;
        if (result === "nothingToDelete") return false;
        throw new EsimdError("modem_protocol", `the eUICC does not forget notification ${seqNumber}: ${result}`);
      }),
  };
}
