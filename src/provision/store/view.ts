import { join } from "node:path";
import { isEsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import { emptyJournal, type Journal, parseJournal } from "../journal.js";
import { foldLedger, type Money, parseLedger } from "../ledger.js";
import type { Disk } from "./disk.js";
import { type Store, storeFolder } from "./store.js";

/** What is known of one eUICC from its files, for who only looks: nothing is locked, made or mended. */
export interface StoreView {
  readonly journal: Journal;
  /** Undefined when the ledger is damaged or missing beside a journal. */
  readonly money: Money | undefined;
}

/** Undefined when the files cannot be read or are not this esimd's: then nothing is known, which is not the same as nothing paid. */
export async function viewStore(
  stateDir: string,
  eid: Eid,
  parts: { readonly disk: Disk; readonly nowMs: number; readonly log: Log },
): Promise<StoreView | undefined> {
  const folder = storeFolder(stateDir, eid);
  const path = join(folder, "journal.json");
  try {
    const text = await parts.disk.read(path);
    const reading = text === undefined ? undefined : parseJournal(text, path);
    if (reading?.kind === "damaged" || (reading !== undefined && reading.journal.eid !== eid)) return undefined;
    const journal = reading?.journal ?? emptyJournal(eid, parts.nowMs);
    const ledger = parseLedger((await parts.disk.read(join(folder, "ledger.jsonl"))) ?? "");
    const isWhole = ledger.kind === "good" && ledger.entries.length >= journal.ledgerEntries;
    return { journal, money: isWhole ? foldLedger(ledger.entries) : undefined };
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    parts.log.warn({ error }, "the journal of this eUICC cannot be read");
    return undefined;
  }
}

/** The same of a store that is open. */
export function viewOf(store: Store): StoreView {
  return { journal: store.journal, money: store.money() };
}
