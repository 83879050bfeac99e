import { z } from "zod";

/**
 * The ledger: every step that cost or may have cost money, one JSON line each, only ever appended to. It is read as a whole and folded
 * into what is known of the money spent for one eUICC. Pure.
 */

const common = { v: z.literal(1), at: z.iso.datetime() };
const intentId = z.string().min(1).max(64);
const sid = z.string().min(1).max(64);
const why = z.string().max(500);
const person = z.literal("person");
const count = z.number().int().nonnegative();

/** One schema for each kind of line. Exported for the ledger of a batch (batch/entries.ts), whose lines are the same but for what is added. */
export const ledgerForms = {
  /** Durable before the POST: from here on a reservation may exist. */
  intent: z.strictObject({
    ...common,
    kind: z.literal("intent"),
    id: intentId,
    method: z.enum(["eid", "activation-code"]),
    why,
  }),
  /** The POST was answered with this resource. */
  created: z.strictObject({ ...common, kind: z.literal("created"), id: intentId, sid }),
  /** The POST was provably not processed. */
  refused: z.strictObject({ ...common, kind: z.literal("refused"), id: intentId, code: z.string().max(64) }),
  /** The outcome stayed unknown after the settling time; it counts as a charge. */
  unclear: z.strictObject({ ...common, kind: z.literal("unclear"), id: intentId }),
  /** A reservation found at the provider; `id` when it settles an intent. `lifts` takes back what was said of it before. */
  adopted: z.strictObject({
    ...common,
    kind: z.literal("adopted"),
    sid,
    id: intentId.optional(),
    why,
    by: person.optional(),
    lifts: z
      .array(z.enum(["burned", "released"]))
      .max(2)
      .optional(),
  }),
  /** The provider showed it as available or beyond: charged. */
  charged: z.strictObject({ ...common, kind: z.literal("charged"), sid }),
  /** It failed before it was ever available: not charged. */
  uncharged: z.strictObject({ ...common, kind: z.literal("uncharged"), sid }),
  /** Its order ended without the profile on the eUICC; it is not tried again by itself. */
  burned: z.strictObject({ ...common, kind: z.literal("burned"), sid, why }),
  /** Given up by a person: it stays paid, no run takes it up by itself, and one more is allowed in its place. */
  released: z.strictObject({ ...common, kind: z.literal("released"), sid, by: person, why }),
  /** The same of a POST that nobody knows the outcome of. */
  "intent-released": z.strictObject({ ...common, kind: z.literal("intent-released"), id: intentId, by: person, why }),
  /** A person had a damaged ledger replaced: the entries before it are those that could still be read, and how many could not. */
  rebuilt: z.strictObject({ ...common, kind: z.literal("rebuilt"), by: person, kept: count, lost: count, why }),
} as const;

/** What every line has. */
export const ledgerStamp = common;

/**
 * Kinds and fields are only ever added. An esimd that is older than an entry does not know it, takes the ledger for damaged and holds,
 * which costs nothing.
 */
export const ledgerEntrySchema = z.discriminatedUnion("kind", [
  ledgerForms.intent,
  ledgerForms.created,
  ledgerForms.refused,
  ledgerForms.unclear,
  ledgerForms.adopted,
  ledgerForms.charged,
  ledgerForms.uncharged,
  ledgerForms.burned,
  ledgerForms.released,
  ledgerForms["intent-released"],
  ledgerForms.rebuilt,
]);

export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;
export type WithoutStamp<Entry> = Entry extends unknown ? Omit<Entry, "v" | "at"> : never;
export type LedgerFact = WithoutStamp<LedgerEntry>;

export interface PendingIntent {
  readonly id: string;
  readonly method: "eid" | "activation-code";
  readonly atMs: number;
}

/** A POST whose outcome stayed unknown; it counts as a charge. */
export interface UnclearPost extends PendingIntent {
  /** A person gave it up. */
  readonly released: boolean;
}

/** What the ledger says of one eUICC. */
export interface Money {
  /** Reservations that were charged or must be taken as charged, by sid. */
  readonly reserved: ReadonlySet<string>;
  /** Of those, the ones that the provider showed as available or beyond. */
  readonly charged: ReadonlySet<string>;
  readonly uncharged: ReadonlySet<string>;
  readonly burned: ReadonlyMap<string, string>;
  /** Reservations that a person gave up, and why. */
  readonly released: ReadonlyMap<string, string>;
  /** How many POSTs have an outcome that stayed unknown, and which ones. */
  readonly unclear: number;
  readonly unclearPosts: readonly UnclearPost[];
  /** A POST whose outcome is not known yet. */
  readonly pending: PendingIntent | undefined;
}

/** What was paid for, as far as the ledger of one eUICC tells. */
export interface Charges {
  /** Reservations that were charged, or must be taken as charged. */
  readonly known: number;
  /** POSTs of which nobody knows whether they were: they count against every budget. */
  readonly doubtful: number;
}

/** Undefined for a ledger that cannot be read. Pure. */
export function chargesOf(money: Money | undefined): Charges | undefined {
  if (money === undefined) return undefined;
  return { known: money.reserved.size, doubtful: money.unclear + (money.pending === undefined ? 0 : 1) };
}

export type LedgerReading = EntriesReading<LedgerEntry>;

export type EntriesReading<Entry> =
  | {
      readonly kind: "good";
      readonly entries: readonly Entry[] /** Bytes of a torn last line were there and are not counted. */;
      readonly torn: boolean;
    }
  | { readonly kind: "damaged"; readonly why: string };

/**
 * Reads the ledger's text. A last line without its end was torn by a power cut before its fsync returned, so nothing was done on it, and
 * it is dropped. So is a last line that is no JSON, where the journal is known to have counted fewer lines (`counted`): its pages reached the disk
 * out of order. Anything else that cannot be read is damage, and an entry that only a later esimd knows is never dropped.
 */
export function parseLedger(text: string, counted?: number): LedgerReading {
  return parseEntries(text, ledgerEntrySchema, counted);
}

/** The same of a ledger with lines of its own. */
export function parseEntries<Entry>(text: string, schema: z.ZodType<Entry>, counted?: number): EntriesReading<Entry> {
  const lines = text.split("\n");
  const tail = lines.pop() ?? "";
  const entries: Entry[] = [];
  for (const [index, line] of lines.entries()) {
    const reading = parseEntry(line, schema);
    if (reading.kind === "entry") {
      entries.push(reading.entry);
      continue;
    }
    const isUncounted = counted !== undefined && index === lines.length - 1 && entries.length >= counted;
    if (isUncounted && reading.kind === "not-json") return { kind: "good", entries, torn: true };
    const what = reading.kind === "not-json" ? "not JSON" : "not an entry that this esimd knows";
    return { kind: "damaged", why: `line ${index + 1} is ${what}` };
  }
  return { kind: "good", entries, torn: tail !== "" };
}

type LineReading<Entry> =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "not-json" }
  | { readonly kind: "unknown" };

function parseEntry<Entry>(line: string, schema: z.ZodType<Entry>): LineReading<Entry> {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return { kind: "not-json" };
  }
  const entry = schema.safeParse(raw);
  return entry.success ? { kind: "entry", entry: entry.data } : { kind: "unknown" };
}

export function foldLedger(entries: readonly LedgerEntry[]): Money {
  const reserved = new Set<string>();
  const charged = new Set<string>();
  const uncharged = new Set<string>();
  const burned = new Map<string, string>();
  const released = new Map<string, string>();
  const pending = new Map<string, PendingIntent>();
  const unclear = new Map<string, UnclearPost>();
  const stayUnclear = (id: string, at: string, isReleased: boolean): void => {
    const post = pending.get(id) ?? unclear.get(id) ?? { id, method: "eid" as const, atMs: Date.parse(at) };
    pending.delete(id);
    unclear.set(id, { ...post, released: isReleased });
  };
  for (const entry of entries) {
    switch (entry.kind) {
      case "intent":
        pending.set(entry.id, { id: entry.id, method: entry.method, atMs: Date.parse(entry.at) });
        break;
      case "created":
        pending.delete(entry.id);
        reserved.add(entry.sid);
        break;
      case "refused":
        pending.delete(entry.id);
        break;
      case "unclear":
        stayUnclear(entry.id, entry.at, unclear.get(entry.id)?.released ?? false);
        break;
      case "adopted":
        if (entry.id !== undefined) {
          pending.delete(entry.id);
          // What it made is known now, and counts as that.
          unclear.delete(entry.id);
        }
        reserved.add(entry.sid);
        if (entry.by === "person") uncharged.delete(entry.sid);
        if (entry.lifts?.includes("burned") === true) burned.delete(entry.sid);
        if (entry.lifts?.includes("released") === true) released.delete(entry.sid);
        break;
      case "charged":
        reserved.add(entry.sid);
        charged.add(entry.sid);
        break;
      case "uncharged":
        reserved.delete(entry.sid);
        uncharged.add(entry.sid);
        break;
      case "burned":
        burned.set(entry.sid, entry.why);
        break;
      case "released":
        reserved.add(entry.sid);
        released.set(entry.sid, entry.why);
        break;
      case "intent-released":
        stayUnclear(entry.id, entry.at, true);
        break;
      case "rebuilt":
        break;
    }
  }
  const unclearPosts = [...unclear.values()];
  return {
    reserved,
    charged,
    uncharged,
    burned,
    released,
    unclear: unclearPosts.length,
    unclearPosts,
    pending: [...pending.values()].at(-1),
  };
}
