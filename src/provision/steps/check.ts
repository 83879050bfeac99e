import { sleep } from "../../base/clock.js";
import { formatMs, withDeadline } from "../../base/deadline.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { maskIdentifiers } from "../../base/identifiers.js";
import { readPacketService } from "../../modem/packet-service.js";
import { awaitRegistration, type Registration } from "../../modem/registration.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { judge, type Service, type SimWord, together, wayBack } from "../trial.js";

/** Whether a profile brings its device onto a network, and what follows from it. */

const pollMs = 5_000;
/** The API may be out of reach for the very reason that is looked for. */
const simPatienceMs = 45_000;

/**
 * Looks for service, and judges a profile that is on trial. One that is not is only reported: without another one that worked there is
 * nothing to go back to.
 */
export async function check(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const { policy } = parts;
  const store = need(run, "store");
  const trial = wayBack(store.journal.trial, need(run, "iccid"), policy);
  if (policy.connectivity.check === "none" || (trial === undefined && !asksMore(run))) {
    if (store.journal.trial !== null && facts.registration?.registered === true)
      await store.saveJournal({ trial: null });
    return next(run);
  }
  // A device that was done already is looked at, and not waited for; neither is one that this run has judged.
  const isNew = trial !== undefined || facts.changed;
  const patienceMs = isNew && facts.service === undefined ? policy.connectivityWaitMs : 0;
  const service = await findService(run, patienceMs, signal);
  facts.service = service;
  const sim: SimWord = service.up === false && trial !== undefined ? await askForSim(run, signal) : { kind: "unknown" };
  switch (judge(service, trial, sim)) {
    case "back":
      if (!(await canGoBack(run, signal))) return next(run);
      facts.setback = noService(run, service);
      return "no-service";
    case "wait":
      facts.unjudged = true;
      facts.service = sim.kind === "unusable" ? simIsNot(run, sim.status) : service;
      return next(run);
    case "keep":
      parts.log.info({ iccid: facts.iccid }, "the new profile has service; the one of before is not needed any more");
      facts.unjudged = false;
      await store.saveJournal({ trial: null });
      return next(run);
    case "none":
      if (service.up === true && store.journal.trial !== null) await store.saveJournal({ trial: null });
      return next(run);
  }
}

/** A run that took up an open trial has not looked at the world yet. */
function next({ facts }: Run): EventName {
  return facts.surveyed ? "judged" : "to-survey";
}

function asksMore({ parts }: Run): boolean {
  return parts.policy.connectivity.check === "data" || parts.probes.length > 0;
}

async function findService(run: Run, patienceMs: number, signal: AbortSignal): Promise<Service> {
  const { parts, facts } = run;
  const { clock } = parts;
  const startMs = clock.monotonicMs();
  const leftMs = (): number => patienceMs - (clock.monotonicMs() - startMs);
  for (let isFirst = true; ; isFirst = false) {
    // What `registering` has just read is not asked for again.
    if (!isFirst || facts.registration?.registered !== true)
      facts.registration =
        (await awaitRegistration(need(run, "line"), leftMs(), parts.log, signal)) ?? facts.registration;
    const service = await lookOnce(run, facts.registration, signal);
    if (service.up !== false || leftMs() <= 0) return service;
    await sleep(clock, Math.min(pollMs, Math.max(0, leftMs())), signal);
  }
}

async function lookOnce(run: Run, registration: Registration | undefined, signal: AbortSignal): Promise<Service> {
  const { parts } = run;
  if (registration === undefined || registration.state === "unknown")
    return { up: undefined, why: "the modem does not tell whether it is registered" };
  if (!registration.registered) return { up: false, why: `the modem is not registered (${registration.state})` };
  const services: Service[] = [{ up: true }];
  if (parts.policy.connectivity.check === "data") services.push(await packetService(run, signal));
  for (const probe of parts.probes) {
    if (together(services).up === false) break;
    const subject = { port: parts.portName, eid: need(run, "eid"), iccid: need(run, "iccid") };
    const service = await probe.look(subject, signal);
    if (service.up === undefined)
      parts.log.warn({ probe: probe.name, why: service.why }, "a check of service could not be made");
    services.push(service);
  }
  return together(services);
}

async function packetService(run: Run, signal: AbortSignal): Promise<Service> {
  const { attached, hasAddress } = await readPacketService(need(run, "line"), signal);
  if (attached === false)
    return { up: false, why: "the modem is registered and not attached to the packet service (+CGATT: 0)" };
  if (hasAddress === false)
    return { up: false, why: "the modem is attached, and no packet context has an address (+CGCONTRDP)" };
  if (attached === undefined && hasAddress === undefined)
    return { up: undefined, why: "the modem tells nothing of its packet service" };
  return { up: true };
}

/** A fresh word where the API can be reached; else nobody knows, and the profile is judged by what it does. */
async function askForSim(run: Run, signal: AbortSignal): Promise<SimWord> {
  const { parts, facts } = run;
  const { api } = parts;
  if (api === undefined) return { kind: "unknown" };
  const iccid = need(run, "iccid");
  const bound = { clock: parts.clock, timeoutMs: simPatienceMs, signal, what: "the question for the Sim" };
  try {
    const sim = await withDeadline(bound, (bounded) => api.findSimByIccid(iccid, bounded));
    if (sim === undefined) return { kind: "unknown" };
    facts.sim = sim;
    return sim.status === "ready" || sim.status === "active"
      ? { kind: "usable" }
      : { kind: "unusable", status: sim.status.replace(/^unknown:/, "") };
  } catch (error) {
    if (signal.aborted || !isEsimdError(error)) throw error;
    parts.log.info({ error }, "the provider cannot be asked for the Sim; the profile is judged without");
    return { kind: "unknown" };
  }
}

function simIsNot(run: Run, status: string): Service {
  const why = `the Sim is ${status} at the provider, so that nothing can be said of the profile`;
  run.parts.log.warn(
    { iccid: run.facts.iccid, status },
    "no service, and the Sim may have none; the device stays on the new profile",
  );
  return { up: false, why };
}

/** Somebody may have deleted the profile of before; then the new one is all that there is. */
async function canGoBack(run: Run, signal: AbortSignal): Promise<boolean> {
  const store = need(run, "store");
  const { trial } = store.journal;
  const list = await need(run, "lpa").listProfiles(signal);
  if (list.some(({ iccid }) => iccid === trial?.before)) return true;
  run.parts.log.warn({ before: trial?.before }, "the profile of before is not on the eUICC any more");
  await store.saveJournal({ trial: null });
  return false;
}

function noService({ parts, facts }: Run, service: Service): EsimdError {
  const within = formatMs(parts.policy.connectivityWaitMs);
  return new EsimdError(
    "profile_no_service",
    `the new profile ${maskIdentifiers(facts.iccid ?? "")} has no service after ${within}${service.up === true ? "" : `: ${service.why}`}`,
  );
}
