import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";

/**
 * The record of a station: an append-only file of JSON lines, each durable before what it tells of goes on. Everything else (counters, CSV,
 * the batch's report, what is known of a unit that comes back) is made from it.
 */

const time = z.iso.datetime();
const eid = z.string().regex(/^\d{32}$/);
const imei = z.string().regex(/^\d{15,16}$/);
const iccid = z.string().regex(/^\d{18,20}$/);

/** What a unit may be called: what scanners read from labels, without what would break a line or a CSV's cell. */
export const serialForm = /^[A-Za-z0-9](?:[A-Za-z0-9 ._:/+#-]{0,62}[A-Za-z0-9])?$/;
export const serialFormSentence =
  'a serial number of at most 64 letters, digits, " ", ".", "_", ":", "/", "+", "#" and "-" that begins and ends with a letter or digit';
export const batchForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const serial = z.string().regex(serialForm);
const batch = z.string().regex(batchForm);
/** One run of one unit in one slot. */
const run = z.uuid();
const slot = z.int().min(1).max(64);
const common = { v: z.literal(1), at: time, station: z.string().min(1).max(64) };

export const verdicts = ["PASS", "FAIL"] as const;
export type Verdict = (typeof verdicts)[number];

const label = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("printed") }),
  z.strictObject({ kind: z.literal("failed"), code: z.string(), message: z.string().max(2000) }),
]);

export const entrySchema = z.discriminatedUnion("kind", [
  /** The batch begins here, or goes on after a start of the station. */
  z.strictObject({
    ...common,
    kind: z.literal("batch"),
    batch,
    version: z.string(),
    budget: z.int().min(0).nullable(),
    /** The sheet of work and how many units it has. */
    sheet: z.strictObject({ file: z.string().max(4096), units: z.int().min(0) }).nullable(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("begun"),
    run,
    batch,
    slot,
    /** Null where it is read from the modem, and so not known before `identified`. */
    serial: serial.nullable(),
    operator: z.string().max(64).nullable(),
  }),
  /** Who is in the slot; on disk before anything is paid for. */
  z.strictObject({
    ...common,
    kind: z.literal("identified"),
    run,
    batch,
    serial,
    eid,
    imei: imei.nullable(),
    /** What the eUICC's own ledger had as paid for before this run, and what it had as doubtful. */
    chargesBefore: z.int().min(0),
    doubtfulBefore: z.int().min(0),
  }),
  /** The unit's PASS or FAIL. */
  z.strictObject({
    ...common,
    kind: z.literal("ended"),
    run,
    batch,
    slot,
    verdict: z.enum(verdicts),
    serial: serial.nullable(),
    eid: eid.nullable(),
    imei: imei.nullable(),
    iccid: iccid.nullable(),
    sid: z.string().nullable(),
    simSid: z.string().nullable(),
    simStatus: z.string().nullable(),
    vendor: z.string().nullable(),
    model: z.string().nullable(),
    firmware: z.string().nullable(),
    /** The report's state, or null where no run came about. */
    state: z.enum(["provisioned", "failed", "held"]).nullable(),
    changed: z.boolean(),
    /** It had passed before, and was found as it was left. */
    again: z.boolean(),
    /** What the eUICC's own ledger has as paid for; null where no EID is known. */
    charges: z.int().min(0).nullable(),
    /** POSTs of which it does not know whether they were charged; null where no EID is known. */
    doubtful: z.int().min(0).nullable(),
    /** Registration, where it was asked for. */
    verified: z.enum(["registered", "not-registered"]).nullable(),
    error: z
      .strictObject({
        code: z.string(),
        message: z.string().max(4000),
        actor: z.string(),
        retry: z.string(),
        hint: z.string().max(4000),
      })
      .nullable(),
    seconds: z.number().min(0),
  }),
  /** The station was not there any more when this run was on its way: found at the next start. */
  z.strictObject({ ...common, kind: z.literal("interrupted"), run, batch, slot, serial: serial.nullable() }),
  z.strictObject({ ...common, kind: z.literal("label"), run, batch, serial, copy: z.int().min(1), result: label }),
  /** A person took back that this serial number belongs to this eUICC: scanned for the wrong unit, or the board was changed. */
  z.strictObject({
    ...common,
    kind: z.literal("voided"),
    serial,
    eid: eid.nullable(),
    by: z.string().max(64).nullable(),
    why: z.string().min(1).max(500),
  }),
]);

export type Entry = z.infer<typeof entrySchema>;
type WithoutStamp<Kind> = Kind extends unknown ? Omit<Kind, "v" | "at" | "station"> : never;
/** An entry without what the log itself puts in: version, time, station. */
export type Fact = WithoutStamp<Entry>;
export type EndedEntry = Extract<Entry, { kind: "ended" }>;

/** @throws EsimdError `bad_input` that names the place. */
export function parseSerial(text: string, place: string): string {
  const trimmed = text.trim();
  if (serialForm.test(trimmed)) return trimmed;
  throw new EsimdError("bad_input", `${place}: ${quote(trimmed)} is not ${serialFormSentence}`);
}
