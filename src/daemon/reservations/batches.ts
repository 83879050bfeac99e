import { readdir } from "node:fs/promises";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import { moneyEntries, undecidedItems } from "../../provision/batch/fold.js";
import { type BatchRecords, batchesFolder, readBatch } from "../../provision/batch/store.js";
import { chargesOf } from "../../provision/charges.js";
import type { Disk } from "../../provision/store/disk.js";
import { isModemName } from "../modem-name.js";

/** The batches of activation codes that a state folder knows, for who only looks. */

/** In order of their names. @throws EsimdError `state_unwritable`. */
export async function knownBatches(stateDir: string): Promise<readonly string[]> {
  const folder = batchesFolder(stateDir);
  try {
    return (await readdir(folder)).filter(isModemName).sort();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new EsimdError("state_unwritable", `${folder} cannot be read: ${describeCause(cause)}`, { cause });
  }
}

/** One that cannot be read at all is told of in `trouble`, and does not hide the others. */
export async function batchRecordsOf(stateDir: string, name: string, disk: Pick<Disk, "read">): Promise<BatchRecords> {
  try {
    return await readBatch(stateDir, name, disk);
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    return { name, entries: undefined, batch: undefined, trouble: error.message };
  }
}

/** All of them; a folder that was made and never begun is none. */
export async function allBatches(stateDir: string, disk: Pick<Disk, "read">): Promise<readonly BatchRecords[]> {
  const names = await knownBatches(stateDir);
  const all = await Promise.all(names.map((name) => batchRecordsOf(stateDir, name, disk)));
  return all.filter(({ batch, trouble }) => batch !== undefined || trouble !== undefined);
}

/** Every reservation that a batch names. */
export function batchSids({ batch }: BatchRecords): ReadonlySet<string> {
  return batch?.sids ?? new Set();
}

/** What all batches together cost. */
export interface BatchesCost {
  readonly batches: number;
  /** Charges, and POSTs that may have been charged. */
  readonly charges: number;
  /** Items that wait for a person. */
  readonly undecided: number;
  readonly troubles: readonly { readonly name: string; readonly trouble: string }[];
}

/** Pure. */
export function costOf(all: readonly BatchRecords[]): BatchesCost {
  const batches = all.flatMap(({ batch }) => batch ?? []);
  return {
    batches: all.length,
    charges: all
      .flatMap(({ entries }) => chargesOf(moneyEntries(entries ?? [])))
      .filter(({ outcome }) => outcome !== "uncharged").length,
    undecided: batches.reduce((sum, batch) => sum + undecidedItems(batch).length, 0),
    troubles: all.flatMap(({ name, trouble }) => (trouble === undefined ? [] : [{ name, trouble }])),
  };
}
