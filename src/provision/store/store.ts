import { dirname, join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import { asOwn, emptyJournal, type Journal, parseJournal } from "../journal.js";
import { foldLedger, type LedgerEntry, type LedgerFact, type Money, parseLedger } from "../ledger.js";
import type { Disk } from "./disk.js";
import { type Processes, takeLock } from "./lock.js";

/** Journal and ledger of one eUICC, open and locked. */
export interface Store {
  readonly journal: Journal;
  /** Undefined when the ledger is damaged or missing beside a journal. */
  money(): Money | undefined;
  /** Durable when it resolves. */
  saveJournal(change: Partial<Omit<Journal, "schema" | "eid" | "updatedAt" | "ledgerEntries">>): Promise<void>;
  /** Durable when it resolves. @throws EsimdError `ledger_damaged`, `state_unwritable`. */
  record(fact: LedgerFact): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
}

/** The folder of an eUICC's journal and ledger. */
export function storeFolder(stateDir: string, eid: Eid): string {
  return join(stateDir, "euicc", eid);
}

/** @throws EsimdError `state_unwritable`, `state_locked`, `state_newer`, `state_foreign`. */
export async function openStore(stateDir: string, eid: Eid, options: StoreOptions): Promise<Store> {
  const { disk, processes } = options;
  const folder = storeFolder(stateDir, eid);
  await disk.makeFolder(folder);
  // A run that was killed may have made a folder whose name is not durable yet, and the ledger would go with it.
  for (const above of [dirname(folder), stateDir]) await disk.syncFolder(above);
  const unlock = await takeLock(disk, join(folder, "lock"), processes);
  try {
    return await readStore(folder, eid, options, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function readStore(folder: string, eid: Eid, options: StoreOptions, unlock: () => Promise<void>): Promise<Store> {
  const { disk, clock, log } = options;
  const journalPath = join(folder, "journal.json");
  const ledgerPath = join(folder, "ledger.jsonl");

  const found = await readJournal(disk, journalPath, eid, clock, log);
  let { journal } = found;
  let entries: readonly LedgerEntry[] | undefined = await readLedger(disk, ledgerPath, found, log);

  const save = async (change: Partial<Journal>): Promise<void> => {
    const next: Journal = { ...journal, ...change, updatedAt: new Date(clock.nowMs()).toISOString() };
    await disk.replace(journalPath, `${JSON.stringify(next)}\n`);
    journal = next;
  };
  return {
    get journal() {
      return journal;
    },
    money: () => (entries === undefined ? undefined : foldLedger(entries)),
    saveJournal: save,
    record: async (fact) => {
      if (entries === undefined) {
        throw new EsimdError("ledger_damaged", `${ledgerPath} is damaged, so nothing can be recorded in it`);
      }
      const entry: LedgerEntry = { v: 1, at: new Date(clock.nowMs()).toISOString(), ...fact };
      await disk.append(ledgerPath, `${JSON.stringify(entry)}\n`);
      entries = [...entries, entry];
      // The journal knows how long the ledger is: a ledger that lost lines afterwards is recognised.
      await save({ ledgerEntries: entries.length });
    },
    close: unlock,
  };
}

interface FoundJournal {
  readonly journal: Journal;
  /** It was read, and so knows how many lines the ledger had. */
  readonly isRead: boolean;
}

async function readJournal(disk: Disk, path: string, eid: Eid, clock: Clock, log: Log): Promise<FoundJournal> {
  const text = await disk.read(path);
  const none = emptyJournal(eid, clock.nowMs());
  if (text === undefined) return { journal: none, isRead: false };
  const reading = asOwn(parseJournal(text, path), eid, path);
  if (reading.kind === "good") return { journal: reading.journal, isRead: true };
  log.warn({ path, why: reading.why }, "the journal cannot be used and is begun anew; the ledger is not touched");
  // What it knew of the ledger's length is lost, so that a ledger must at least exist: one entry.
  return { journal: { ...none, ledgerEntries: 1 }, isRead: false };
}

/** The entries, or undefined when they cannot be trusted. */
async function readLedger(
  disk: Disk,
  path: string,
  { journal, isRead }: FoundJournal,
  log: Log,
): Promise<readonly LedgerEntry[] | undefined> {
  const journalled = journal.ledgerEntries;
  const text = (await disk.read(path)) ?? "";
  const reading = parseLedger(text, isRead ? journalled : undefined);
  if (reading.kind === "damaged") {
    log.error({ path, why: reading.why }, "the ledger is damaged");
    return undefined;
  }
  if (reading.entries.length < journalled) {
    log.error(
      { path, entries: reading.entries.length, journalled },
      "the ledger has fewer entries than the journal saw",
    );
    return undefined;
  }
  if (reading.torn) {
    log.warn({ path }, "a power cut tore the ledger's last line; nothing was done on it, and it is dropped");
    await disk.replace(path, reading.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  }
  return reading.entries;
}
