import type { ESimProfile } from "../api/resources.js";
import { wasCharged } from "./budget.js";
import { foldLedger, type LedgerEntry, type LedgerFact, parseLedger } from "./ledger.js";

/** A new ledger in place of a damaged one: what of it can still be read, and what the provider shows. Pure. */
export interface RebuiltLedger {
  readonly entries: readonly LedgerEntry[];
  readonly kept: number;
  readonly lost: number;
}

/**
 * `reservations`: all of the EID, from a list that was read to its end; `unknown`: those that the files name and the account does not
 * know, which count as charged all the same. A line that is lost leaves less to be allowed, but for two: the POST of an activation code
 * that no eUICC claimed, which `esimd reservation list` shows, and a person's taking back what was given up.
 */
export function rebuildLedger(
  damaged: string,
  reservations: readonly ESimProfile[],
  unknown: readonly string[],
  why: string,
  nowMs: number,
): RebuiltLedger {
  const old = readableEntries(damaged);
  const stamp = { v: 1 as const, at: new Date(nowMs).toISOString() };
  const entries: LedgerEntry[] = [...old.entries];
  const add = (fact: LedgerFact): void => {
    entries.push({ ...stamp, ...fact });
  };
  add({ kind: "rebuilt", by: "person", kept: old.entries.length, lost: old.lost, why });
  const money = foldLedger(old.entries);
  for (const reservation of reservations) {
    const { sid, status } = reservation;
    const isKnown = money.reserved.has(sid) || money.uncharged.has(sid);
    if (!isKnown) add({ kind: "adopted", sid, by: "person", why: `found at the provider as ${status}`.slice(0, 500) });
    if (!wasCharged(reservation, money)) {
      if (!money.uncharged.has(sid)) add({ kind: "uncharged", sid });
    } else if (status !== "new" && status !== "reserving" && !money.charged.has(sid)) add({ kind: "charged", sid });
  }
  for (const sid of unknown) {
    if (!money.reserved.has(sid)) add({ kind: "adopted", sid, by: "person", why: "named in the journal" });
  }
  return { entries, kept: old.entries.length, lost: old.lost };
}

/** Every line that is an entry by itself; a last line without its end was torn, and nothing was done on it. */
export function readableEntries(text: string): { readonly entries: readonly LedgerEntry[]; readonly lost: number } {
  const lines = text.split("\n").slice(0, -1);
  const read = lines.map((line) => parseLedger(`${line}\n`));
  const entries = read.flatMap((reading) => (reading.kind === "good" ? reading.entries : []));
  return { entries, lost: read.filter(({ kind }) => kind === "damaged").length };
}
