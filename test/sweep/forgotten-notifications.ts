import { encodeRemoveNotification } from "../../src/lpa/es10/notifications.js";
import { optionsFor } from "./cuts.js";
import { faultsAt } from "./faults.js";
import type { Findings } from "./findings.js";
import { play } from "./play.js";
import type { Setup, SimWorld } from "./world.js";

/**
 * The SM-DP+ takes nothing in a whole run, in each of its ways, and afterwards the eUICC has its notifications no more, as when the modem's
 * own LPA removed what another had left: only our outbox still knows what is owed.
 */
export async function sweepForgottenNotifications(setup: Setup, found: Findings): Promise<void> {
  for (const { name, happening } of faultsAt({ room: "smdp", effect: "handleNotification" })) {
    const story = `every notification ${name}; then the eUICC forgets them`;
    const verdict = await play(optionsFor(setup), [
      {
        name: story,
        at: ({ effect }) => (effect === "handleNotification" ? happening : undefined),
        afterwards: forgetNotifications,
      },
    ]);
    found.fault(setup, verdict, story);
  }
}

function forgetNotifications({ modem: { euicc } }: SimWorld): void {
  for (const { seqNumber } of euicc.toJSON().notifications) euicc.es10(encodeRemoveNotification(seqNumber));
}
