import type { ConfigFileSystem } from "../../../src/daemon/config/files.js";

export interface MemoryFile {
  readonly text: string | Uint8Array;
  readonly mode?: number;
  readonly regular?: boolean;
  /** That of who asks, when left out. */
  readonly ownerUid?: number;
  /** Opening it fails, as node:fs says it. */
  readonly fails?: string;
}

/** A file system of the given files, by path, seen by user 1000. */
export function memoryFiles(
  files: Readonly<Record<string, string | MemoryFile>>,
  folderModes: Readonly<Record<string, number>> = {},
): ConfigFileSystem {
  return {
    ownUid: 1000,
    folderMode: (path) => folderModes[path],
    readFile: (path, maxBytes) => {
      const entry = files[path];
      if (entry === undefined) return undefined;
      const file: MemoryFile = typeof entry === "string" ? { text: entry } : entry;
      if (file.fails !== undefined) throw Object.assign(new Error(`${file.fails}: cannot open`), { code: file.fails });
      const bytes = typeof file.text === "string" ? new TextEncoder().encode(file.text) : file.text;
      return {
        regular: file.regular ?? true,
        mode: file.mode ?? 0o644,
        ownerUid: file.ownerUid ?? 1000,
        bytes: bytes.subarray(0, maxBytes + 1),
      };
    },
    listDir: (path) => {
      const names = Object.keys(files)
        .filter((file) => file.startsWith(`${path}/`))
        .map((file) => file.slice(path.length + 1));
      return names.length === 0 ? undefined : names;
    },
  };
}
