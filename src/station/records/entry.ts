import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { endedSchema, labelSchema, recordParts, serialForm, voidedSchema } from "../../report/unit.js";

export { batchForm, serialForm, type Verdict, verdicts } from "../../report/unit.js";

/**
 * The record of a station: an append-only file of JSON lines, each durable before what it tells of goes on. Everything else (counters, CSV,
 * the batch's report, what is known of a unit that comes back) is made from it.
 */

/** What {@link serialForm} is, in words. */
export const serialFormSentence =
  'a serial number of at most 64 letters, digits, " ", ".", "_", ":", "/", "+", "#" and "-" that begins and ends with a letter or digit';

const { eid, imei, serial, batch, run, slot, common } = recordParts;

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
  endedSchema,
  /** The station was not there any more when this run was on its way: found at the next start. */
  z.strictObject({ ...common, kind: z.literal("interrupted"), run, batch, slot, serial: serial.nullable() }),
  labelSchema,
  voidedSchema,
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
