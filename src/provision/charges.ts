import { foldLedger, type LedgerEntry, type Money } from "./ledger.js";

/** The ledger as a person reads it: one line for each thing that cost or may have cost money. Pure. */

export type ChargeOutcome =
  /** The POST is without its answer, and the next run looks for it. */
  | "undecided"
  /** Its answer never came; it counts as a charge. */
  | "unclear"
  /** Made, and not yet seen as available. */
  | "reserved"
  | "charged"
  | "uncharged"
  | "burned"
  | "released";

export interface Charge {
  /** When it was asked for, or found: ISO 8601. */
  readonly at: string;
  readonly why: string;
  readonly outcome: ChargeOutcome;
  readonly sid: string | undefined;
  /** The intent's; undefined for what was found at the provider. */
  readonly postId: string | undefined;
  readonly method: "eid" | "activation-code" | undefined;
  /** Why it is burned or was given up. */
  readonly remark: string | undefined;
  /** When a person last decided about it. */
  readonly decidedAt: string | undefined;
}

type Row = { -readonly [Key in keyof Omit<Charge, "outcome">]: Charge[Key] };

/** In the order of the ledger; a POST that was provably not processed cost nothing and is left out. */
export function chargesOf(entries: readonly LedgerEntry[]): readonly Charge[] {
  const rows = new Set<Row>();
  const rowWith = (key: "sid" | "postId", value: string): Row | undefined =>
    [...rows].find((row) => row[key] === value);
  const found = (sid: string, at: string, why: string): Row => {
    const known = rowWith("sid", sid);
    if (known !== undefined) return known;
    const row = { ...noRow, at, why, sid };
    rows.add(row);
    return row;
  };
  for (const entry of entries) {
    const { at } = entry;
    switch (entry.kind) {
      case "intent":
        rows.add({ ...noRow, at, why: entry.why, postId: entry.id, method: entry.method });
        break;
      case "refused": {
        const row = rowWith("postId", entry.id);
        if (row !== undefined) rows.delete(row);
        break;
      }
      case "created":
      case "adopted": {
        const { sid } = entry;
        const post = entry.id === undefined ? undefined : rowWith("postId", entry.id);
        if (post !== undefined && rowWith("sid", sid) === undefined) post.sid = sid;
        const row = found(sid, at, entry.kind === "adopted" ? entry.why : "the answer to a POST");
        if (entry.kind === "adopted" && entry.by !== undefined)
          Object.assign(row, { decidedAt: at, remark: entry.why });
        break;
      }
      case "charged":
      case "uncharged":
        found(entry.sid, at, "the provider showed it");
        break;
      case "burned":
        found(entry.sid, at, "the provider showed it").remark = entry.why;
        break;
      case "released":
        Object.assign(found(entry.sid, at, "the provider showed it"), { decidedAt: at, remark: entry.why });
        break;
      case "intent-released": {
        const row = rowWith("postId", entry.id);
        if (row !== undefined) Object.assign(row, { decidedAt: at, remark: entry.why });
        break;
      }
      case "unclear":
      case "rebuilt":
        break;
    }
  }
  const money = foldLedger(entries);
  return [...rows].map((row) => ({ ...row, outcome: outcomeOf(row, money) }));
}

const noRow = { sid: undefined, postId: undefined, method: undefined, remark: undefined, decidedAt: undefined };

function outcomeOf({ sid, postId }: Row, money: Money): ChargeOutcome {
  if (sid === undefined) {
    const post = money.unclearPosts.find(({ id }) => id === postId);
    if (post === undefined) return "undecided";
    return post.released ? "released" : "unclear";
  }
  if (money.released.has(sid)) return "released";
  if (money.burned.has(sid)) return "burned";
  if (money.uncharged.has(sid)) return "uncharged";
  return money.charged.has(sid) ? "charged" : "reserved";
}
