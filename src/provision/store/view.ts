import { join } from "node:path";
import { isEsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import { asOwn, emptyJournal, type Journal, parseJournal } from "../journal.js";
import type { Disk } from "./disk.js";
import { type Store, storeFolder } from "./store.js";

/** What is known of one eUICC from its files, for who only looks: nothing is locked, made or mended. */
export interface StoreView {
  /** Empty where none was written: that says nothing of what another state folder knows. */
  readonly journal: Journal;
}

/** Undefined when the files cannot be read or are not this esimd's: then nothing is known, which is not the same as nothing paid. */
export async function viewStore(
  stateDir: string,
  eid: Eid,
  parts: { readonly disk: Disk; readonly nowMs: number; readonly log: Log },
): Promise<StoreView | undefined> {
  const path = join(storeFolder(stateDir, eid), "journal.json");
  try {
    const text = await parts.disk.read(path);
    const reading = text === undefined ? undefined : asOwn(parseJournal(text, path), eid, path);
    if (reading?.kind === "damaged") return undefined;
    return { journal: reading?.journal ?? emptyJournal(eid, parts.nowMs) };
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    parts.log.warn({ error }, "the journal of this eUICC cannot be read");
    return undefined;
  }
}

/** The same of a store that is open. */
export function viewOf(store: Store): StoreView {
  return { journal: store.journal };
}
