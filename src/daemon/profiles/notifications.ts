import { EsimdError, isEsimdError } from "../../base/errors.js";
import type { Iccid } from "../../base/identifiers.js";
import type { KeptNotification, ListedNotification, LpaNotifications } from "../../lpa/lpa.js";
import { readOutbox, writtenOutbox } from "../../provision/outbox.js";
import type { LockedEuicc, OpenEuicc } from "./session.js";

/** The eUICC's notifications and the journal's outbox as one list, for who looks at them and tells them by hand. */

export interface OwedNotification {
  readonly seqNumber: number;
  /** Undefined for one that only the outbox has: what it says is signed, and not looked into. */
  readonly operation: ListedNotification["operation"] | undefined;
  readonly address: string;
  readonly iccid: Iccid | undefined;
  readonly onEuicc: boolean;
  readonly inOutbox: boolean;
}

/** @throws EsimdError `profile_operation_unsupported` for an LPA of the modem's own. */
export function requireNotifications({ lpa, dialect }: Pick<OpenEuicc, "lpa" | "dialect">): LpaNotifications {
  if (lpa.notifications !== undefined) return lpa.notifications;
  throw new EsimdError(
    "profile_operation_unsupported",
    `the LPA of a modem of the family ${dialect.name} delivers notifications by itself and gives no way to look at them`,
    { hint: "Try --lpa host: esimd's own LPA asks the eUICC itself, where the modem lets it." },
  );
}

/** In ascending order, as they are to be told (SGP.22 3.5). @throws EsimdError */
export async function listOwed(
  euicc: Pick<OpenEuicc, "lpa" | "dialect">,
  outbox: readonly KeptNotification[],
  signal: AbortSignal,
): Promise<readonly OwedNotification[]> {
  const listed = await requireNotifications(euicc).list(signal);
  const onEuicc = listed.map((entry) => ({
    ...entry,
    onEuicc: true,
    inOutbox: outbox.some(({ seqNumber }) => seqNumber === entry.seqNumber),
  }));
  const onlyKept = outbox
    .filter(({ seqNumber }) => !listed.some((entry) => entry.seqNumber === seqNumber))
    .map(({ seqNumber, address, iccid }) => ({
      seqNumber,
      operation: undefined,
      address,
      iccid,
      onEuicc: false,
      inOutbox: true,
    }));
  return [...onEuicc, ...onlyKept].sort((a, b) => a.seqNumber - b.seqNumber);
}

export interface ToldNotification extends OwedNotification {
  readonly told: boolean;
  /** Why it was not; undefined too for one that waits behind another. */
  readonly error: EsimdError | undefined;
}

/**
 * Tells the given ones, or all, in ascending order; what follows at a server that did not take one waits, since it would overtake it.
 * @throws EsimdError `bad_input` for a number that nobody has, before anything is told.
 */
export async function processNotifications(
  euicc: LockedEuicc,
  wanted: readonly number[],
  signal: AbortSignal,
): Promise<readonly ToldNotification[]> {
  const { store, log } = euicc;
  const facet = requireNotifications(euicc);
  const outbox = readOutbox(store.journal);
  const owed = await listOwed(euicc, outbox, signal);
  for (const seqNumber of wanted) findOwed(owed, seqNumber);
  const stuck = new Set<string>();
  const results: ToldNotification[] = [];
  for (const entry of owed) {
    if (wanted.length > 0 && !wanted.includes(entry.seqNumber)) continue;
    if (stuck.has(entry.address)) {
      results.push({ ...entry, told: false, error: undefined });
      continue;
    }
    try {
      const kept = outbox.find(({ seqNumber }) => seqNumber === entry.seqNumber);
      if (entry.onEuicc) await facet.deliver(entry, signal);
      else if (kept !== undefined) await facet.deliverKept(kept, signal);
      if (kept !== undefined) await dropFromOutbox(euicc, entry.seqNumber);
      results.push({ ...entry, told: true, error: undefined });
    } catch (error) {
      const isTheirs = isEsimdError(error) && (error.code.startsWith("smdp_") || error.code === "deadline");
      if (signal.aborted || !isTheirs) throw error;
      log.info({ error, seqNumber: entry.seqNumber }, "a notification was not taken");
      stuck.add(entry.address);
      results.push({ ...entry, told: false, error });
    }
  }
  return results;
}

/** Forgotten by the eUICC and the outbox, told or not; who calls has made sure that a person wants it. @throws EsimdError */
export async function removeNotification(euicc: LockedEuicc, seqNumber: number, signal: AbortSignal): Promise<void> {
  await requireNotifications(euicc).remove(seqNumber, signal);
  await dropFromOutbox(euicc, seqNumber);
}

/** @throws EsimdError `bad_input`. */
export function findOwed(owed: readonly OwedNotification[], seqNumber: number): OwedNotification {
  const found = owed.find((entry) => entry.seqNumber === seqNumber);
  if (found !== undefined) return found;
  throw new EsimdError("bad_input", `there is no notification ${seqNumber}`, {
    hint: "`esimd notification list` shows what there is.",
  });
}

async function dropFromOutbox({ store }: LockedEuicc, seqNumber: number): Promise<void> {
  const outbox = readOutbox(store.journal);
  const rest = outbox.filter((entry) => entry.seqNumber !== seqNumber);
  if (rest.length < outbox.length) await store.saveJournal({ outbox: writtenOutbox(rest) });
}
