import { randomUUID } from "node:crypto";
import { open, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { readBounded } from "../../base/bounded-read.js";
import { maxStateFileBytes } from "../../provision/store/disk.js";

/** What the doctor does on the file system of the state folder; each rejects with the error of node:fs. */
export interface StateDisk {
  /** Undefined where there is nothing of that name. */
  kindOf(path: string): Promise<"folder" | "other" | undefined>;
  /** Writes a small file into the folder, durably, and takes it away again. */
  tryWriting(folder: string): Promise<void>;
  /** What is left for a user who is not root. */
  room(folder: string): Promise<{ readonly freeBytes: number; readonly freeFiles: number | undefined }>;
  /** Empty where there is no such folder. */
  names(folder: string): Promise<readonly string[]>;
  /** Undefined where there is no such file. */
  read(path: string): Promise<string | undefined>;
}

export const realStateDisk: StateDisk = {
  kindOf: (path) =>
    unlessAbsent(async () => ((await stat(path)).isDirectory() ? ("folder" as const) : ("other" as const))),
  tryWriting: async (folder) => {
    const path = join(folder, `.esimd-doctor-${randomUUID()}`);
    try {
      const file = await open(path, "wx", 0o600);
      try {
        // As much as a journal: a full file system takes the name of a file and no byte of it.
        await file.writeFile(Buffer.alloc(4096, 0x20));
        await file.sync();
      } finally {
        await file.close();
      }
    } finally {
      await rm(path, { force: true });
    }
  },
  room: async (folder) => {
    const { bavail, bsize, files, ffree } = await statfs(folder);
    // Some file systems do not count files, and say 0 for both.
    return { freeBytes: bavail * bsize, freeFiles: files === 0 ? undefined : ffree };
  },
  names: async (folder) => (await unlessAbsent(() => readdir(folder))) ?? [],
  read: (path) => unlessAbsent(async () => (await readBounded(path, maxStateFileBytes)).toString("utf8")),
};

async function unlessAbsent<Value>(look: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await look();
  } catch (error) {
    // ENOTDIR: a file stands where a folder above it would be.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
