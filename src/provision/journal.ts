import { z } from "zod";
import { EsimdError } from "../base/errors.js";
import { maskIdentifiers, parseEid } from "../base/identifiers.js";
import { type StateName, stateNames } from "./states.js";

/**
 * The journal: where a run stands and what the next one should expect to find. It is replaced as a whole, atomically. It is the third
 * truth, after the eUICC and the API: losing it costs time, never money (the money is in the ledger).
 */

export const journalVersion = 1;

const journalSchema = z.object({
  schema: z.literal(`esimd.journal/${journalVersion}`),
  eid: z.string(),
  state: z.enum(stateNames as readonly [StateName, ...StateName[]]),
  updatedAt: z.iso.datetime(),
  /** Lines that the ledger had when this was written; a shorter ledger has lost some. */
  ledgerEntries: z.number().int().nonnegative(),
  /** The reservation this eUICC works on. */
  reservationSid: z.string().nullable(),
  /** The profile it is to end with. */
  iccid: z.string().nullable(),
  /** The profile that was seen on the eUICC's list after a download, or was found there as ours. */
  installedIccid: z.string().nullable(),
  /** The last run that ended well left it enabled, with its Sim as wanted. */
  provisioned: z.boolean(),
  /** What was on the eUICC before a download session whose end was not judged yet: what is new since then came from it. */
  baseline: z.array(z.string()).max(100).nullable(),
  /** Download sessions begun over all runs. */
  sessions: z.number().int().nonnegative(),
  /** The outbox: notifications that the SM-DP+ did not take yet, as DER in base64. The eUICC has them too, until they are taken. */
  outbox: z
    .array(
      z.strictObject({
        seqNumber: z.number().int().nonnegative(),
        address: z.string().max(255),
        iccid: z.string().max(20),
        der: z.base64().max(16_384),
      }),
    )
    .max(50)
    .default([]),
  /** The modem's first packet context before esimd wrote its APN there; `undefined` in it: none was defined. */
  contextBefore: z
    .strictObject({ type: z.string().max(16), apn: z.string().max(120) })
    .nullable()
    .or(z.literal("none"))
    .default(null),
  /** Steps by which the modem was restarted for a profile that it did not take up yet; a modem that never does is not restarted for ever. */
  restarts: z
    .strictObject({ iccid: z.string().max(20), steps: z.number().int().nonnegative() })
    .nullable()
    .default(null),
  /** How long the provider's list was watched for a POST without its answer (its intent's id), over all runs. */
  settling: z
    .strictObject({ post: z.string().max(64), waitedMs: z.number().int().nonnegative() })
    .nullable()
    .default(null),
  /**
   * The profile `wanted` is on trial in place of `before`, which was enabled when it came; until it is found to work, `before` is what the
   * device can go back to.
   */
  trial: z
    .strictObject({
      wanted: z.string().max(20),
      before: z.string().max(20),
      /** Whether the modem was registered with `before`; null: it did not tell. */
      registered: z.boolean().nullable(),
      /** The switch was begun, and counted; the wanted one was seen enabled; the way back was begun; or there is none, and none is counted. */
      phase: z.enum(["begun", "enabled", "back", "uncounted"]),
    })
    .nullable()
    .default(null),
  /** How long ago the switches to a profile on trial were, when this was written: by which process, at what time of its clocks. */
  switches: z
    .strictObject({
      process: z.string().max(128),
      monotonicMs: z.number().nonnegative(),
      at: z.iso.datetime(),
      agesMs: z.array(z.number().nonnegative()).max(100),
    })
    .nullable()
    .default(null),
  /** Code and sentence of the error that ended the last run, if one did. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export type Journal = z.infer<typeof journalSchema>;

export function emptyJournal(eid: string, nowMs: number): Journal {
  return {
    schema: `esimd.journal/${journalVersion}`,
    eid,
    state: "surveying",
    updatedAt: new Date(nowMs).toISOString(),
    ledgerEntries: 0,
    reservationSid: null,
    iccid: null,
    installedIccid: null,
    provisioned: false,
    baseline: null,
    sessions: 0,
    outbox: [],
    contextBefore: null,
    restarts: null,
    settling: null,
    trial: null,
    switches: null,
    error: null,
  };
}

export type JournalReading =
  | { readonly kind: "good"; readonly journal: Journal }
  | { readonly kind: "damaged"; readonly why: string };

/** @throws EsimdError `state_newer` for a journal of a later version, which is not ours to touch. */
export function parseJournal(text: string, path: string): JournalReading {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { kind: "damaged", why: "it is not JSON" };
  }
  const version = z.object({ schema: z.string().regex(/^esimd\.journal\/\d+$/) }).safeParse(raw);
  if (version.success && Number(version.data.schema.split("/")[1]) > journalVersion) {
    throw new EsimdError(
      "state_newer",
      `${path} is of version ${version.data.schema}, this esimd writes esimd.journal/${journalVersion}`,
    );
  }
  const journal = journalSchema.safeParse(raw);
  if (!journal.success) return { kind: "damaged", why: "it lacks fields of a journal" };
  return { kind: "good", journal: journal.data };
}

/**
 * A reading as that of one eUICC's folder. The journal of another eUICC came there by a folder that was renamed or copied, and its ledger
 * with it: begun anew beside that ledger, this eUICC would take the other one's money for its own, and write into its record.
 * @throws EsimdError `state_foreign`: nothing of the folder is ours to use or to touch.
 */
export function asOwn(reading: JournalReading, eid: string, path: string): JournalReading {
  if (reading.kind === "damaged" || reading.journal.eid === eid) return reading;
  const { eid: other } = reading.journal;
  if (!isEid(other)) return { kind: "damaged", why: "what it names as its EID is none" };
  throw new EsimdError(
    "state_foreign",
    `${path} is the journal of another eUICC, whose EID is ${maskIdentifiers(other)}`,
  );
}

function isEid(text: string): boolean {
  try {
    parseEid(text, "the journal");
    return true;
  } catch {
    return false;
  }
}
