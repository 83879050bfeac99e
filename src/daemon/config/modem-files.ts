import { basename, dirname, join } from "node:path";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { isModemName, modemNameForm } from "../modem-name.js";
import type { ConfigFileSystem } from "./files.js";
import { type Complain, type Entry, fileEntries, tomlFilesIn } from "./layers.js";

/** `modems.d/NAME.toml` beside the configuration file: what one modem of several has of its own. */

/** What one modem can have of its own; everything else is the daemon's, or the host's. The keys outside of any table stand by their names. */
const modemTables: ReadonlySet<string> = new Set([
  "modem",
  "reservation",
  "sim",
  "download",
  "confirm",
  "network",
  "deadline",
]);

/** These say which modem it is, so that another does not inherit them from the main file. */
const ownKeys: ReadonlySet<string> = new Set(["modem.port", "modem.expected_eid"]);

/** Where udev puts the port of a modem that has a name: `SYMLINK+="esimd/NAME"`. */
export function namedPort(name: string): string {
  return `/dev/esimd/${name}`;
}

/** The names that have a file, sorted. */
export function modemNames(
  files: ConfigFileSystem,
  configFiles: readonly string[],
  complain: Complain,
): readonly string[] {
  const names = foldersOf(configFiles)
    .flatMap((folder) => tomlFilesIn(files, folder, complain))
    .flatMap((path) => {
      const name = basename(path, ".toml");
      if (isModemName(name)) return [name];
      complain(new EsimdError("config_invalid", `${path} names a modem ${quote(name)}; allowed is ${modemNameForm}`));
      return [];
    });
  return [...new Set(names)].sort();
}

/** What the modem of that name has of its own, and how that lies over the layers below. A modem without a file has its name's port. */
export function modemEntries(
  files: ConfigFileSystem,
  configFiles: readonly string[],
  name: string,
  complain: Complain,
): { readonly files: readonly string[]; readonly over: (below: readonly Entry[]) => readonly Entry[] } {
  const found: string[] = [];
  const own: Entry[] = [{ key: "modem.port", value: namedPort(name), origin: { kind: "default" } }];
  for (const folder of foldersOf(configFiles)) {
    const path = join(folder, `${name}.toml`);
    const read = fileEntries(files, path, undefined, complain);
    if (read.found) found.push(path);
    own.push(...onlyOfOneModem(path, read.entries, complain));
  }
  return { files: found, over: (below) => [...below.filter(({ key }) => !ownKeys.has(key)), ...own] };
}

function onlyOfOneModem(path: string, entries: readonly Entry[], complain: Complain): readonly Entry[] {
  return entries.filter(({ key }) => {
    const [table = key] = key.split(".");
    if (modemTables.has(table)) return true;
    complain(
      new EsimdError("config_invalid", `${path}: ${key} is not one modem's, but all modems'`, {
        hint: "Put it into the main file, and out of this one.",
      }),
    );
    return false;
  });
}

function foldersOf(configFiles: readonly string[]): readonly string[] {
  return [...new Set(configFiles.map((path) => join(dirname(path), "modems.d")))];
}
