/** The fixed name of a pseudo-terminal: a symbolic link, as udev's /dev/serial/by-id is for a real one. */

import { randomBytes } from "node:crypto";
import { lstat, readlink, rename, symlink, unlink } from "node:fs/promises";
import { EsimdError } from "../../../base/errors.js";
import { quote } from "../../../base/identifiers.js";

/**
 * Makes `path` a symbolic link to `target`, replacing a link that is there, at once and never leaving half a state.
 * @throws EsimdError `bad_input` when something that is no link has the name, or the folder does not take it.
 */
export async function pointLink(path: string, target: string): Promise<void> {
  if (!(await isLinkOrAbsent(path))) {
    throw new EsimdError("bad_input", `--link ${quote(path)} exists and is not a symbolic link`, {
      hint: "Choose another path, or remove what is there.",
    });
  }
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await symlink(target, fresh);
    await rename(fresh, path);
  } catch (cause) {
    await unlink(fresh).catch(() => undefined);
    throw new EsimdError("bad_input", `--link ${quote(path)} cannot be made`, {
      cause,
      hint: "Choose a path in a folder that exists and can be written.",
    });
  }
}

/** Removes the link if it still points to `target`; another's link of the same name is left alone. */
export async function removeLink(path: string, target: string): Promise<void> {
  const current = await readlink(path).catch(() => undefined);
  if (current === target) await unlink(path).catch(() => undefined);
}

async function isLinkOrAbsent(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return true;
    throw new EsimdError("bad_input", `--link ${quote(path)} cannot be looked at`, { cause: error });
  }
}
