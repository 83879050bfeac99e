import { z } from "zod";

/**
 * What is told of a unit of a factory line: lines of the station's record (src/station/records/entry.ts), which go to a fleet as they stand
 * there. docs/station-records.md and docs/event.schema.json are about this. Whole identifiers: these are results.
 */

const time = z.iso.datetime();

/** What a unit may be called: what scanners read from labels, without what would break a line or a CSV's cell. */
export const serialForm = /^[A-Za-z0-9](?:[A-Za-z0-9 ._:/+#-]{0,62}[A-Za-z0-9])?$/;
export const batchForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const recordParts = {
  eid: z.string().regex(/^\d{32}$/),
  imei: z.string().regex(/^\d{15,16}$/),
  iccid: z.string().regex(/^\d{18,20}$/),
  serial: z.string().regex(serialForm),
  batch: z.string().regex(batchForm),
  /** One run of one unit in one slot. */
  run: z.uuid(),
  slot: z.int().min(1).max(64),
  common: { v: z.literal(1), at: time, station: z.string().min(1).max(64) },
} as const;

const { eid, imei, iccid, serial, batch, run, slot, common } = recordParts;

export const verdicts = ["PASS", "FAIL"] as const;
export type Verdict = (typeof verdicts)[number];

const label = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("printed") }),
  z.strictObject({ kind: z.literal("failed"), code: z.string(), message: z.string().max(2000) }),
]);

/** The unit's PASS or FAIL. */
export const endedSchema = z.strictObject({
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
});

export const labelSchema = z.strictObject({
  ...common,
  kind: z.literal("label"),
  run,
  batch,
  serial,
  copy: z.int().min(1),
  result: label,
});

/** A person took back that this serial number belongs to this eUICC: scanned for the wrong unit, or the board was changed. */
export const voidedSchema = z.strictObject({
  ...common,
  kind: z.literal("voided"),
  serial,
  eid: eid.nullable(),
  by: z.string().max(64).nullable(),
  why: z.string().min(1).max(500),
});
