import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { readBounded } from "../../base/bounded-read.js";

/**
 * What a disk is asked for, one call each: what is durable when, is for its caller to see to. A simulation brings one that forgets what was
 * not synced. Errors carry Node's `code` (ENOENT, EEXIST, ENOSPC, EROFS, EIO).
 */
export interface FileSystem {
  /** @throws FileTooLarge for a longer one, which is not read. */
  readFile(path: string, maxBytes: number): Promise<string>;
  open(path: string, flags: OpenFlags, mode: number): Promise<OpenFile>;
  mkdir(path: string, mode: number): Promise<void>;
  isFolder(path: string): Promise<boolean>;
  /** The files of a folder, in no order. */
  list(path: string): Promise<readonly ListedFile[]>;
  rename(from: string, to: string): Promise<void>;
  /** No error where there is no such file. */
  remove(path: string): Promise<void>;
  /** Makes durable which names the folder has (fsync(2)). */
  syncFolder(path: string): Promise<void>;
}

export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
}

/** As open(2)'s: replaced, appended to, or made new and failing where it exists. */
export type OpenFlags = "w" | "a" | "wx";

export interface OpenFile {
  write(text: string): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export const nodeFileSystem: FileSystem = {
  readFile: async (path, maxBytes) => (await readBounded(path, maxBytes)).toString("utf8"),
  open: async (path, flags, mode) => {
    const file = await open(path, flags, mode);
    return { write: (text) => file.writeFile(text), sync: () => file.sync(), close: () => file.close() };
  },
  mkdir: async (path, mode) => {
    await mkdir(path, { mode });
  },
  isFolder: async (path) => (await stat(path)).isDirectory(),
  list: async (path) => {
    const entries = await readdir(path, { withFileTypes: true });
    const listed: ListedFile[] = [];
    for (const { name } of entries.filter((entry) => entry.isFile())) {
      try {
        listed.push({ name, bytes: (await stat(join(path, name))).size });
      } catch (error) {
        // Taken away by another process meanwhile.
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      }
    }
    return listed;
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  syncFolder: async (path) => {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};
