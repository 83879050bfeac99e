import { type EntriesReading, type LedgerEntry, parseEntries } from "../ledger.js";
import { type BatchEntry, batchEntrySchema } from "./entries.js";

/** What the ledger of a batch says: which items have what, what was spent, and what may still be. Pure. */

export type ItemState =
  /** Nothing that costs: it may be asked for. */
  | { readonly kind: "open" }
  /** Its POST is under way, or the process that made it died. */
  | { readonly kind: "asked"; readonly post: string; readonly atMs: number }
  /** Nobody knows what its POST did; a person decides. */
  | { readonly kind: "held"; readonly post: string; readonly atMs: number }
  /** Made, and not yet seen as available. */
  | { readonly kind: "reserved"; readonly sid: string }
  /** Charged: there is an activation code. */
  | { readonly kind: "ready"; readonly sid: string }
  /** Charged, and failed afterwards; a person decides. */
  | { readonly kind: "lost"; readonly sid: string; readonly why: string };

export interface BatchItem {
  /** From 1. */
  readonly number: number;
  readonly state: ItemState;
}

export interface Batch {
  readonly name: string;
  readonly provider: "twilio" | "kore";
  /** How many codes there are to be. */
  readonly count: number;
  /** Those that were ever asked for, by number. */
  readonly items: readonly BatchItem[];
  /** Charges, and POSTs that were or may have been charged; what was given up stays paid. */
  readonly spent: number;
  /** The count, and one for each that a person gave up. */
  readonly allowed: number;
  /** How many POSTs may still be made. */
  readonly left: number;
  /** Every reservation that the ledger names, whatever became of it. */
  readonly sids: ReadonlySet<string>;
}

interface Attempt {
  readonly item: number;
  readonly post: string;
  readonly atMs: number;
  sid: string | undefined;
  outcome: "asked" | "held" | "nothing" | "reserved" | "charged" | "burned" | "released";
  why: string;
}

/** A ledger that grows by one line at a time. */
export interface BatchFold {
  /** Undefined while there is no first line. */
  batch(): Batch | undefined;
  /** Why the entry cannot stand behind those before it; nothing is changed then. */
  apply(entry: BatchEntry): string | undefined;
}

export function createBatchFold(): BatchFold {
  let head: Extract<BatchEntry, { kind: "batch" }> | undefined;
  const attempts = new Map<string, Attempt>();
  const bySid = new Map<string, Attempt>();
  const latest = new Map<number, Attempt>();
  let known: Batch | undefined;

  const numberOf = (is: (outcome: Attempt["outcome"]) => boolean): number =>
    [...attempts.values()].filter(({ outcome }) => is(outcome)).length;
  const spent = (): number => numberOf((outcome) => outcome !== "nothing");
  const givenUp = (): number => numberOf((outcome) => outcome === "released");
  const name = (attempt: Attempt, sid: string): string | undefined => {
    if (bySid.has(sid)) return `it names the reservation ${sid} a second time`;
    attempt.sid = sid;
    attempt.outcome = "reserved";
    bySid.set(sid, attempt);
    return undefined;
  };
  const settle = (
    attempt: Attempt | undefined,
    outcome: Attempt["outcome"],
    from: readonly Attempt["outcome"][],
    why = "",
  ): string | undefined => {
    if (attempt === undefined) return "it is about something that no line before it names";
    if (!from.includes(attempt.outcome)) return "it does not fit what the lines before it say";
    attempt.outcome = outcome;
    attempt.why = why;
    return undefined;
  };

  const change = (entry: BatchEntry): string | undefined => {
    if (entry.kind === "batch") {
      if (head !== undefined && (head.name !== entry.name || head.provider !== entry.provider)) {
        return "it is of another batch";
      }
      if (entry.count < spent() - givenUp()) return `${spent() - givenUp()} are there already`;
      head = entry;
      return undefined;
    }
    if (head === undefined) return "no line before it says how many codes there are to be";
    switch (entry.kind) {
      case "intent": {
        if (attempts.has(entry.id)) return "its POST is there already";
        const before = latest.get(entry.item);
        if (before !== undefined && stateOf(before).kind !== "open") return `item ${entry.item} is taken`;
        // The rule that costs money, in the one place that every POST comes by.
        if (spent() >= head.count + givenUp()) return `there are to be no more than ${head.count}`;
        const attempt: Attempt = {
          item: entry.item,
          post: entry.id,
          atMs: Date.parse(entry.at),
          sid: undefined,
          outcome: "asked",
          why: "",
        };
        attempts.set(entry.id, attempt);
        latest.set(entry.item, attempt);
        return undefined;
      }
      case "created":
      case "adopted": {
        const attempt = entry.id === undefined ? undefined : attempts.get(entry.id);
        const from = entry.kind === "created" ? (["asked"] as const) : (["asked", "held"] as const);
        if (attempt !== undefined && bySid.has(entry.sid)) return `it names the reservation ${entry.sid} a second time`;
        return settle(attempt, "reserved", from) ?? (attempt === undefined ? undefined : name(attempt, entry.sid));
      }
      case "refused":
        return settle(attempts.get(entry.id), "nothing", ["asked"]);
      case "unclear":
        return settle(attempts.get(entry.id), "held", ["asked", "held"]);
      case "intent-released":
        return settle(attempts.get(entry.id), "released", ["asked", "held"]);
      case "charged":
        return settle(bySid.get(entry.sid), "charged", ["reserved", "charged"]);
      case "uncharged":
        return settle(bySid.get(entry.sid), "nothing", ["reserved"]);
      case "burned":
        return settle(bySid.get(entry.sid), "burned", ["reserved", "charged", "burned"], entry.why);
      case "released":
        return settle(bySid.get(entry.sid), "released", ["charged", "burned"]);
    }
  };

  return {
    apply: (entry) => {
      known = undefined;
      return change(entry);
    },
    batch: () => {
      if (head === undefined) return undefined;
      known ??= batchOf(head, { spent: spent(), givenUp: givenUp() }, latest, new Set(bySid.keys()));
      return known;
    },
  };
}

function batchOf(
  { name, provider, count }: Extract<BatchEntry, { kind: "batch" }>,
  { spent, givenUp }: { readonly spent: number; readonly givenUp: number },
  latest: ReadonlyMap<number, Attempt>,
  sids: ReadonlySet<string>,
): Batch {
  const items = [...latest]
    .map(([number, attempt]) => ({ number, state: stateOf(attempt) }))
    .toSorted((one, other) => one.number - other.number);
  const allowed = count + givenUp;
  return { name, provider, count, items, spent, allowed, left: Math.max(0, allowed - spent), sids };
}

function stateOf({ outcome, post, atMs, sid = "", why }: Attempt): ItemState {
  switch (outcome) {
    case "asked":
    case "held":
      return { kind: outcome, post, atMs };
    case "reserved":
      return { kind: "reserved", sid };
    case "charged":
      return { kind: "ready", sid };
    case "burned":
      return { kind: "lost", sid, why };
    case "nothing":
    case "released":
      return { kind: "open" };
  }
}

export type BatchReading =
  | {
      readonly kind: "good";
      readonly entries: readonly BatchEntry[];
      readonly torn: boolean;
      readonly fold: BatchFold;
    }
  | { readonly kind: "damaged"; readonly why: string };

/** As {@link parseEntries}; lines that contradict one another are damage as well. */
export function parseBatch(text: string, counted?: number): BatchReading {
  const reading: EntriesReading<BatchEntry> = parseEntries(text, batchEntrySchema, counted);
  if (reading.kind === "damaged") return reading;
  const fold = createBatchFold();
  for (const [index, entry] of reading.entries.entries()) {
    const wrong = fold.apply(entry);
    if (wrong !== undefined) return { kind: "damaged", why: `line ${index + 1} cannot be: ${wrong}` };
  }
  return { ...reading, fold };
}

/** The numbers of the items that may be asked for, the lowest first; as many as may still be paid. */
export function openItems({ items, left }: Batch): readonly number[] {
  const taken = new Set(items.filter(({ state }) => state.kind !== "open").map(({ number }) => number));
  const open: number[] = [];
  for (let number = 1; open.length < left; number++) if (!taken.has(number)) open.push(number);
  return open;
}

/** What a person must decide before the batch can be whole. */
export function undecidedItems({ items }: Batch): readonly BatchItem[] {
  return items.filter(({ state }) => state.kind === "held" || state.kind === "lost");
}

/** The lines that an eUICC's ledger has as well, for who counts charges. */
export function moneyEntries(entries: readonly BatchEntry[]): readonly LedgerEntry[] {
  return entries.flatMap((entry) => (entry.kind === "batch" ? [] : [entry]));
}
