import { type ProviderApi, type Sim, type SimTarget, type SimUpdate, VendorCode } from "../../api/resources.js";
import { backoffMs } from "../../base/backoff.js";
import { sleep } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { maskIdentifiers, quote } from "../../base/identifiers.js";
import { pauses } from "../pauses.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";

export async function activate(run: Run, signal: AbortSignal): Promise<EventName> {
  await activateSim(run, signal);
  return "activated";
}

/**
 * Brings the Sim of the profile into the wanted status, never further: `ready` unless asked otherwise, and an inactive Sim is left alone
 * without consent. Harmless when it is there already.
 */
export async function activateSim(run: Run, signal: AbortSignal): Promise<void> {
  const { parts, facts } = run;
  const { api, policy } = parts;
  if (facts.simDone || api === undefined || policy.sim.activate === "none") return;
  const found = await findSim(run, api, signal);
  const sim = await whenSettled(run, api, found, signal);
  facts.sim = sim;
  const target = targetFor(run, sim);
  if (target !== undefined) {
    const updated = await update(run, api, sim, target, signal);
    facts.changed = true;
    facts.sim = await whenSettled(run, api, updated, signal);
    requireStatus(facts.sim, target);
  }
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
  const { fleet } = run.parts.policy.sim;
  const uniqueName = uniqueNameOf(run);
  const change: SimUpdate = {
    status,
    ...(fleet === undefined ? {} : { fleet }),
    ...(uniqueName === undefined || sim.uniqueName === uniqueName ? {} : { uniqueName }),
  };
  try {
    return await updateNamed(run, api, sim, change, signal);
  } catch (error) {
    if (isEsimdError(error, "fleet_unknown") && fleet !== undefined) throw noSuchFleet(fleet, error);
    if (!isEsimdError(error, "fleet_missing") || fleet !== undefined) throw error;
    const only = await onlyFleet(api, error, signal);
    run.parts.log.info({ fleet: only }, "no Fleet is configured; the account's only one is used");
    return updateNamed(run, api, sim, { ...change, fleet: only }, signal);
  }
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

/** Without a configured Fleet, an account with a single one leaves no choice; any other account does. */
async function onlyFleet(api: ProviderApi, refusal: EsimdError, signal: AbortSignal): Promise<string> {
  const fleets = await api.listFleets(signal);
  const [only] = fleets;
  if (fleets.length === 1 && only !== undefined) return only.sid;
  throw new EsimdError(
    "fleet_missing",
    `the Sim needs a Fleet, sim.fleet is not set, and the account has ${fleets.length}`,
    {
      cause: refusal,
    },
  );
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

/** An update may be queued: the Sim is `scheduled` until it is carried out (83009 meanwhile). */
async function whenSettled(run: Run, api: ProviderApi, sim: Sim, signal: AbortSignal): Promise<Sim> {
  let current = sim;
  for (let attempt = 1; current.status === "scheduled"; attempt++) {
    await sleep(run.parts.clock, backoffMs(pauses.sim, attempt, run.parts.random), signal);
    current = await api.getSim(sim.sid, signal);
  }
  return current;
}

function requireStatus(sim: Sim, target: SimTarget): void {
  // A `ready` Sim becomes `active` by itself when it is used.
  if (sim.status === target || (target === "ready" && sim.status === "active")) return;
  throw new EsimdError("sim_refused", `the Sim ${sim.sid} was to become ${target} and is ${sim.status}`);
}
