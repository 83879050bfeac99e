import { z } from "zod";
import { ledgerForms, ledgerStamp, type WithoutStamp } from "../ledger.js";

/**
 * The ledger of a batch of activation codes: the lines of an eUICC's ledger, with the item that a POST is for, and one that says how many
 * codes there are to be. An eUICC's ledger takes neither, so that one can never pass for the other.
 */

/** At four or five lines an item a ledger of this many stays far below the size that is read (store/disk.ts). */
export const largestBatch = 2_000;

export const batchEntrySchema = z.discriminatedUnion("kind", [
  /** A person wants so many codes: the first line, and one for each change of the number. */
  z.strictObject({
    ...ledgerStamp,
    kind: z.literal("batch"),
    name: z.string().min(1).max(64),
    /** Another provider's account knows nothing of what this one made. */
    provider: z.enum(["twilio", "kore"]),
    count: z.number().int().min(1).max(largestBatch),
  }),
  ledgerForms.intent.extend({ item: z.number().int().min(1).max(largestBatch) }),
  ledgerForms.created,
  ledgerForms.refused,
  ledgerForms.unclear,
  ledgerForms.adopted,
  ledgerForms.charged,
  ledgerForms.uncharged,
  ledgerForms.burned,
  ledgerForms.released,
  ledgerForms["intent-released"],
]);

export type BatchEntry = z.infer<typeof batchEntrySchema>;
export type BatchFact = WithoutStamp<BatchEntry>;
