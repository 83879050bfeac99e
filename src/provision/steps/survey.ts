import type { ESimProfile, ProviderApi, Sim } from "../../api/resources.js";
import { beside } from "../../base/beside.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { type Iccid, parseIccid } from "../../base/identifiers.js";
import type { InstalledProfile } from "../../lpa/lpa.js";
import { decideReservation, type World } from "../decide.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { adopt, heldOver } from "./reservation.js";

/**
 * Looks at the world and decides what comes next: the eUICC first, the API second, the journal third. The provider's list is on its way while
 * the modem answers; nothing is decided before both were heard to their end.
 */
export async function survey(run: Run, signal: AbortSignal): Promise<EventName> {
  const { api } = run.parts;
  if (api === undefined) return surveyWithoutApi(run, await readEuicc(run, signal));
  const listing = beside((inner) => api.listESimProfiles({ eid: need(run, "eid") }, inner), signal);
  try {
    return await surveyWith(run, api, listing.end, signal);
  } finally {
    await listing.giveUp();
  }
}

async function readEuicc(run: Run, signal: AbortSignal): Promise<readonly InstalledProfile[]> {
  const { facts } = run;
  const { journal } = need(run, "store");
  const onEuicc = await need(run, "lpa").listProfiles(signal);
  facts.onEuicc = onEuicc;
  facts.surveyed = true;
  facts.baseline =
    journal.baseline === null ? onEuicc : onEuicc.filter(({ iccid }) => journal.baseline?.includes(iccid) ?? false);
  return onEuicc;
}

/** The list of this EID's reservations, whole. */
type Listing = () => Promise<readonly ESimProfile[]>;

async function surveyWith(run: Run, api: ProviderApi, listing: Listing, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const onEuicc = await readEuicc(run, signal);
  let world: World;
  try {
    world = await look(run, api, onEuicc, listing, signal);
  } catch (error) {
    if (signal.aborted || !provisionedOffline(run, onEuicc, error)) throw error;
    parts.log.warn({ error }, "the provider cannot be asked; eUICC and journal agree that the device is provisioned");
    facts.nothingToDo = true;
    return "nothing-to-do";
  }
  const decision = decideReservation(world, parts.policy);
  parts.log.info(
    { decision: decision.do, onEuicc: onEuicc.length, reservations: world.reservations.length },
    "the world was surveyed",
  );
  switch (decision.do) {
    case "use-installed": {
      facts.iccid = decision.iccid;
      facts.sim = decision.sim;
      await need(run, "store").saveJournal({ iccid: decision.iccid, installedIccid: decision.iccid });
      facts.reservation = decision.reservation ?? (await reservationOf(api, decision.sim, signal));
      if (facts.reservation !== undefined)
        await adopt(run, facts.reservation, "its profile is on the eUICC", { settlesPending: false });
      return isComplete(run, onEuicc) ? settleForNothing(run) : "installed";
    }
    case "adopt":
      await adopt(run, decision.reservation, `found at the provider as ${decision.reservation.status}`);
      return "adopted";
    case "reserve":
      facts.reserveWhy = decision.why;
      return "to-reserve";
    case "settle":
      return "doubt";
    case "hold":
      throw heldOver(run, decision.code, decision.message, decision.over);
  }
}

async function look(
  run: Run,
  api: ProviderApi,
  onEuicc: readonly InstalledProfile[],
  listing: Listing,
  signal: AbortSignal,
): Promise<World> {
  const store = need(run, "store");
  const ownSims = new Map<Iccid, Sim>();
  for (const { iccid } of onEuicc) {
    const sim = await api.findSimByIccid(iccid, signal);
    if (sim !== undefined) ownSims.set(iccid, sim);
  }
  const listed = await listing();
  const money = store.money();
  const isGivenUp = (sid: string): boolean => money?.released.has(sid) === true;
  const named = store.journal.reservationSid ?? undefined;
  // Given up by a person, and the power went before the journal could forget it.
  const journalSid = named !== undefined && isGivenUp(named) ? undefined : named;
  const ours = [...(money?.reserved ?? [])].filter((sid) => !isGivenUp(sid) && money?.burned.has(sid) !== true);
  const written = [...new Set([...(journalSid === undefined ? [] : [journalSid]), ...ours])];
  return {
    eid: need(run, "eid"),
    onEuicc,
    ownSims,
    reservations: [...listed, ...(await notListed(api, listed, written, signal))],
    journalSid,
    journalIccid: store.journal.iccid ?? undefined,
    journalInstalled: store.journal.installedIccid ?? undefined,
    money,
  };
}

/**
 * What the list does not show and our own records name: by activation code it does not know the EID before the download, and a new
 * reservation may take its time to appear. The ledger names it before the journal does: the power may go in between.
 */
async function notListed(
  api: ProviderApi,
  listed: readonly ESimProfile[],
  sids: readonly string[],
  signal: AbortSignal,
): Promise<readonly ESimProfile[]> {
  const found: ESimProfile[] = [];
  for (const sid of sids) {
    if (listed.some((reservation) => reservation.sid === sid)) continue;
    try {
      found.push(await api.getESimProfile(sid, signal));
    } catch (error) {
      if (!isEsimdError(error, "api_missing")) throw error;
      throw new EsimdError(
        "reservation_unclear",
        `the provider does not know the reservation ${sid} that this eUICC works on`,
        {
          cause: error,
          hint: `Check that the credentials are those of the account that paid for it; if they are, \`esimd reservation release ${sid}\` gives it up and allows another one.`,
        },
      );
    }
  }
  return found;
}

async function reservationOf(api: ProviderApi, sim: Sim, signal: AbortSignal): Promise<ESimProfile | undefined> {
  const found = await api.listESimProfiles({ simSid: sim.sid }, signal);
  return found[0];
}

/** Enabled, and its Sim as wanted: the goal was reached before. */
function isComplete(run: Run, onEuicc: readonly InstalledProfile[]): boolean {
  const { facts, parts } = run;
  const enabled = onEuicc.some(({ iccid, enabled }) => enabled && iccid === facts.iccid);
  const { activate } = parts.policy.sim;
  const status = facts.sim?.status;
  const simIsGood = activate === "none" || status === "active" || (status === "ready" && activate === "ready");
  facts.simDone = simIsGood;
  return enabled && simIsGood;
}

function settleForNothing(run: Run): EventName {
  run.facts.nothingToDo = true;
  return "nothing-to-do";
}

/** The journal says provisioned, and the eUICC agrees; only then is an unreachable API no reason to fail. */
function provisionedOffline(run: Run, onEuicc: readonly InstalledProfile[], error: unknown): boolean {
  if (!isEsimdError(error) || error.entry.retry !== "later") return false;
  const { journal } = need(run, "store");
  if (!journal.provisioned) return false;
  const there = onEuicc.find(({ iccid, enabled }) => enabled && iccid === journal.installedIccid);
  if (there !== undefined) run.facts.iccid = there.iccid;
  return there !== undefined;
}

/** Provider none: what the back end reserved is asked for at the SM-DP+, unless the journal's profile is on the eUICC already. */
function surveyWithoutApi(run: Run, onEuicc: readonly InstalledProfile[]): EventName {
  const { facts } = run;
  const { journal } = need(run, "store");
  facts.simDone = true;
  const known = journal.installedIccid === null ? undefined : parseIccid(journal.installedIccid, "the journal");
  const there = onEuicc.find(({ iccid }) => iccid === known);
  // A power cut between the download and its entry in the journal: what was not there before the session came from it.
  const arrived =
    journal.baseline === null ? undefined : onEuicc.find(({ iccid }) => !journal.baseline?.includes(iccid));
  const ours = there ?? arrived;
  if (ours === undefined) {
    if (known !== undefined) {
      throw new EsimdError("profile_missing", "the profile that was installed on this eUICC is no longer there");
    }
    return "to-download";
  }
  facts.iccid = ours.iccid;
  return ours.enabled ? settleForNothing(run) : "installed";
}
