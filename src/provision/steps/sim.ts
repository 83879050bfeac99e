import {
  type Fleet,
  type ProviderApi,
  type Sim,
  type SimTarget,
  type SimUpdate,
  VendorCode,
} from "../../api/resources.js";
import { beside } from "../../base/beside.js";
import { sleep } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { maskIdentifiers, quote } from "../../base/identifiers.js";
import { pollPauseMs, simPolls } from "../polling.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { leavesAnother } from "./deliver.js";

/** Longest wait for a change of a Sim that the provider queued. */
export const simSettleMs = 180_000;

/**
 * Before the profile is enabled. A change that the provider queued is waited for only where another profile is enabled: leaving that one may
 * cost the host its network. Otherwise it is carried out while the card restarts, and `registering` looks at it.
 */
export async function activate(run: Run, signal: AbortSignal): Promise<EventName> {
  await endOfRequest(run, signal);
  await requestActivation(run, signal);
  const isQueued = run.facts.sim?.status === "scheduled";
  if (!isQueued || leavesAnother(run)) await settleSim(run, signal);
  return "activated";
}

/**
 * Asks for it beside the download, once the offer is known to be the reservation's. What becomes of it is heard by {@link activate}, so that
 * nothing of it ends a session; a run that is killed meanwhile leaves nothing open but what the next one sees of the Sim.
 */
export function beginActivation(run: Run, signal: AbortSignal): void {
  run.facts.simRequest ??= beside((inner) => requestActivation(run, inner), signal);
}

/** One that failed is made anew, where its failure is a matter of the run. */
async function endOfRequest({ parts, facts }: Run, signal: AbortSignal): Promise<void> {
  const { simRequest } = facts;
  if (simRequest === undefined) return;
  const stop = (): void => void simRequest.giveUp();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await simRequest.end();
  } catch (error) {
    if (signal.aborted || !isEsimdError(error)) throw error;
    parts.log.info({ error }, "the Sim could not be activated while the profile was loaded; it is asked for again");
  } finally {
    signal.removeEventListener("abort", stop);
    facts.simRequest = undefined;
  }
}

/** The whole of it at once, for who needs the Sim as it is to be. */
export async function activateSim(run: Run, signal: AbortSignal): Promise<void> {
  await requestActivation(run, signal);
  await settleSim(run, signal);
}

/**
 * Asks for the wanted status of the profile's Sim, never further: `ready` unless asked otherwise, and an inactive Sim is left alone without
 * consent. Harmless when it is there already. Whether a change that was queued was carried out, {@link settleSim} finds out.
 */
async function requestActivation(run: Run, signal: AbortSignal): Promise<void> {
  const { parts, facts } = run;
  const { api, policy } = parts;
  if (facts.simDone || facts.simChange !== undefined || api === undefined || policy.sim.activate === "none") return;
  let refusal: EsimdError | undefined;
  const unseen = newSimOf(run);
  if (unseen !== undefined) {
    try {
      noteChange(run, await update(run, api, unseen, "ready", signal), "ready");
      return;
    } catch (error) {
      if (!isEsimdError(error, "sim_refused")) throw error;
      refusal = error;
    }
  }
  const found = await findSim(run, api, signal);
  facts.sim = await whenSettled(run, api, found, 0, signal);
  const target = targetFor(run, facts.sim);
  if (target === undefined) facts.simDone = true;
  // It is as new as it was taken to be, and the provider does not move it: asking twice changes nothing.
  else if (refusal !== undefined && facts.sim.status === "new") throw refusal;
  else noteChange(run, await update(run, api, facts.sim, target, signal), target);
}

/**
 * The Sim of a reservation that this very run has made is new, and need not be asked for first: the provider moves to `ready` from nowhere
 * else (83010), and refuses where somebody was quicker. To `active` it moves an inactive one, too, so that there the Sim is looked at.
 */
function newSimOf({ parts, facts }: Run): Sim | undefined {
  const { reservation, reservedNow, iccid, sim } = facts;
  if (reservation === undefined || reservation.sid !== reservedNow || parts.policy.sim.activate !== "ready")
    return undefined;
  if (sim !== undefined || reservation.simSid === undefined || reservation.iccid !== iccid) return undefined;
  return { sid: reservation.simSid, iccid, status: "new", fleetSid: undefined, uniqueName: undefined };
}

function noteChange({ parts, facts }: Run, answer: Sim, target: SimTarget): void {
  facts.changed = true;
  facts.sim = answer;
  facts.simChange = { target, sinceMs: parts.clock.monotonicMs() };
}

/** Waits until a change that was asked for is carried out. @throws EsimdError `sim_refused` where it came to something else; `deadline`. */
export async function settleSim(run: Run, signal: AbortSignal): Promise<void> {
  const { parts, facts } = run;
  const { api, clock } = parts;
  const { simChange } = facts;
  if (simChange === undefined || api === undefined) return;
  const bound = { clock, timeoutMs: simSettleMs, signal, what: "the change of the Sim's status" };
  const waitedMs = clock.monotonicMs() - simChange.sinceMs;
  facts.sim = await withDeadline(bound, (bounded) => whenSettled(run, api, need(run, "sim"), waitedMs, bounded));
  facts.simChange = undefined;
  requireStatus(facts.sim, simChange.target);
  facts.simDone = true;
}

/** By the reservation when the ICCID is its own, else by the ICCID that is on the eUICC. */
async function findSim(run: Run, api: ProviderApi, signal: AbortSignal): Promise<Sim> {
  const { facts } = run;
  const iccid = need(run, "iccid");
  if (facts.sim !== undefined && facts.sim.iccid === iccid) return facts.sim;
  const { reservation } = facts;
  if (reservation?.simSid !== undefined && reservation.iccid === iccid) return api.getSim(reservation.simSid, signal);
  const sim = await api.findSimByIccid(iccid, signal);
  if (sim !== undefined) return sim;
  throw new EsimdError("sim_missing", `the account has no Sim with the ICCID ${maskIdentifiers(iccid)}`);
}

/** Where to move it, or undefined when it may stay. @throws EsimdError `sim_inactive`, `sim_refused` for a status that is not known. */
function targetFor(run: Run, sim: Sim): SimTarget | undefined {
  const { activate: wanted, reactivate } = run.parts.policy.sim;
  if (wanted === "none" || sim.status === wanted || sim.status === "active") return undefined;
  if (sim.status.startsWith("unknown:")) {
    const status = sim.status.slice("unknown:".length);
    throw new EsimdError(
      "sim_refused",
      `the Sim ${sim.sid} has the status ${quote(status)}, which esimd does not know`,
    );
  }
  if (sim.status !== "inactive") return wanted;
  if (!reactivate)
    throw new EsimdError("sim_inactive", `the Sim ${sim.sid} is inactive, and sim.reactivate is not set`);
  // `ready` can be reached from `new` only (83010).
  return "active";
}

async function update(run: Run, api: ProviderApi, sim: Sim, status: SimTarget, signal: AbortSignal): Promise<Sim> {
  const { fleet: configured } = run.parts.policy.sim;
  const uniqueName = uniqueNameOf(run);
  // A Sim in no Fleet is refused (83007): where none is configured, the account is asked before and not after that.
  const fleets = configured === undefined && sim.fleetSid === undefined ? await api.listFleets(signal) : undefined;
  const fleet = configured ?? onlyFleet(run, fleets);
  const change: SimUpdate = {
    status,
    ...(fleet === undefined ? {} : { fleet }),
    ...(uniqueName === undefined || sim.uniqueName === uniqueName ? {} : { uniqueName }),
  };
  try {
    return await updateNamed(run, api, sim, change, signal);
  } catch (error) {
    if (isEsimdError(error, "fleet_unknown") && configured !== undefined) throw noSuchFleet(configured, error);
    if (isEsimdError(error, "fleet_missing") && fleets !== undefined) throw fleetNeeded(fleets, error);
    throw error;
  }
}

/** Without a configured Fleet, an account with a single one leaves no choice; any other account does. */
function onlyFleet({ parts }: Run, fleets: readonly Fleet[] | undefined): string | undefined {
  const [only] = fleets ?? [];
  if (only === undefined || fleets?.length !== 1) return undefined;
  parts.log.info({ fleet: only.sid }, "no Fleet is configured; the account's only one is used");
  return only.sid;
}

function fleetNeeded(fleets: readonly Fleet[], refusal: EsimdError): EsimdError {
  const sentence = `the Sim needs a Fleet, sim.fleet is not set, and the account has ${fleets.length}`;
  return new EsimdError("fleet_missing", sentence, { cause: refusal });
}

/** "Super SIM with the same Unique Name exists already." */
const nameTaken = 83011;

/** A name is a convenience; that another Sim has it is no reason to leave a device without service. */
async function updateNamed(run: Run, api: ProviderApi, sim: Sim, change: SimUpdate, signal: AbortSignal): Promise<Sim> {
  try {
    return await api.updateSim(sim.sid, change, signal);
  } catch (error) {
    const { uniqueName, ...rest } = change;
    const taken = isEsimdError(error) && error.cause instanceof VendorCode && error.cause.code === nameTaken;
    if (!taken || uniqueName === undefined) throw error;
    run.parts.log.warn(
      { uniqueName, sim: sim.sid },
      "another Sim has the name of sim.unique_name; this one stays without",
    );
    return api.updateSim(sim.sid, rest, signal);
  }
}

function noSuchFleet(fleet: string, refusal: EsimdError): EsimdError {
  const sentence = `sim.fleet is ${quote(fleet)}, and the account has no such Fleet: ${refusal.message}`;
  return new EsimdError("fleet_unknown", sentence, { cause: refusal });
}

/** `{eid}`, `{iccid}`, `{imei}` and their last digits, as in `{eid8}`. */
function uniqueNameOf(run: Run): string | undefined {
  const { facts, parts } = run;
  const values: Readonly<Record<string, string | undefined>> = {
    eid: facts.eid,
    iccid: facts.iccid,
    imei: facts.identity?.imei,
  };
  const template = parts.policy.sim.uniqueName;
  const unknown = Object.keys(values).find((name) => values[name] === undefined && template?.includes(`{${name}`));
  if (unknown !== undefined) {
    // A name with a gap would be the same for every unit with that gap, and names are unique in an account (83011).
    parts.log.warn({ unknown }, "sim.unique_name cannot be filled in, so the Sim gets no name");
    return undefined;
  }
  return template?.replace(/\{(eid|iccid|imei)(\d+)?\}/g, (_whole, name: string, digits: string | undefined) => {
    const value = values[name] ?? "";
    return digits === undefined ? value : value.slice(-Number(digits));
  });
}

/** An update may be queued: the Sim is `scheduled` until it is carried out (83009 meanwhile). `waitedMs` are gone already. */
async function whenSettled(run: Run, api: ProviderApi, sim: Sim, waitedMs: number, signal: AbortSignal): Promise<Sim> {
  const { clock, random } = run.parts;
  const sinceMs = clock.monotonicMs() - waitedMs;
  let askedAfterMs = 0;
  let current = sim;
  while (current.status === "scheduled") {
    const goneMs = clock.monotonicMs() - sinceMs - askedAfterMs;
    await sleep(clock, Math.max(0, pollPauseMs(simPolls, askedAfterMs, random) - goneMs), signal);
    askedAfterMs = clock.monotonicMs() - sinceMs;
    current = await api.getSim(sim.sid, signal);
  }
  return current;
}

function requireStatus(sim: Sim, target: SimTarget): void {
  // A `ready` Sim becomes `active` by itself when it is used.
  if (sim.status === target || (target === "ready" && sim.status === "active")) return;
  throw new EsimdError("sim_refused", `the Sim ${sim.sid} was to become ${target} and is ${sim.status}`);
}
