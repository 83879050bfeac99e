import type { Access } from "./access.js";
import type { Action } from "./behaviours.js";
import { createFleetParameters, type FleetStore } from "./fleets.js";
import { isSid, readEid } from "./identifiers.js";
import { pageReply, pagingParameters } from "./paging.js";
import { type Parameters, readCallback, readChoice, readParameters } from "./parameters.js";
import { planReservation, type ReservationTiming } from "./plan.js";
import { progressPath, readProgress } from "./progress.js";
import {
  html,
  invalidParameter,
  json,
  methodNotAllowed,
  missingParameter,
  notFound,
  type Reply,
  refusal,
} from "./replies.js";
import type { Representations } from "./representations.js";
import type { ReservationStore, StoredStatus } from "./reservations.js";
import { type SimStore, type StoredSimStatus, updateSimParameters } from "./sims.js";

/** One request, read whole. */
export interface Request {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface RouteOptions {
  readonly baseUrl: string;
  readonly access: Access;
  readonly reservations: ReservationStore;
  readonly sims: SimStore;
  readonly fleets: FleetStore;
  readonly show: Representations;
  readonly timing: ReservationTiming & { readonly simScheduledMs: number };
}

/** What a request does and is answered with, on the resources' side; faults are put on top by the server. */
export type Routes = (request: Request, actions: readonly Action[]) => Reply;

export const tokenPath = "/api-services/v1/auth/token";

const profileStatuses: readonly StoredStatus[] = ["new", "reserving", "available", "downloaded", "installed", "failed"];
const simStatuses: readonly StoredSimStatus[] = ["new", "ready", "active", "inactive", "scheduled"];

export function createRoutes({ baseUrl, access, reservations, sims, fleets, show, timing }: RouteOptions): Routes {
  const listProfiles = (query: Parameters): Reply => {
    const status = readChoice(query, "Status", profileStatuses);
    if (!status.ok) return status.reply;
    const eid = query.get("Eid");
    if (eid !== undefined && readEid(eid) === undefined) return invalidParameter("Eid is not an EID");
    const simSid = query.get("SimSid");
    if (simSid !== undefined && !isSid("HS", simSid)) return invalidParameter("SimSid is not a SID");
    const items = reservations
      .listed()
      .filter((profile) => eid === undefined || profile.eid === eid)
      .filter((profile) => simSid === undefined || profile.simSid === simSid)
      .filter((profile) => status.value === undefined || profile.status === status.value);
    const url = `${baseUrl}/v1/ESimProfiles`;
    return pageReply({ key: "esim_profiles", url, parameters: query, items, show: show.profile });
  };

  const createProfile = (form: Parameters, actions: readonly Action[]): Reply => {
    const generate = readChoice(form, "GenerateMatchingId", ["true", "false"]);
    if (!generate.ok) return generate.reply;
    const callback = readCallback(form);
    if (!callback.ok) return callback.reply;
    const wantsMatchingId = generate.value === "true";
    const given = form.get("Eid");
    const eid = given === undefined ? undefined : readEid(given);
    if (given !== undefined && eid === undefined) return invalidParameter("Eid is not an EID");
    if (eid === undefined && !wantsMatchingId) return missingParameter("Eid");
    const plan = planReservation(timing, actions);
    return json(201, show.profile(reservations.create({ eid, wantsMatchingId, callback: callback.value }, plan)));
  };

  const listSims = (query: Parameters): Reply => {
    const status = readChoice(query, "Status", simStatuses);
    if (!status.ok) return status.reply;
    const fleetName = query.get("Fleet");
    const fleetSid = fleetName === undefined ? undefined : (fleets.find(fleetName)?.sid ?? "none");
    const iccid = query.get("Iccid");
    const items = sims
      .all()
      .filter((sim) => iccid === undefined || sim.iccid === iccid)
      .filter((sim) => fleetSid === undefined || sim.fleetSid === fleetSid)
      .filter((sim) => status.value === undefined || sim.status === status.value);
    return pageReply({ key: "sims", url: `${baseUrl}/v1/Sims`, parameters: query, items, show: show.sim });
  };

  const updateSim = (sidOrName: string, form: Parameters, path: string, actions: readonly Action[]): Reply => {
    const sim = sims.find(sidOrName);
    if (sim === undefined) return notFound(path);
    const scheduledMs = actions.reduce(
      (ms, action) => (action.do === "sim-update" ? action.scheduledMs : ms),
      timing.simScheduledMs,
    );
    const updated = sims.update(sim, form, scheduledMs);
    if (!updated.ok) return updated.reply;
    return json(updated.value.isScheduled ? 202 : 200, show.sim(updated.value.sim));
  };

  const registerSim = (form: Parameters): Reply => {
    for (const name of ["Iccid", "RegistrationCode"]) if (!form.has(name)) return missingParameter(name);
    // No physical SIMs were ever sold by this API.
    return refusal(400, 83002, "Super SIM cannot be registered");
  };

  const createFleet = (form: Parameters): Reply => {
    const created = fleets.create(form);
    return created.ok ? json(201, show.fleet(created.value)) : created.reply;
  };

  const listFleets = (query: Parameters): Reply => {
    const wanted = query.get("NetworkAccessProfile");
    const items = fleets.all().filter((fleet) => wanted === undefined || fleet.networkAccessProfileSid === wanted);
    return pageReply({ key: "fleets", url: `${baseUrl}/v1/Fleets`, parameters: query, items, show: show.fleet });
  };

  const reportProgress = (request: Request): Reply => {
    if (request.method !== "POST") return methodNotAllowed();
    if (!/^application\/json\b/i.test(request.contentType ?? ""))
      return json(400, { message: "the body must be JSON" });
    const report = readProgress(request.body);
    if (!report.ok) return report.reply;
    if (report.value !== undefined) reservations.report(report.value);
    return { status: 204, headers: {}, body: "" };
  };

  const resources = (request: Request, actions: readonly Action[]): Reply | undefined => {
    const { method, path } = request;
    const [, collection, id, ...rest] = /^\/v1\/([A-Za-z]+)(?:\/([^/]+))?(.*)$/.exec(path) ?? [];
    if (collection === undefined || rest.join("") !== "") return undefined;
    const query = (known: readonly string[], handle: (parameters: Parameters) => Reply): Reply => {
      const parameters = readParameters(request.query, known);
      return parameters.ok ? handle(parameters.value) : parameters.reply;
    };
    const form = (known: readonly string[], handle: (parameters: Parameters) => Reply): Reply => {
      if (request.query !== "") return invalidParameter("a POST takes its parameters in the body");
      if (request.body !== "" && !/^application\/x-www-form-urlencoded\b/i.test(request.contentType ?? "")) {
        return invalidParameter("the body must be application/x-www-form-urlencoded");
      }
      const parameters = readParameters(request.body, known);
      return parameters.ok ? handle(parameters.value) : parameters.reply;
    };
    const fetch = <T>(found: T | undefined, one: (item: T) => unknown): Reply =>
      query([], () => (found === undefined ? notFound(path) : json(200, one(found))));

    switch (`${method} ${collection}${id === undefined ? "" : "/:sid"}`) {
      case "GET ESimProfiles":
        return query(["Eid", "SimSid", "Status", ...pagingParameters], listProfiles);
      case "POST ESimProfiles":
        return form(["Eid", "GenerateMatchingId", "CallbackUrl", "CallbackMethod"], (parameters) =>
          createProfile(parameters, actions),
        );
      case "GET ESimProfiles/:sid":
        return fetch(reservations.find(id ?? ""), show.profile);
      case "GET Sims":
        return query(["Status", "Fleet", "Iccid", ...pagingParameters], listSims);
      case "POST Sims":
        return form(["Iccid", "RegistrationCode"], registerSim);
      case "GET Sims/:sid":
        return fetch(sims.find(decodeSegment(id ?? "")), show.sim);
      case "POST Sims/:sid":
        return form(updateSimParameters, (parameters) => updateSim(decodeSegment(id ?? ""), parameters, path, actions));
      case "GET Fleets":
        return query(["NetworkAccessProfile", ...pagingParameters], listFleets);
      case "POST Fleets":
        return form(createFleetParameters, createFleet);
      case "GET Fleets/:sid":
        return fetch(fleets.find(decodeSegment(id ?? "")), show.fleet);
      default:
        return ["ESimProfiles", "Sims", "Fleets"].includes(collection) ? methodNotAllowed() : undefined;
    }
  };

  return (request, actions) => {
    const { method, path, contentType, body, authorization } = request;
    if (path === tokenPath) return method === "POST" ? access.issueToken(contentType, body) : methodNotAllowed();
    if (path === progressPath) return reportProgress(request);
    if (path === "/_ledger")
      return method === "GET" ? json(200, { charges: reservations.ledger() }) : methodNotAllowed();
    // Case matters in paths, and what is not a resource is answered by the web server in front, in HTML.
    if (!/^\/v1\/(ESimProfiles|Sims|Fleets)(\/[^/]+)?$/.test(path)) return html(404);
    return access.check(authorization) ?? resources(request, actions) ?? html(404);
  };
}

/** A unique name may hold anything; one that does not decode names nothing. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
