import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import { type Eid, parseEid } from "../../base/identifiers.js";
import { foldLedger } from "../../provision/ledger.js";
import type { Disk } from "../../provision/store/disk.js";
import { type Records, readRecords } from "../../provision/store/records.js";

/** The eUICCs that this state folder knows, in order. @throws EsimdError `state_unwritable`. */
export async function knownEids(stateDir: string): Promise<readonly Eid[]> {
  const folder = join(stateDir, "euicc");
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new EsimdError("state_unwritable", `${folder} cannot be read: ${describeCause(cause)}`, { cause });
  }
  return [...names].sort().flatMap((name) => {
    try {
      return [parseEid(name, folder)];
    } catch {
      // Somebody's folder, and no eUICC's.
      return [];
    }
  });
}

/** One that cannot be read at all is told of in `trouble`, and does not hide the others. */
export async function recordsOf(stateDir: string, eid: Eid, disk: Pick<Disk, "read">): Promise<Records> {
  try {
    return await readRecords(stateDir, eid, disk);
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    return { eid, journal: undefined, entries: undefined, trouble: error.message };
  }
}

/** Every reservation that the files of an eUICC name. */
export function namedSids({ journal, entries }: Records): ReadonlySet<string> {
  const money = foldLedger(entries ?? []);
  const inJournal = journal?.reservationSid ?? undefined;
  return new Set([
    ...money.reserved,
    ...money.uncharged,
    ...money.burned.keys(),
    ...(inJournal === undefined ? [] : [inJournal]),
  ]);
}
