import { constants } from "node:fs";
import { copyFile, link, lstat, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";

/**
 * A file that is new: never written over another one, and there whole or not at all. It is written aside, synced, and then given its name
 * by a link, which fails where the name is taken, however late; a process that dies before leaves only what it wrote aside.
 */

const mode = 0o640;
/** Of file systems without links: sticks that come from a shop, and some shares. */
const noLinks = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * @param newId a name that nothing else has.
 * @returns how many bytes it has. @throws EsimdError `bad_input` where there is such a file, or it cannot be made.
 */
export async function writeNewFile(path: string, pieces: AsyncIterable<string>, newId: () => string): Promise<number> {
  const aside = `${path}.${newId()}.part`;
  try {
    // Told before the work is done; the link tells it again for certain.
    await refuseTaken(path);
    const bytes = await write(aside, pieces);
    await giveName(aside, path);
    await syncFolder(dirname(path));
    return bytes;
  } catch (cause) {
    if (isEsimdError(cause)) throw cause;
    if (codeOf(cause) === "EEXIST") throw taken(path, cause);
    throw new EsimdError("bad_input", `${quote(path)} cannot be written: ${describeCause(cause)}`, {
      cause,
      hint: "Give a file in a folder that is there, may be written, and has room.",
    });
  } finally {
    await rm(aside, { force: true });
  }
}

async function write(path: string, pieces: AsyncIterable<string>): Promise<number> {
  const file = await open(path, "wx", mode);
  try {
    let bytes = 0;
    for await (const piece of pieces) {
      const data = Buffer.from(piece, "utf8");
      await file.writeFile(data);
      bytes += data.length;
    }
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

async function giveName(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path);
  } catch (cause) {
    if (!noLinks.includes(codeOf(cause) ?? "")) throw cause;
    // Not whole in one step, and never over another one.
    await copyFile(aside, path, constants.COPYFILE_EXCL);
    await synced(path, "r+");
  }
}

async function refuseTaken(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return;
    throw cause;
  }
  throw taken(path);
}

function taken(path: string, cause?: unknown): EsimdError {
  return new EsimdError("bad_input", `${quote(path)} is there already, and no export is written over another file`, {
    cause,
    hint: "Give --out a file that does not exist.",
  });
}

async function syncFolder(path: string): Promise<void> {
  await synced(path, "r");
}

async function synced(path: string, flags: string): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
