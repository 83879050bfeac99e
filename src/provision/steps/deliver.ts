import { withDeadline } from "../../base/deadline.js";
import { isEsimdError } from "../../base/errors.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";

/** The eUICC keeps what it could not tell; a run that cannot wait any longer leaves it there for the next one. */
const patienceMs = 60_000;

/** Before enabling: the link that was used may be gone afterwards, and the SM-DP+ would wait for the install result for ever. */
export async function deliverInstallResult(run: Run, signal: AbortSignal): Promise<EventName> {
  if (run.facts.session?.resultDelivery !== "delivered") await deliverAll(run, signal);
  return "delivered";
}

/** After enabling: the rest. */
export async function deliverRest(run: Run, signal: AbortSignal): Promise<EventName> {
  await deliverAll(run, signal);
  return "notified";
}

/** Never fails for what the SM-DP+ does: what is on the eUICC, or is not, stays so, whoever knows of it. */
export async function deliverAll(run: Run, signal: AbortSignal): Promise<void> {
  const { parts, facts } = run;
  const bound = { clock: parts.clock, timeoutMs: patienceMs, signal, what: "the delivery of notifications" };
  try {
    const done = await withDeadline(bound, (bounded) =>
      need(run, "lpa").deliverNotifications(need(run, "iccid"), bounded),
    );
    await noteOwed(run, done.pending);
    if (done.pending === 0) return;
    parts.log.warn(
      { pending: done.pending, error: done.error },
      "the SM-DP+ does not take a notification; it stays on the eUICC",
    );
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    // How many there are could not be found out; one is enough for another try.
    await noteOwed(run, Math.max(1, facts.owedNotifications));
    parts.log.warn({ error, iccid: facts.iccid }, "notifications could not be delivered; they stay on the eUICC");
  }
}

/** What is owed is in the journal for the next run, and in the facts for the daemon, which then comes back to it. */
async function noteOwed(run: Run, count: number): Promise<void> {
  run.facts.owedNotifications = count;
  const store = need(run, "store");
  if (store.journal.owedNotifications !== count) await store.saveJournal({ owedNotifications: count });
}
