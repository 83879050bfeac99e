import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { Disk } from "../../provision/store/disk.js";
import { type Processes, takeLock } from "../../provision/store/lock.js";
import { type Entry, entrySchema, type Fact } from "./entry.js";

/** The file of the record: read whole at the start, then only ever added to. */

export interface RecordLog {
  /** Durable when it resolves. Entries of several slots that come together share one write. @throws EsimdError `state_unwritable`, `disk_full`. */
  append(...facts: readonly Fact[]): Promise<void>;
  close(): Promise<void>;
}

export interface OpenRecordOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly folder: string;
  readonly station: string;
}

export interface OpenedRecord {
  readonly log: RecordLog;
  /** What was there. */
  readonly entries: readonly Entry[];
}

/** An entry has 1 kB. */
const maxLineBytes = 64 * 1024;

export function recordFile(folder: string): string {
  return join(folder, "record.jsonl");
}

/** For one station at a time. @throws EsimdError `station_running`, `record_damaged`, `state_unwritable`. */
export async function openRecord(options: OpenRecordOptions): Promise<OpenedRecord> {
  const { disk, processes, clock, folder, station } = options;
  await disk.makeFolder(folder);
  const unlock = await takeLock(disk, join(folder, "lock"), processes).catch((error: unknown) => {
    if (!isEsimdError(error, "state_locked")) throw error;
    throw new EsimdError("station_running", `another station works with the record in ${quote(folder)}`, {
      cause: error,
    });
  });
  try {
    const { entries, isTorn } = await readRecord(folder);
    const path = recordFile(folder);
    // A line that the power cut short is ended, so that what comes is a line of its own; it is told by the entry behind it.
    let before = isTorn ? "\n" : "";
    const write = async (facts: readonly Fact[]): Promise<void> => {
      const at = new Date(clock.nowMs()).toISOString();
      const lines = facts.map((fact) => `${JSON.stringify(entrySchema.parse({ v: 1, at, station, ...fact }))}\n`);
      await disk.append(path, `${before}${lines.join("")}`);
      before = "";
    };
    return { entries, log: inTurn(write, unlock) };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** One write at a time; what comes meanwhile goes with the next one. */
function inTurn(write: (facts: readonly Fact[]) => Promise<void>, unlock: () => Promise<void>): RecordLog {
  let waiting: Fact[] = [];
  let next: Promise<void> | undefined;
  // Once a write has failed, nobody knows how much of it is in the file: nothing is put behind it, and the next start looks.
  let last: Promise<void> = Promise.resolve();
  return {
    append: (...facts) => {
      waiting.push(...facts);
      next ??= last.then(() => {
        const batch = waiting;
        waiting = [];
        next = undefined;
        last = write(batch);
        return last;
      });
      return next;
    },
    close: async () => {
      // Whoever appended has heard of a failure.
      await Promise.allSettled([next, last]);
      await unlock();
    },
  };
}

export interface ReadRecord {
  readonly entries: readonly Entry[];
  /** The last line has no end. */
  readonly isTorn: boolean;
}

/**
 * All entries, none where there is no file. A line that a power cut tore is left out: the last one, or one that a start of the station stands behind
 * (its `batch` entry comes first). Anything else that is no entry is damage. Read line by line: years of a line do not fit into one string.
 * @throws EsimdError `record_damaged`, `state_unwritable`.
 */
export async function readRecord(folder: string): Promise<ReadRecord> {
  const path = recordFile(folder);
  const entries: Entry[] = [];
  let number = 0;
  let doubtful: { readonly number: number; readonly why: string } | undefined;
  const take = (line: string): void => {
    number++;
    const entry = parseLine(line);
    if (typeof entry === "string") {
      if (doubtful !== undefined) throw damaged(path, doubtful);
      doubtful = { number, why: entry };
      return;
    }
    if (doubtful !== undefined && entry.kind !== "batch") throw damaged(path, doubtful);
    doubtful = undefined;
    entries.push(entry);
  };
  let rest = "";
  try {
    for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 256 * 1024 })) {
      const lines = `${rest}${String(chunk)}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) take(line);
      if (rest.length > maxLineBytes) throw damaged(path, { number: number + 1, why: "longer than any entry" });
    }
  } catch (cause) {
    if (isEsimdError(cause)) throw cause;
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return { entries, isTorn: false };
    throw new EsimdError("state_unwritable", `the record ${quote(path)} cannot be read: ${describeCause(cause)}`, {
      cause,
    });
  }
  const isTorn = rest !== "";
  // Its fsync never returned, so that nothing was done on it; whole all the same, it is as good as any.
  if (isTorn) {
    const entry = parseLine(rest);
    if (doubtful !== undefined) throw damaged(path, doubtful);
    if (typeof entry !== "string") entries.push(entry);
  } else if (doubtful !== undefined && doubtful.number !== number) throw damaged(path, doubtful);
  return { entries, isTorn };
}

/** The entry, or what the line is instead. */
function parseLine(line: string): Entry | string {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return "not JSON";
  }
  const entry = entrySchema.safeParse(raw);
  return entry.success ? entry.data : "not an entry that this esimd knows";
}

function damaged(path: string, { number, why }: { readonly number: number; readonly why: string }): EsimdError {
  return new EsimdError("record_damaged", `line ${number} of the record ${quote(path)} is ${why}`);
}
