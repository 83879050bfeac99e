import { withDeadline } from "../../base/deadline.js";
import { type EsimdError, isEsimdError } from "../../base/errors.js";
import type { Iccid } from "../../base/identifiers.js";
import { outboxAfter, readOutbox, writtenOutbox } from "../../provision/outbox.js";
import type { LockedEuicc } from "./session.js";

/** The eUICC, or the outbox, keeps what cannot be told now. */
const patienceMs = 60_000;

/** What became of what there is to tell of a profile. */
export type Told =
  | { readonly kind: "delivered" }
  | { readonly kind: "left-to-modem" }
  | { readonly kind: "kept"; readonly error: EsimdError | undefined };

/** Tells the SM-DP+ what there is to tell of one profile. Never fails for what the SM-DP+ does: what is done is done. */
export async function deliverOf(euicc: LockedEuicc, iccid: Iccid, signal: AbortSignal): Promise<Told> {
  const { lpa, store, clock, log } = euicc;
  if (lpa.kind !== "host") return { kind: "left-to-modem" };
  const outbox = readOutbox(store.journal);
  const bound = { clock, timeoutMs: patienceMs, signal, what: "the delivery of notifications" };
  try {
    const { kept, error } = await withDeadline(bound, (bounded) => lpa.deliverNotifications(iccid, outbox, bounded));
    if (kept.length > 0 || outbox.length > 0) {
      await store.saveJournal({ outbox: writtenOutbox(outboxAfter(outbox, iccid, kept)) });
    }
    return kept.length === 0 ? { kind: "delivered" } : { kind: "kept", error };
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    log.warn({ error, iccid }, "notifications could not be delivered; they stay on the eUICC");
    return { kind: "kept", error };
  }
}
