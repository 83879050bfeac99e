import { open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import type { Journal } from "../journal.js";
import type { LedgerEntry } from "../ledger.js";
import type { Disk } from "./disk.js";
import type { Store } from "./store.js";

/** Renames a file; false when there is none. Durable when it resolves. */
export type SetAside = (from: string, to: string) => Promise<boolean>;

/**
 * Puts a new ledger in the place of a damaged one, which is kept under another name. Only with the store open, and so locked. At every
 * moment that the power can go the ledger is the old one, missing beside a journal that wants one, or the new one: held, or whole.
 */
export async function replaceLedger(
  store: Store,
  folder: string,
  entries: readonly LedgerEntry[],
  parts: { readonly disk: Pick<Disk, "replace">; readonly clock: Clock; readonly setAside: SetAside },
): Promise<string | undefined> {
  const { disk, clock, setAside } = parts;
  const { journal } = store;
  const path = join(folder, "ledger.jsonl");
  const save = (ledgerEntries: number): Promise<void> => {
    const next: Journal = { ...journal, ledgerEntries, updatedAt: new Date(clock.nowMs()).toISOString() };
    return disk.replace(join(folder, "journal.json"), `${JSON.stringify(next)}\n`);
  };
  await save(Math.max(1, journal.ledgerEntries));
  const aside = `${path}.damaged-${new Date(clock.nowMs()).toISOString().replace(/[:.]/g, "-")}`;
  const wasThere = await setAside(path, aside);
  await disk.replace(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  await save(entries.length);
  return wasThere ? aside : undefined;
}

export const realSetAside: SetAside = async (from, to) => {
  try {
    await rename(from, to);
    const folder = await open(dirname(to), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return false;
    throw new EsimdError("state_unwritable", `${from} cannot be renamed to ${to}: ${describeCause(cause)}`, { cause });
  }
};
