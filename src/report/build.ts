import type { EsimdError } from "../base/errors.js";
import type { RunOutcome } from "../provision/runner.js";
import type { Report } from "./schema.js";

/** The report of a run. Pure. */
export function buildReport(outcome: RunOutcome, portName: string, withApi: boolean): Report {
  const { facts, error, startedAtMs, finishedAtMs } = outcome;
  const { reservation, sim, identity, registration } = facts;
  const total = Object.values(outcome.timings).reduce((sum, ms) => sum + ms, 0);
  return {
    schema: "esimd.report/1",
    state: outcome.state,
    changed: facts.changed,
    eid: facts.eid ?? null,
    iccid: facts.iccid ?? null,
    ...(withApi
      ? {
          esimProfile:
            reservation === undefined
              ? null
              : {
                  sid: reservation.sid,
                  status: reservation.status.replace(/^unknown:/, ""),
                  method: reservation.matchingId === undefined ? "eid" : "activation-code",
                  smdpAddress: reservation.smdpAddress ?? null,
                },
        }
      : {}),
    sim:
      sim === undefined
        ? null
        : { sid: sim.sid, status: sim.status.replace(/^unknown:/, ""), fleet: sim.fleetSid ?? null },
    modem: {
      port: portName,
      vendor: identity?.vendor ?? null,
      model: identity?.model ?? null,
      revision: identity?.revision ?? null,
      imei: identity?.imei ?? null,
      dialect: facts.dialect?.name ?? null,
      lpa: facts.lpa?.kind ?? null,
    },
    network:
      registration === undefined
        ? null
        : { registered: registration.registered, state: registration.state, operator: registration.operator ?? null },
    ...connectivityOf(facts),
    error: error === undefined ? null : errorOf(error),
    timings: { ...outcome.timings, total },
    startedAt: new Date(startedAtMs).toISOString(),
    finishedAt: new Date(finishedAtMs).toISOString(),
  };
}

function connectivityOf({ service, fallback }: RunOutcome["facts"]): Pick<Report, "connectivity"> {
  if (service === undefined && fallback === undefined) return {};
  return {
    connectivity: {
      up: service?.up ?? null,
      why: service === undefined || service.up === true ? null : service.why,
      fallbackIccid: fallback ?? null,
    },
  };
}

/** An error as reports and `--json` show it. */
export function errorOf(error: EsimdError): NonNullable<Report["error"]> {
  const { actor, retry } = error.entry;
  return { code: error.code, message: error.message, actor, retry, hint: error.hint };
}
