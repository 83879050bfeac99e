import { z } from "zod";
import { EsimdError, isEsimdError } from "../base/errors.js";
import {
  parseActivationCode,
  parseIccid,
  parseMatchingId,
  parseSmdpAddress,
  quote,
  type SmdpAddress,
} from "../base/identifiers.js";
import { describeBody, parseJson } from "./answer-errors.js";
import type { ESimProfile, ESimProfileStatus, Fleet, Sim, SimStatus } from "./resources.js";

/**
 * From the vendors' JSON to our resources. Every field may be null or missing, and fields that nobody knows yet are ignored. A field that
 * is there and cannot be read makes the whole resource unreadable, with its name and the sid in the error: to act on half of a
 * reservation could cost a second one or activate somebody else's Sim.
 */

/** Bounded; null and the empty string (KORE's and the examples' way to say "unset") are undefined. */
const text = z
  .string()
  .max(2048)
  .nullish()
  .transform((value) => (value === null || value === "" ? undefined : value));

/** A pattern is documented, but a client need not know more than that it is safe in a path. */
const sid = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

const eSimProfileShape = z.object({
  sid,
  status: text,
  iccid: text,
  sim_sid: sid.nullish().or(z.literal("")),
  eid: text,
  smdp_plus_address: text,
  matching_id: text,
  activation_code: text,
  // A string in the document; a number is as readable.
  error_code: z.union([text, z.number().transform(String)]),
  error_message: text,
  date_created: text,
  date_updated: text,
});

const simShape = z.object({
  sid,
  status: text,
  iccid: text,
  fleet_sid: sid.nullish().or(z.literal("")),
  unique_name: text,
});

const fleetShape = z.object({ sid, unique_name: text });

const listShape = z.object({
  meta: z.object({ next_page_url: z.string().max(4096).nullish() }),
});

const profileStatuses: ReadonlySet<string> = new Set<ESimProfileStatus>([
  "new",
  "reserving",
  "available",
  "downloaded",
  "installed",
  "failed",
]);
const simStatuses: ReadonlySet<string> = new Set<SimStatus>(["new", "ready", "active", "inactive", "scheduled"]);

/** @throws EsimdError `api_protocol`. */
export function parseESimProfile(json: unknown, place: string): ESimProfile {
  const raw = check(eSimProfileShape, json, `${place}: the ESimProfile`);
  const where = `${place}: ESimProfile ${raw.sid}`;
  return {
    sid: raw.sid,
    status: isKnownProfileStatus(raw.status) ? raw.status : `unknown:${raw.status ?? "missing"}`,
    iccid: field(raw.iccid, where, "iccid", parseIccid),
    simSid: raw.sim_sid || undefined,
    eid: raw.eid,
    smdpAddress: field(raw.smdp_plus_address, where, "smdp_plus_address", parseAddress),
    matchingId: field(raw.matching_id, where, "matching_id", parseMatchingId),
    activationCode: field(raw.activation_code, where, "activation_code", parseActivationCode),
    errorCode: raw.error_code,
    errorMessage: raw.error_message,
    dateCreatedMs: parseDate(raw.date_created),
    dateUpdatedMs: parseDate(raw.date_updated),
  };
}

/** @throws EsimdError `api_protocol`. */
export function parseSim(json: unknown, place: string): Sim {
  const raw = check(simShape, json, `${place}: the Sim`);
  return {
    sid: raw.sid,
    iccid: field(raw.iccid, `${place}: Sim ${raw.sid}`, "iccid", parseIccid),
    status: isKnownSimStatus(raw.status) ? raw.status : `unknown:${raw.status ?? "missing"}`,
    fleetSid: raw.fleet_sid || undefined,
    uniqueName: raw.unique_name,
  };
}

/** @throws EsimdError `api_protocol`. */
export function parseFleet(json: unknown, place: string): Fleet {
  const raw = check(fleetShape, json, `${place}: the Fleet`);
  return { sid: raw.sid, uniqueName: raw.unique_name };
}

export interface ListPage {
  readonly items: readonly unknown[];
  /** Absolute or relative as the API gave it; undefined at the end of the list. */
  readonly nextPageUrl: string | undefined;
}

/**
 * One page of a list. The end must be said: by a null, or by a missing `next_page_url` on a page that is not full (a gateway may leave
 * nulls out). @throws EsimdError `api_protocol`.
 */
export function parseListPage(json: unknown, key: string, pageSize: number, place: string): ListPage {
  const raw = check(listShape, json, `${place}: the list`);
  const items = check(z.object({ [key]: z.array(z.unknown()).max(1000) }), json, `${place}: the list`)[key] ?? [];
  const nextPageUrl = raw.meta.next_page_url;
  if (nextPageUrl === undefined && items.length >= pageSize) {
    throw new EsimdError("api_protocol", `${place}: the list does not say whether it goes on (no next_page_url)`);
  }
  return { items, nextPageUrl: nextPageUrl ?? undefined };
}

/** The JSON of a success. @throws EsimdError `api_protocol`. */
export function parseAnswerBody(body: string, place: string): unknown {
  const json = parseJson(body);
  if (json === undefined) throw new EsimdError("api_protocol", `${place}: the answer is ${describeNonJson(body)}`);
  return json;
}

function describeNonJson(body: string): string {
  return /^\s*(<|$)/.test(body) ? describeBody(body) : `not JSON (${quote(body)})`;
}

function check<T>(shape: z.ZodType<T>, json: unknown, what: string): T {
  const result = shape.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new EsimdError("api_protocol", `${what} cannot be read${path}: ${issue?.message ?? "it is malformed"}`);
}

function field<T>(
  value: string | undefined,
  where: string,
  name: string,
  parse: (text: string, place: string) => T,
): T | undefined {
  if (value === undefined) return undefined;
  try {
    return parse(value, `${where}, ${name}`);
  } catch (cause) {
    if (!isEsimdError(cause)) throw cause;
    throw new EsimdError("api_protocol", cause.message, { cause });
  }
}

/** A bare host in every example, though both documents type it as a URI: take both, and nothing of a URL but its authority. */
function parseAddress(value: string, place: string): SmdpAddress {
  return parseSmdpAddress(value.replace(/^https:\/\/([^/?#]+)\/?$/i, "$1"), place);
}

/** Dates only order reservations of the same EID; one that cannot be read is no worse than a missing one. */
function parseDate(value: string | undefined): number | undefined {
  const ms = value === undefined ? Number.NaN : Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

function isKnownProfileStatus(value: string | undefined): value is ESimProfileStatus {
  return value !== undefined && profileStatuses.has(value);
}

function isKnownSimStatus(value: string | undefined): value is SimStatus {
  return value !== undefined && simStatuses.has(value);
}
