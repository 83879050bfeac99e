import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FileTooLarge, readBounded } from "../../base/bounded-read.js";
import { describeCause, EsimdError } from "../../base/errors.js";

/** The few things the state folder needs of a disk; a simulation brings its own. Every write is durable when it resolves. */
export interface Disk {
  /** Undefined when there is no such file. @throws EsimdError `state_unwritable`, also for one that no esimd wrote, by its size. */
  read(path: string): Promise<string | undefined>;
  /** Replaces the file as a whole: a reader, and a power cut, sees the old or the new one. */
  replace(path: string, text: string): Promise<void>;
  append(path: string, text: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  /** Creates the file; false when it is there already. */
  createExclusive(path: string, text: string): Promise<boolean>;
  remove(path: string): Promise<void>;
}

/** A ledger of a hundred entries has 20 kB, a journal with a full outbox 850 kB. */
export const maxStateFileBytes = 4 * 1024 * 1024;
const fileMode = 0o640;
const folderMode = 0o750;

export const realDisk: Disk = {
  read: async (path) => {
    try {
      return (await readBounded(path, maxStateFileBytes)).toString("utf8");
    } catch (cause) {
      if (codeOf(cause) === "ENOENT") return undefined;
      if (cause instanceof FileTooLarge) {
        const hint = "esimd writes nothing near that size: look at what is in it, and restore the file from a backup.";
        throw new EsimdError("state_unwritable", `${path} is not read: ${describeCause(cause)}`, { cause, hint });
      }
      throw diskError("read", path, cause);
    }
  },
  replace: (path, text) =>
    guarded("written", path, async () => {
      const temporary = `${path}.new`;
      await writeDurably(temporary, text, "w");
      await rename(temporary, path);
      // The rename itself is durable only once the folder is (fsync(2)).
      await syncFolder(dirname(path));
    }),
  append: (path, text) =>
    guarded("appended to", path, async () => {
      await writeDurably(path, text, "a");
      await syncFolder(dirname(path));
    }),
  makeFolder: (path) =>
    guarded("made", path, async () => {
      const first = await makePath(path);
      if (first !== undefined) await syncFolder(dirname(first));
    }),
  createExclusive: async (path, text) => {
    try {
      await writeDurably(path, text, "wx");
      return true;
    } catch (cause) {
      if (codeOf(cause) === "EEXIST") return false;
      throw diskError("made", path, cause);
    }
  },
  remove: (path) => guarded("removed", path, () => rm(path, { force: true })),
};

/**
 * Makes a folder and those above it; resolves with the first that was made. Not mkdir's own `recursive`: under a parent that exists and
 * takes no children (/proc) Node tries that for ever.
 */
async function makePath(path: string): Promise<string | undefined> {
  try {
    return (await makeOne(path)) ? path : undefined;
  } catch (cause) {
    const parent = dirname(path);
    if (codeOf(cause) !== "ENOENT" || parent === path) throw cause;
    const first = await makePath(parent);
    const made = await makeOne(path);
    return first ?? (made ? path : undefined);
  }
}

/** False when the folder is there already, perhaps since a moment ago. */
async function makeOne(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: folderMode });
    return true;
  } catch (cause) {
    if (codeOf(cause) === "EEXIST" && (await stat(path)).isDirectory()) return false;
    throw cause;
  }
}

async function writeDurably(path: string, text: string, flags: "w" | "a" | "wx"): Promise<void> {
  const file = await open(path, flags, fileMode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function guarded(done: string, path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw diskError(done, path, cause);
  }
}

function diskError(done: string, path: string, cause: unknown): EsimdError {
  return new EsimdError("state_unwritable", `${path} cannot be ${done}: ${describeCause(cause)}`, { cause });
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
