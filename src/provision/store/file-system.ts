import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";

/**
 * What a disk is asked for, one call each: what is durable when, is for its caller to see to. A simulation brings one that forgets what was
 * not synced. Errors carry Node's `code` (ENOENT, EEXIST, ENOSPC, EROFS, EIO).
 */
export interface FileSystem {
  readFile(path: string): Promise<string>;
  open(path: string, flags: OpenFlags, mode: number): Promise<OpenFile>;
  mkdir(path: string, mode: number): Promise<void>;
  isFolder(path: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  /** No error where there is no such file. */
  remove(path: string): Promise<void>;
  /** Makes durable which names the folder has (fsync(2)). */
  syncFolder(path: string): Promise<void>;
}

/** As open(2)'s: replaced, appended to, or made new and failing where it exists. */
export type OpenFlags = "w" | "a" | "wx";

export interface OpenFile {
  write(text: string): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export const nodeFileSystem: FileSystem = {
  readFile: (path) => readFile(path, "utf8"),
  open: async (path, flags, mode) => {
    const file = await open(path, flags, mode);
    return { write: (text) => file.writeFile(text), sync: () => file.sync(), close: () => file.close() };
  },
  mkdir: async (path, mode) => {
    await mkdir(path, { mode });
  },
  isFolder: async (path) => (await stat(path)).isDirectory(),
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
