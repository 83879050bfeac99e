import type { ESimProfile, ProviderApi } from "../../api/resources.js";
import { backoffMs } from "../../base/backoff.js";
import { sleep } from "../../base/clock.js";
import { formatMs } from "../../base/deadline.js";
import { type ErrorCode, EsimdError, isEsimdError } from "../../base/errors.js";
import { clockSkewMs } from "../by-hand.js";
import { decideReservation } from "../decide.js";
import { pauseForHint } from "../hints.js";
import type { Money, PendingIntent } from "../ledger.js";
import { type HeldOver, nextStep } from "../next-step.js";
import { nextPostMs, pauses } from "../pauses.js";
import { availablePolls, pollPauseMs } from "../polling.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { requireRoom } from "./room.js";

/** Everything that has to do with money: rule 1 of the contract in effect. */

function requireApi(run: Run): ProviderApi {
  const { api } = run.parts;
  if (api === undefined) throw new Error("provider none never reserves");
  return api;
}

/** The error of a run that a person must decide, with the command that decides it. */
export function heldOver(run: Run, code: ErrorCode, message: string, over: HeldOver, cause?: unknown): EsimdError {
  const hint = nextStep(code, over, run.parts.portName);
  return new EsimdError(code, message, { cause, ...(hint === undefined ? {} : { hint }) });
}

/** Makes a reservation the one this eUICC works on, and settles with it a POST whose answer never came. */
export async function adopt(
  run: Run,
  reservation: ESimProfile,
  why: string,
  options: { readonly settlesPending: boolean } = { settlesPending: true },
): Promise<void> {
  const { facts } = run;
  const store = need(run, "store");
  facts.reservation = reservation;
  const money = store.money();
  if (money?.released.has(reservation.sid) === true) {
    // The eUICC is the truth: what was given up is in use, so that none is allowed in its place.
    await store.record({ kind: "adopted", sid: reservation.sid, why, lifts: ["released"] });
  } else if (money !== undefined && !money.reserved.has(reservation.sid)) {
    const id = options.settlesPending ? money.pending?.id : undefined;
    await store.record({ kind: "adopted", sid: reservation.sid, ...(id === undefined ? {} : { id }), why });
  }
  await store.saveJournal({ reservationSid: reservation.sid });
}

/** The one POST that costs money. Its intent is durable before a byte is sent. */
export async function reserve(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts } = run;
  const { policy } = parts;
  const api = requireApi(run);
  const store = need(run, "store");
  await need(run, "lpa").requireReady(signal);
  await requireRoom(run, signal);
  await parts.gate?.mayReserve(need(run, "eid"), signal);
  const request = policy.method === "eid" ? { eid: need(run, "eid") } : ({ generateMatchingId: true } as const);
  const startMs = parts.clock.monotonicMs();
  for (let attempt = 1; ; attempt++) {
    const id = parts.newId();
    await store.record({
      kind: "intent",
      id,
      method: policy.method,
      why: attempt === 1 ? (run.facts.reserveWhy ?? "no reservation in sight") : "the last POST was not processed",
    });
    await store.saveJournal({ state: "reserving" });
    const outcome = await api.createESimProfile(request, signal);
    switch (outcome.kind) {
      case "created":
        run.facts.changed = true;
        await store.record({ kind: "created", id, sid: outcome.profile.sid });
        run.facts.reservation = outcome.profile;
        run.facts.reservedNow = outcome.profile.sid;
        await store.saveJournal({ reservationSid: outcome.profile.sid });
        return "reserved";
      case "unclear":
        parts.log.warn({ error: outcome.error }, "it is unclear whether a reservation was made");
        // It may have been made and charged, whatever the run says at its end.
        run.facts.changed = true;
        if (policy.method === "eid") return "doubt";
        throw heldOver(
          run,
          "reservation_unclear",
          `the answer to the reservation by activation code never came whole: ${outcome.error.message}`,
          { postId: id },
          outcome.error,
        );
      case "not-processed": {
        const { error } = outcome;
        await store.record({ kind: "refused", id, code: error.code });
        const pauseMs = nextPostMs(error, attempt, parts.clock.monotonicMs() - startMs, parts.random);
        if (pauseMs === undefined) throw error;
        parts.log.info({ error, attempt }, "the reservation was not processed; trying again");
        await sleep(parts.clock, pauseMs, signal);
      }
    }
  }
}

/**
 * A POST without its answer, by EID: the list is asked until it shows the reservation or the settling time is over. Then `on_unclear`
 * decides, within the budget.
 */
export async function settle(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts } = run;
  const api = requireApi(run);
  const store = need(run, "store");
  const pending = store.money()?.pending;
  if (pending === undefined) throw new Error("there is no POST to settle");
  const waited = settlingWait(run, pending);
  for (let attempt = 1; ; attempt++) {
    const listed = await listOrUndefined(run, api, signal);
    if (listed !== undefined) {
      const known = namedIn(store.money());
      const made = listed.find((reservation) => !known.has(reservation.sid) && mayComeFrom(reservation, pending));
      if (made !== undefined) {
        await adopt(run, made, "the list shows what the POST made");
        return "reserved";
      }
      // Only a list that was read to its end, after the time was over, says that nothing was made.
      if (waited.ms() >= parts.policy.reserveSettleMs) return concludeUnclear(run, pending, listed);
    }
    await waited.note();
    const pauseMs = backoffMs(pauses.settling, attempt, parts.random);
    const leftMs = parts.policy.reserveSettleMs - waited.ms();
    await pauseForHint(
      parts.clock,
      parts.hints,
      { sid: undefined, eid: need(run, "eid") },
      leftMs > 0 ? Math.min(pauseMs, leftMs) : pauseMs,
      signal,
    );
  }
}

/**
 * A reservation that nobody knew: alive, it is ours to use, whatever the clocks say; one that is over (failed, or installed, which nothing
 * of a POST without its answer can be yet) only if it is as young as the POST. An older one would settle it, and hide a charge.
 */
function mayComeFrom(reservation: ESimProfile, pending: PendingIntent): boolean {
  if (reservation.status !== "failed" && reservation.status !== "installed") return true;
  return reservation.dateCreatedMs !== undefined && reservation.dateCreatedMs >= pending.atMs - clockSkewMs;
}

/**
 * How long the list was watched for a POST, over all runs: what monotonic clocks saw pass, which the journal keeps. The difference of two
 * dates says nothing: a clock that is set right after the POST would cut the time short, and the list may lag for all of it.
 */
function settlingWait(
  run: Run,
  { id }: PendingIntent,
): { readonly ms: () => number; readonly note: () => Promise<void> } {
  const { clock } = run.parts;
  const store = need(run, "store");
  const { settling } = store.journal;
  const earlierMs = settling?.post === id ? settling.waitedMs : 0;
  const startMs = clock.monotonicMs();
  const ms = (): number => earlierMs + clock.monotonicMs() - startMs;
  return { ms, note: () => store.saveJournal({ settling: { post: id, waitedMs: Math.floor(ms()) } }) };
}

/** Every reservation that the ledger names, whatever became of it: none of them is what a POST without its answer made. */
function namedIn(money: Money | undefined): ReadonlySet<string> {
  if (money === undefined) return new Set();
  return new Set([...money.reserved, ...money.uncharged, ...money.burned.keys(), ...money.released.keys()]);
}

async function listOrUndefined(
  run: Run,
  api: ProviderApi,
  signal: AbortSignal,
): Promise<readonly ESimProfile[] | undefined> {
  try {
    return await api.listESimProfiles({ eid: need(run, "eid") }, signal);
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.entry.retry === "never") throw error;
    run.parts.log.info({ error }, "the list of reservations could not be read");
    return undefined;
  }
}

async function concludeUnclear(run: Run, pending: PendingIntent, listed: readonly ESimProfile[]): Promise<EventName> {
  const { parts, facts } = run;
  const store = need(run, "store");
  await store.record({ kind: "unclear", id: pending.id });
  const decision = decideReservation(
    {
      eid: need(run, "eid"),
      onEuicc: facts.baseline,
      ownSims: new Map(),
      reservations: listed,
      journalSid: undefined,
      journalIccid: undefined,
      journalInstalled: store.journal.installedIccid ?? undefined,
      money: store.money(),
    },
    parts.policy,
  );
  if (decision.do === "reserve") {
    facts.reserveWhy = decision.why;
    return "to-reserve";
  }
  if (decision.do === "adopt") {
    await adopt(run, decision.reservation, `found at the provider as ${decision.reservation.status}`);
    return "reserved";
  }
  throw heldOver(
    run,
    "reservation_unclear",
    `a POST got no answer, and the provider's list showed nothing of it for ${formatMs(parts.policy.reserveSettleMs)}`,
    { postId: pending.id },
  );
}

/** Polls the reservation until it can be downloaded; what the provider answered at last is why it could not. */
export async function awaitAvailable(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts } = run;
  const api = requireApi(run);
  const store = need(run, "store");
  const startMs = parts.clock.monotonicMs();
  // What others took says nothing of one that was made by an earlier run.
  const usual = run.facts.reservedNow === need(run, "reservation").sid ? parts.usualWait : undefined;
  let failure: EsimdError | undefined;
  let unavailableMs = 0;
  for (;;) {
    const reservation = need(run, "reservation");
    switch (reservation.status) {
      case "available":
      case "downloaded":
      case "installed":
        usual?.note(unavailableMs);
        await noteCharge(run, reservation);
        return "available";
      case "failed":
        throw await reservationFailure(run, reservation);
      default:
        break;
    }
    const waitedMs = parts.clock.monotonicMs() - startMs;
    const leftMs = parts.policy.availableWaitMs - waitedMs;
    if (leftMs <= 0) throw failure ?? stillWaiting(run, reservation);
    if (failure === undefined) unavailableMs = waitedMs;
    const { retryAfterMs } = failure ?? {};
    const polls = { retryAfterMs, quietMs: usual?.quietMs };
    await pauseForHint(
      parts.clock,
      parts.hints,
      { sid: reservation.sid, eid: reservation.eid },
      Math.min(leftMs, pollPauseMs(availablePolls, waitedMs, parts.random, polls)),
      signal,
    );
    try {
      run.facts.reservation = await api.getESimProfile(reservation.sid, signal);
      failure = undefined;
    } catch (error) {
      if (signal.aborted || !isEsimdError(error) || error.entry.retry === "never") throw error;
      parts.log.info({ error }, "the reservation could not be asked for; trying again");
      failure = error;
    }
    await store.saveJournal({ iccid: run.facts.reservation?.iccid ?? store.journal.iccid });
  }
}

function stillWaiting(run: Run, { sid, status }: ESimProfile): EsimdError {
  const waited = formatMs(run.parts.policy.availableWaitMs);
  return new EsimdError("deadline", `the reservation ${sid} is not available after ${waited}, but ${status}`, {
    hint: "Run again: esimd takes the reservation up again, and pays for no other one.",
  });
}

async function noteCharge(run: Run, reservation: ESimProfile): Promise<void> {
  const store = need(run, "store");
  const money = store.money();
  if (money !== undefined && !money.charged.has(reservation.sid))
    await store.record({ kind: "charged", sid: reservation.sid });
  run.facts.iccid = reservation.iccid ?? run.facts.iccid;
  await store.saveJournal({ iccid: run.facts.iccid ?? null });
}

/** Failed before it was ever available: not charged, and worth another try later. Failed after: a person must decide. */
async function reservationFailure(run: Run, reservation: ESimProfile): Promise<EsimdError> {
  const store = need(run, "store");
  const money = store.money();
  const why = [reservation.errorCode, reservation.errorMessage].filter((part) => part !== undefined).join(" ");
  const said = why === "" ? "" : `: ${why}`;
  const charged =
    money?.charged.has(reservation.sid) === true || reservation.simSid !== undefined || reservation.iccid !== undefined;
  if (charged) {
    const { sid } = reservation;
    return heldOver(run, "reservation_lost", `the reservation ${sid} was charged and has failed${said}`, { sid });
  }
  if (money !== undefined && !money.uncharged.has(reservation.sid)) {
    await store.record({ kind: "uncharged", sid: reservation.sid });
  }
  await store.saveJournal({ reservationSid: null });
  if (reservation.errorCode === "83500")
    return new EsimdError("no_stock", `the provider has no profile to give${said}`);
  return new EsimdError("reservation_failed", `the reservation ${reservation.sid} failed and was not charged${said}`);
}
