import { join } from "node:path";
import type { Eid } from "../../base/identifiers.js";
import { asOwn, type Journal, parseJournal } from "../journal.js";
import { type LedgerEntry, parseLedger } from "../ledger.js";
import type { Disk } from "./disk.js";
import { storeFolder } from "./store.js";

/** What stands in the files of one eUICC, for who shows it: nothing is locked, made or mended. */
export interface Records {
  readonly eid: Eid;
  /** Undefined when there is none that can be used. */
  readonly journal: Journal | undefined;
  /** Undefined when they cannot be trusted, as store.ts judges it; then `trouble` says why. */
  readonly entries: readonly LedgerEntry[] | undefined;
  readonly trouble: string | undefined;
}

/** @throws EsimdError `state_newer`, `state_foreign`, `state_unwritable`. */
export async function readRecords(stateDir: string, eid: Eid, disk: Pick<Disk, "read">): Promise<Records> {
  const folder = storeFolder(stateDir, eid);
  const path = join(folder, "journal.json");
  // The journal first: a run that is at work meanwhile writes the ledger before it.
  const text = await disk.read(path);
  const reading = text === undefined ? undefined : asOwn(parseJournal(text, path), eid, path);
  const journal = reading?.kind === "good" ? reading.journal : undefined;
  const journalled = reading === undefined ? 0 : (journal?.ledgerEntries ?? 1);
  const ledger = parseLedger((await disk.read(join(folder, "ledger.jsonl"))) ?? "", journal?.ledgerEntries);
  if (ledger.kind === "damaged") return { eid, journal, entries: undefined, trouble: ledger.why };
  const has = ledger.entries.length;
  if (has < journalled) {
    const what = has === 0 ? "it is missing or empty" : `it has ${has} entries`;
    return { eid, journal, entries: undefined, trouble: `${what}, and the journal saw ${journalled}` };
  }
  return { eid, journal, entries: ledger.entries, trouble: undefined };
}
