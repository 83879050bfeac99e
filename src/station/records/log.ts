import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { Disk } from "../../provision/store/disk.js";
import { type Processes, takeLock } from "../../provision/store/lock.js";
import { type Entry, entrySchema, type Fact } from "./entry.js";
import { RecordFile, recordPath } from "./read.js";

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
    const file = await RecordFile.open(folder);
    const entries: Entry[] = [];
    if (file !== undefined) for await (const entry of file.entries()) entries.push(entry);
    const path = recordPath(folder);
    // A line that the power cut short is ended, so that what comes is a line of its own; it is told by the entry behind it.
    let before = file?.isTorn === true ? "\n" : "";
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
