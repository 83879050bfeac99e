import { backoffMs } from "../../base/backoff.js";
import { sleep } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { type ErrorCode, EsimdError, isEsimdError } from "../../base/errors.js";
import { type ActivationCode, type Iccid, maskIdentifiers, type SmdpAddress } from "../../base/identifiers.js";
import { RefusedByServer } from "../../lpa/es9plus/status-codes.js";
import type { DownloadSession, InstalledProfile, OfferedProfile } from "../../lpa/lpa.js";
import { pauses } from "../pauses.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { deliverAll } from "./deliver.js";
import { heldOver } from "./reservation.js";
import { requireRoom } from "./room.js";
import { activateSim, beginActivation } from "./sim.js";

/** Download and judgement: rule 2 of the contract in effect. A session's own word is hearsay; the eUICC's list decides. */

/** A list may lag behind the install result for a moment. */
const listPatienceMs = 10_000;
const listPollMs = 1_000;

export async function download(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const store = need(run, "store");
  const activationCode = await whereToDownload(run, signal);
  if (facts.sessionsThisRun > 0) {
    await sleep(parts.clock, backoffMs(pauses.session, facts.sessionsThisRun, parts.random), signal);
  }
  need(run, "lpa").expectDownload?.(activationCode.smdpAddress);
  await requireRoom(run, signal);
  facts.roomChecked = false;
  facts.sessionsThisRun++;
  await store.saveJournal({
    baseline: facts.baseline.map(({ iccid }) => iccid),
    sessions: store.journal.sessions + 1,
    provisioned: false,
  });
  facts.session = await boundedSession(run, activationCode, signal);
  return "session-ended";
}

/** One session, ended by its deadline at the latest; the list is read after that as after every other end. */
async function boundedSession(run: Run, activationCode: ActivationCode, signal: AbortSignal): Promise<DownloadSession> {
  const { clock, policy } = run.parts;
  const bound = { clock, timeoutMs: policy.downloadTimeoutMs, signal, what: "the download" };
  try {
    return await withDeadline(bound, (bounded) => oneSession(run, activationCode, bounded));
  } catch (error) {
    if (signal.aborted || !isEsimdError(error, "deadline")) throw error;
    return { reported: "unknown", offer: undefined, installResult: undefined, resultDelivery: "none", error };
  }
}

function oneSession(run: Run, activationCode: ActivationCode, signal: AbortSignal): Promise<DownloadSession> {
  const { parts, facts } = run;
  return need(run, "lpa").download(
    {
      activationCode,
      confirmationCode: parts.policy.confirmationCode,
      expectedIccid: facts.iccid,
      timeoutMs: parts.policy.downloadTimeoutMs,
      onOffer: (offer, abort) => acceptOffer(run, offer, abort),
      onProgress: (stage, doneBytes, totalBytes) => parts.observe({ kind: "progress", stage, doneBytes, totalBytes }),
    },
    signal,
  );
}

/** The order's activation code; by EID its matching id is absent, and the SM-DP+ finds the order by the EID. */
async function whereToDownload(run: Run, signal: AbortSignal): Promise<ActivationCode> {
  const { reservation } = run.facts;
  if (reservation?.activationCode !== undefined) return reservation.activationCode;
  const smdpAddress = reservation?.smdpAddress ?? (await smdpWithoutReservation(run, signal));
  if (smdpAddress === undefined) return discover(run, signal);
  return { smdpAddress, matchingId: reservation?.matchingId, smdpOid: undefined, confirmationCodeRequired: false };
}

/** Where a back end's reservation is: by the configuration, else by the eUICC. */
export async function smdpWithoutReservation(run: Run, signal: AbortSignal): Promise<SmdpAddress | undefined> {
  const { smdpAddress, defaultSmdp } = run.parts.policy;
  return smdpAddress ?? defaultSmdp.address ?? (await need(run, "lpa").defaultSmdp(signal));
}

/** Nobody names an SM-DP+, so the SM-DS is asked for one (SGP.22 3.6.2). Its first event is what this run is for. */
async function discover(run: Run, signal: AbortSignal): Promise<ActivationCode> {
  const events = await need(run, "lpa").discover?.(signal);
  const [event] = events ?? [];
  if (event === undefined) {
    throw new EsimdError(
      "smdp_protocol",
      "nobody names an SM-DP+: neither the reservation, nor the configuration, nor the eUICC",
      {
        hint: "Set download.smdp_address to the provider's SM-DP+.",
      },
    );
  }
  run.parts.log.info({ smdp: event.smdpAddress, events: events?.length }, "the SM-DS names an SM-DP+");
  return { ...event, smdpOid: undefined, confirmationCodeRequired: false };
}

/**
 * Rule 5: the offer must be the reservation's profile, or another one of our account. Any other is not loaded: it would be somebody's.
 */
async function acceptOffer(run: Run, offer: OfferedProfile, signal: AbortSignal): Promise<void> {
  const { parts, facts } = run;
  if (parts.api === undefined) {
    facts.iccid = offer.iccid;
    return;
  }
  const expected = facts.reservation?.iccid;
  if (expected !== undefined && expected !== offer.iccid) {
    const sim = await parts.api.findSimByIccid(offer.iccid, signal);
    if (sim === undefined) {
      throw new EsimdError(
        "wrong_profile",
        `the SM-DP+ offers ${maskIdentifiers(offer.iccid)}, the reservation is for ${maskIdentifiers(expected)}, and the account has no such Sim`,
      );
    }
    facts.sim = sim;
  }
  facts.iccid = offer.iccid;
  await need(run, "store").saveJournal({ iccid: offer.iccid });
  const { when } = parts.policy.sim;
  if (when === "before-download") await activateSim(run, signal);
  if (when === "during-download") beginActivation(run, signal);
}

/** Reads the list after a session, however it ended, and decides what that means. */
export async function verify(run: Run, signal: AbortSignal): Promise<EventName> {
  const { facts, parts } = run;
  const session = need(run, "session");
  const store = need(run, "store");
  const startMs = parts.clock.monotonicMs();
  for (;;) {
    const list = await listPatiently(run, signal);
    facts.onEuicc = list;
    const arrived = findArrived(run, list);
    if (arrived !== undefined) {
      await accept(run, arrived, signal);
      return "installed";
    }
    const waits = session.reported === "installed" && parts.clock.monotonicMs() - startMs < listPatienceMs;
    if (!waits) break;
    await sleep(parts.clock, listPollMs, signal);
  }
  if (session.installResult?.outcome.kind === "error" && facts.reservation !== undefined) {
    await store.record({
      kind: "burned",
      sid: facts.reservation.sid,
      why: maskIdentifiers(session.error?.message ?? "install error"),
    });
  }
  await store.saveJournal({ baseline: null });
  // Only now, with the list read and the profile not on it, is the SM-DP+ told of an error: it ends the order.
  if (session.installResult?.outcome.kind === "error" && session.resultDelivery === "undelivered") {
    await deliverAll(run, signal);
  }
  const error = session.error ?? unconfirmed();
  // An SM-DP+ that has nothing for this EID yet is asked by the schedule of the next runs, not twice in a row.
  const nothingYet = error.code === "no_profile_waiting" && facts.reservation === undefined;
  const again = !nothingYet && (error.entry.retry !== "never" || error.code === "install_unconfirmed");
  if (!again || facts.sessionsThisRun >= parts.policy.downloadAttempts) throw judged(run, error);
  parts.log.warn({ error, session: facts.sessionsThisRun }, "the profile is not on the eUICC; a new session follows");
  return "absent";
}

/**
 * "No order for this EID" means that a back end has not ordered yet; of an order that we have paid for it means something else. One
 * that was downloaded may be used up, which only a person finds out.
 */
function judged(run: Run, error: EsimdError): EsimdError {
  const { reservation } = run.facts;
  if (reservation === undefined) return unknownEid(error);
  const { sid, status } = reservation;
  if (error.code === "install_failed") return heldOver(run, error.code, error.message, { sid }, error);
  if (error.code !== "no_profile_waiting") return error;
  const code = status === "available" ? "smdp_error" : "smdp_refused";
  return new EsimdError(code, `${error.message}, and the reservation ${sid} is ${status}`, { cause: error });
}

/** An SM-DP+ that was asked by the EID alone may refuse the EID in place of the order that it does not have (SGP.22 5.6.3). */
function unknownEid(error: EsimdError): EsimdError {
  if (!(error.cause instanceof RefusedByServer) || error.cause.message !== "8.1.1/3.8") return error;
  return new EsimdError("no_profile_waiting", error.message, { cause: error });
}

function unconfirmed(): EsimdError {
  return new EsimdError(
    "install_unconfirmed",
    "the modem says that the profile was installed, and the eUICC's list does not have it",
  );
}

/** The expected profile, or, where none is expected by ICCID, one that was not there before. */
function findArrived(run: Run, list: readonly InstalledProfile[]): InstalledProfile | undefined {
  const { iccid, baseline } = run.facts;
  const expected = list.find((profile) => profile.iccid === iccid);
  if (expected !== undefined) return expected;
  return list.find((profile) => !baseline.some((old) => old.iccid === profile.iccid));
}

async function accept(run: Run, arrived: InstalledProfile, signal: AbortSignal): Promise<void> {
  const { facts, parts } = run;
  await requireOurs(run, arrived.iccid, signal);
  facts.iccid = arrived.iccid;
  facts.arrived = arrived;
  facts.changed = true;
  await need(run, "store").saveJournal({ iccid: arrived.iccid, installedIccid: arrived.iccid, baseline: null });
  const { session } = facts;
  if (session?.error !== undefined) {
    parts.log.warn(
      { error: session.error },
      "the download session reported a failure, but the profile is on the eUICC",
    );
  }
  if (session?.resultDelivery === "undelivered") {
    parts.log.warn({}, "the SM-DP+ has not heard of the installation yet; the notification stays on the eUICC");
  }
}

/** With an API, a profile that is not the reservation's must at least be a Sim of our account. */
async function requireOurs(run: Run, iccid: Iccid, signal: AbortSignal): Promise<void> {
  const { facts, parts } = run;
  const expected = facts.reservation?.iccid;
  if (parts.api === undefined || expected === iccid) return;
  const sim = await parts.api.findSimByIccid(iccid, signal);
  if (sim === undefined) {
    throw new EsimdError(
      "wrong_profile",
      `the profile ${maskIdentifiers(iccid)} was installed, and the account has no such Sim`,
    );
  }
  facts.sim = sim;
}

/** What a card or a modem that restarts, or one that still works on the last command, has to say of its list. */
const passingCodes: ReadonlySet<ErrorCode> = new Set([
  "modem_refused",
  "no_euicc",
  "modem_protocol",
  "modem_busy",
  "modem_silent",
]);

/** After a session the SIM may be busy or restarting; only a list that was read says anything. */
async function listPatiently(run: Run, signal: AbortSignal): Promise<readonly InstalledProfile[]> {
  const { parts } = run;
  const startMs = parts.clock.monotonicMs();
  for (;;) {
    try {
      return await need(run, "lpa").listProfiles(signal);
    } catch (error) {
      const passing = isEsimdError(error) && passingCodes.has(error.code);
      if (signal.aborted || !passing || parts.clock.monotonicMs() - startMs >= 60_000) throw error;
      await sleep(parts.clock, listPollMs, signal);
    }
  }
}
