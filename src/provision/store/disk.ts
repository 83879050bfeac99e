import { dirname } from "node:path";
import { FileTooLarge } from "../../base/bounded-read.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import { type FileSystem, type ListedFile, nodeFileSystem, type OpenFlags } from "./file-system.js";

/** The few things the state folder needs of a disk. Every write is durable when it resolves. */
export interface Disk {
  /** Undefined when there is no such file. @throws EsimdError `state_unwritable`, also for one that no esimd wrote, by its size. */
  read(path: string): Promise<string | undefined>;
  /** The files of a folder, in no order; none when there is no such folder. */
  list(path: string): Promise<readonly ListedFile[]>;
  /** Replaces the file as a whole: a reader, and a power cut, sees the old or the new one. */
  replace(path: string, text: string): Promise<void>;
  append(path: string, text: string): Promise<void>;
  /** With those above it. */
  makeFolder(path: string): Promise<void>;
  /** Makes durable which names the folder has, whoever made them. */
  syncFolder(path: string): Promise<void>;
  /** Creates the file; false when it is there already. */
  createExclusive(path: string, text: string): Promise<boolean>;
  remove(path: string): Promise<void>;
}

/** A ledger of a hundred entries has 20 kB, a journal with a full outbox 850 kB. */
export const maxStateFileBytes = 4 * 1024 * 1024;
const fileMode = 0o640;
const folderMode = 0o750;

/** Durability out of a file system that promises none until it is asked. @throws EsimdError `state_unwritable` or `disk_full`, from every call. */
export function durableDisk(files: FileSystem): Disk {
  const writeDurably = async (path: string, text: string, flags: OpenFlags): Promise<void> => {
    const file = await files.open(path, flags, fileMode);
    try {
      await file.write(text);
      await file.sync();
    } finally {
      await file.close();
    }
  };
  return {
    read: async (path) => {
      try {
        return await files.readFile(path, maxStateFileBytes);
      } catch (cause) {
        if (codeOf(cause) === "ENOENT") return undefined;
        if (cause instanceof FileTooLarge) {
          const hint =
            "esimd writes nothing near that size: look at what is in it, and restore the file from a backup.";
          throw new EsimdError("state_unwritable", `${path} is not read: ${describeCause(cause)}`, { cause, hint });
        }
        throw diskError("read", path, cause);
      }
    },
    list: async (path) => {
      try {
        return await files.list(path);
      } catch (cause) {
        if (codeOf(cause) === "ENOENT") return [];
        throw diskError("listed", path, cause);
      }
    },
    replace: (path, text) =>
      guarded("written", path, async () => {
        const temporary = `${path}.new`;
        await writeDurably(temporary, text, "w");
        await files.rename(temporary, path);
        // The rename itself is durable only once the folder is (fsync(2)).
        await files.syncFolder(dirname(path));
      }),
    append: (path, text) =>
      guarded("appended to", path, async () => {
        await writeDurably(path, text, "a");
        await files.syncFolder(dirname(path));
      }),
    makeFolder: (path) =>
      guarded("made", path, async () => {
        for (const made of await makePath(files, path)) await files.syncFolder(dirname(made));
      }),
    syncFolder: (path) => guarded("synced", path, () => files.syncFolder(path)),
    createExclusive: async (path, text) => {
      try {
        await writeDurably(path, text, "wx");
        return true;
      } catch (cause) {
        if (codeOf(cause) === "EEXIST") return false;
        throw diskError("made", path, cause);
      }
    },
    remove: (path) => guarded("removed", path, () => files.remove(path)),
  };
}

export const realDisk: Disk = durableDisk(nodeFileSystem);

/**
 * Makes a folder and those above it; resolves with what was made, the highest first. Not mkdir's own `recursive`: under a parent that
 * exists and takes no children (/proc) Node tries that for ever.
 */
async function makePath(files: FileSystem, path: string): Promise<readonly string[]> {
  try {
    return (await makeOne(files, path)) ? [path] : [];
  } catch (cause) {
    const parent = dirname(path);
    if (codeOf(cause) !== "ENOENT" || parent === path) throw cause;
    const above = await makePath(files, parent);
    return (await makeOne(files, path)) ? [...above, path] : above;
  }
}

/** False when the folder is there already, perhaps since a moment ago. */
async function makeOne(files: FileSystem, path: string): Promise<boolean> {
  try {
    await files.mkdir(path, folderMode);
    return true;
  } catch (cause) {
    if (codeOf(cause) === "EEXIST" && (await files.isFolder(path))) return false;
    throw cause;
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
  // No room is for who looks after the disk, and passes; no right to write is a fault of the set-up.
  const isFull = ["ENOSPC", "EDQUOT"].includes(codeOf(cause) ?? "");
  return new EsimdError(
    isFull ? "disk_full" : "state_unwritable",
    `${path} cannot be ${done}: ${describeCause(cause)}`,
    { cause },
  );
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
