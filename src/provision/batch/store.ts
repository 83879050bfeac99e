import { dirname, join } from "node:path";
import { z } from "zod";
import type { Clock } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Disk } from "../store/disk.js";
import { type Processes, takeLock } from "../store/lock.js";
import type { BatchEntry, BatchFact } from "./entries.js";
import { type Batch, type BatchFold, parseBatch } from "./fold.js";

/**
 * The files of a batch, `STATE_DIR/reserve/NAME`: the ledger, and beside it how many lines it has, so that one that lost some afterwards
 * is recognised. Activation codes are in neither: the provider gives them again whenever it is asked.
 */

/** The batch open and locked. */
export interface BatchStore {
  /** Undefined for one that was never begun. */
  readonly batch: Batch | undefined;
  /**
   * Durable when it resolves; several at once are written one after the other. When one could not be written, nothing is any more: what a
   * line became that was cut short is for the next who opens it. @throws EsimdError `state_unwritable`, `disk_full`.
   */
  record(fact: BatchFact): Promise<void>;
  close(): Promise<void>;
}

export interface BatchStoreOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
}

/** What stands in the files of a batch, for who only looks: nothing is locked, made or mended. */
export interface BatchRecords {
  readonly name: string;
  /** Undefined when they cannot be trusted; then `trouble` says why. */
  readonly entries: readonly BatchEntry[] | undefined;
  readonly batch: Batch | undefined;
  readonly trouble: string | undefined;
}

export const batchesFolder = (stateDir: string): string => join(stateDir, "reserve");
export const batchFolder = (stateDir: string, name: string): string => join(batchesFolder(stateDir), name);
const ledgerOf = (folder: string): string => join(folder, "ledger.jsonl");
const countOf = (folder: string): string => join(folder, "batch.json");

const countVersion = 1;
const countSchema = z.object({
  schema: z.literal(`esimd.batch/${countVersion}`),
  name: z.string(),
  /** Lines that the ledger had when this was written. */
  ledgerEntries: z.number().int().nonnegative(),
});

/** @throws EsimdError `ledger_damaged`, `state_unwritable`, `state_locked`, `state_newer`, `state_foreign`. */
export async function openBatch(stateDir: string, name: string, options: BatchStoreOptions): Promise<BatchStore> {
  const { disk, processes } = options;
  const folder = batchFolder(stateDir, name);
  await disk.makeFolder(folder);
  // As for an eUICC: a process that was killed may have made folders whose names are not durable yet.
  for (const above of [dirname(folder), stateDir]) await disk.syncFolder(above);
  const unlock = await takeLock(disk, join(folder, "lock"), processes, `the batch ${name}`);
  try {
    return await readStore(folder, name, options, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function readStore(
  folder: string,
  name: string,
  { disk, clock, log }: BatchStoreOptions,
  unlock: () => Promise<void>,
): Promise<BatchStore> {
  const path = ledgerOf(folder);
  const read = await readFiles(folder, name, disk);
  if (read.kind === "damaged") throw damaged(path, name, read.why);
  if (read.torn) {
    log.warn({ path }, "a power cut tore the ledger's last line; nothing was done on it, and it is dropped");
    await disk.replace(path, read.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  }
  const { fold } = read;
  let lines = read.entries.length;
  let last: Promise<unknown> = Promise.resolve();
  let broken: unknown;
  const write = async (fact: BatchFact): Promise<void> => {
    if (broken !== undefined) throw broken;
    const entry: BatchEntry = { v: 1, at: new Date(clock.nowMs()).toISOString(), ...fact };
    const wrong = fold.apply(entry);
    if (wrong !== undefined) throw new Error(`the ledger of the batch ${name} takes no ${entry.kind}: ${wrong}`);
    try {
      await disk.append(path, `${JSON.stringify(entry)}\n`);
      lines++;
      const count = { schema: `esimd.batch/${countVersion}`, name, ledgerEntries: lines };
      await disk.replace(countOf(folder), `${JSON.stringify(count)}\n`);
    } catch (error) {
      broken = error;
      throw error;
    }
  };
  return {
    get batch() {
      return fold.batch();
    },
    record: (fact) => {
      const mine = last.then(() => write(fact));
      last = mine.catch(() => undefined);
      return mine;
    },
    close: async () => {
      await last;
      await unlock();
    },
  };
}

/** @throws EsimdError `state_newer`, `state_foreign`, `state_unwritable`. */
export async function readBatch(stateDir: string, name: string, disk: Pick<Disk, "read">): Promise<BatchRecords> {
  const read = await readFiles(batchFolder(stateDir, name), name, disk);
  if (read.kind === "damaged") return { name, entries: undefined, batch: undefined, trouble: read.why };
  return { name, entries: read.entries, batch: read.fold.batch(), trouble: undefined };
}

type FilesReading =
  | {
      readonly kind: "good";
      readonly entries: readonly BatchEntry[];
      readonly torn: boolean;
      readonly fold: BatchFold;
    }
  | { readonly kind: "damaged"; readonly why: string };

/** The count first: who is at work meanwhile writes the ledger before it. */
async function readFiles(folder: string, name: string, disk: Pick<Disk, "read">): Promise<FilesReading> {
  const counted = parseCount(await disk.read(countOf(folder)), name, countOf(folder));
  const reading = parseBatch((await disk.read(ledgerOf(folder))) ?? "", counted.exact);
  if (reading.kind === "damaged") return reading;
  const has = reading.entries.length;
  if (has < counted.atLeast) {
    const what = has === 0 ? "it is missing or empty" : `it has ${has} line(s)`;
    return { kind: "damaged", why: `${what}, and had ${counted.atLeast} or more` };
  }
  if (has > counted.atMost) return { kind: "damaged", why: `${countOf(folder)}, which counts its lines, is missing` };
  const head = reading.fold.batch();
  if (head !== undefined && head.name !== name) throw foreign(ledgerOf(folder), head.name);
  return reading;
}

/**
 * How many lines the ledger has by the file that counts them, which is written after each: one that is not there yet leaves room for the
 * first line, and one that cannot be read says at least that there was a ledger.
 */
function parseCount(
  text: string | undefined,
  name: string,
  path: string,
): { readonly exact: number | undefined; readonly atLeast: number; readonly atMost: number } {
  if (text === undefined) return { exact: 0, atLeast: 0, atMost: 1 };
  const unknown = { exact: undefined, atLeast: 1, atMost: Number.POSITIVE_INFINITY };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return unknown;
  }
  const version = z.object({ schema: z.string().regex(/^esimd\.batch\/\d+$/) }).safeParse(raw);
  if (version.success && Number(version.data.schema.split("/")[1]) > countVersion) {
    throw new EsimdError(
      "state_newer",
      `${path} is of version ${version.data.schema}, this esimd writes esimd.batch/${countVersion}`,
    );
  }
  const count = countSchema.safeParse(raw);
  if (!count.success) return unknown;
  if (count.data.name !== name) throw foreign(path, count.data.name);
  const { ledgerEntries } = count.data;
  return { exact: ledgerEntries, atLeast: ledgerEntries, atMost: Number.POSITIVE_INFINITY };
}

function foreign(path: string, other: string): EsimdError {
  return new EsimdError("state_foreign", `${path} is of another batch, ${quote(other)}`, {
    hint: `Give its folder the name ${quote(other)} again. Nothing of it was used or touched.`,
  });
}

function damaged(path: string, name: string, why: string): EsimdError {
  return new EsimdError(
    "ledger_damaged",
    `the ledger of the batch ${name} cannot be used, so that nothing may be paid for it: ${why}`,
    {
      hint: `Restore ${path} from a backup. Without one, what it made shows in \`esimd reservation list\` as claimed by no eUICC; make another batch for what is missing, and keep this folder.`,
    },
  );
}
