import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { describeCause, EsimdError } from "../../base/errors.js";

/** A file as it was found: what it is, who may read it, and its bytes up to the limit. */
export interface FoundFile {
  /** A file, or /dev/null in the place of an empty one. */
  readonly regular: boolean;
  /** Permission bits, as in stat(2). */
  readonly mode: number;
  readonly ownerUid: number;
  /** At most one byte more than the limit that was asked for. */
  readonly bytes: Uint8Array;
}

/** What loading a configuration needs of the file system; a test passes its own. Both throw what node:fs throws. */
export interface ConfigFileSystem {
  /** Undefined when there is no such file. */
  readFile(path: string, maxBytes: number): FoundFile | undefined;
  /** The names in a folder, in any order; undefined when there is no such folder. */
  listDir(path: string): readonly string[] | undefined;
  /** Permission bits of a folder; undefined when there is none. */
  folderMode(path: string): number | undefined;
  /** Who asks. */
  readonly ownUid: number;
}

/** The real one. Looks and reads through one descriptor, so that nobody can swap the file in between; a FIFO does not block. */
export const nodeFileSystem: ConfigFileSystem = {
  readFile: (path, maxBytes) =>
    absentAsUndefined(() => {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const stat = fstatSync(fd);
        const regular = stat.isFile() || (stat.isCharacterDevice() && stat.rdev === nullDevice);
        return {
          regular,
          mode: stat.mode & 0o7777,
          ownerUid: stat.uid,
          bytes: regular ? readBounded(fd, maxBytes + 1) : new Uint8Array(),
        };
      } finally {
        closeSync(fd);
      }
    }),
  listDir: (path) => absentAsUndefined(() => readdirSync(path)),
  folderMode: (path) => absentAsUndefined(() => statSync(path).mode & 0o7777),
  ownUid: process.getuid?.() ?? 0,
};

/** /dev/null (device 1:3): an empty file, and a link to it is how people mask one (systemd.unit(5)). */
const nullDevice = 0x0103;

function readBounded(fd: number, maxBytes: number): Uint8Array {
  const buffer = new Uint8Array(maxBytes);
  let filled = 0;
  while (filled < maxBytes) {
    const count = readSync(fd, buffer, filled, maxBytes - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

function absentAsUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The text of a file of at most `maxBytes`; undefined when it is absent. @throws EsimdError `config_unreadable`. */
export function readText(
  files: ConfigFileSystem,
  path: string,
  maxBytes: number,
): { readonly text: string; readonly mode: number; readonly ownerUid: number } | undefined {
  let found: FoundFile | undefined;
  try {
    found = files.readFile(path, maxBytes);
  } catch (cause) {
    throw new EsimdError("config_unreadable", `${path} cannot be read: ${describeCause(cause)}`, { cause });
  }
  if (found === undefined) return undefined;
  if (!found.regular) throw new EsimdError("config_unreadable", `${path} is not a regular file`);
  if (found.bytes.length > maxBytes) {
    throw new EsimdError("config_unreadable", `${path} is larger than ${maxBytes} bytes`);
  }
  try {
    const { mode, ownerUid } = found;
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(found.bytes), mode, ownerUid };
  } catch (cause) {
    throw new EsimdError("config_unreadable", `${path} is not UTF-8 text`, { cause });
  }
}
