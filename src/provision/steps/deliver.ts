import { type Beside, beside } from "../../base/beside.js";
import { withDeadline } from "../../base/deadline.js";
import { isEsimdError } from "../../base/errors.js";
import { outboxAfter, readOutbox, writtenOutbox } from "../outbox.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";

/**
 * The eUICC keeps what it could not tell; a run that cannot wait any longer leaves it there for the next one. Longer than one request may
 * take (client.ts): what an SM-DP+ was silent about is written into the outbox only when the delivery ended by itself.
 */
const patienceMs = 90_000;

/** Before enabling: the link that was used may be gone afterwards, and the SM-DP+ would wait for the install result for ever. */
export async function deliverInstallResult(run: Run, signal: AbortSignal): Promise<EventName> {
  if (run.facts.session?.resultDelivery !== "delivered") await deliverAll(run, signal);
  return "delivered";
}

/**
 * Begins with the rest while the modem looks for a network, which it does by itself. Left to {@link deliverRest} where the modem may be the
 * host's way out, or a profile is on trial: that comes first, before the clock and the host's network were looked at. And where the modem's
 * own LPA sees to it.
 */
export function deliverBeside(run: Run, signal: AbortSignal): Beside<boolean> | undefined {
  const isOnTrial = need(run, "store").journal.trial !== null;
  if (isOnTrial || leavesAnother(run) || need(run, "lpa").kind !== "host") return undefined;
  return beside((inner) => deliverAll(run, inner), signal);
}

/** Whether another profile is enabled, or was when this run began to enable its own: it may be what the host is online by. */
export function leavesAnother({ facts }: Run): boolean {
  return facts.onEuicc.some((profile) => profile.enabled && profile.iccid !== facts.iccid);
}

/** After enabling, or going back: the rest. */
export async function deliverRest(run: Run, signal: AbortSignal): Promise<EventName> {
  if (!run.facts.restAsked) await deliverAll(run, signal);
  // The device is in order again, and whoever had to be told was: that is the end of a run whose profile brought no service.
  if (run.facts.setback !== undefined) throw run.facts.setback;
  return "notified";
}

/**
 * Never fails for what the SM-DP+ does: what is on the eUICC, or is not, stays so, whoever knows of it. Resolves with whether the
 * SM-DP+ was asked: one that does not take it now is not asked again at once, and one that could not be reached may be once the modem has a
 * network.
 */
export async function deliverAll(run: Run, signal: AbortSignal): Promise<boolean> {
  const { parts, facts } = run;
  const store = need(run, "store");
  const bound = { clock: parts.clock, timeoutMs: patienceMs, signal, what: "the delivery of notifications" };
  try {
    const outbox = readOutbox(store.journal);
    const [lpa, iccid] = [need(run, "lpa"), need(run, "iccid")];
    const { kept, error } = await withDeadline(bound, (bounded) => lpa.deliverNotifications(iccid, outbox, bounded));
    facts.owedNotifications = kept.length;
    // A modem's own LPA says nothing of what only the outbox has, so that it stays there.
    if (lpa.kind === "host" && (kept.length > 0 || outbox.length > 0))
      await store.saveJournal({ outbox: writtenOutbox(outboxAfter(outbox, iccid, kept)) });
    if (kept.length > 0)
      parts.log.warn({ kept: kept.length, error }, "the SM-DP+ does not take a notification; it is kept for later");
    return error?.code !== "smdp_unreachable";
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    // How many there are could not be found out; one is enough for another try.
    facts.owedNotifications = Math.max(1, store.journal.outbox.length);
    parts.log.warn({ error, iccid: facts.iccid }, "notifications could not be delivered; they stay on the eUICC");
    return false;
  }
}
