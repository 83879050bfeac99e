import { dirname, join, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { type ConfigFileSystem, readText } from "./files.js";
import { type Origin, placeOf } from "./provenance.js";
import { type ConfigKey, configKeys, sections, typeOfKey } from "./schema.js";
import { keyDocs } from "./schema-kinds.js";
import { didYouMean } from "./suggest.js";

/** The layers of a configuration, lowest first: files, environment, flags. Each value is checked where it stands, so that a sentence can name the place. */

/** One value as somebody wrote it; `key` is known and the value fits its type. */
export interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** A value from the command line. */
export interface Override {
  readonly key: ConfigKey;
  readonly value: string;
  /** As the person typed it: `--provider`. */
  readonly flag: string;
}

/** Where problems go: everything that is wrong is found in one pass. */
export type Complain = (problem: EsimdError) => void;

const maxFileBytes = 256 * 1024;
const maxDropIns = 100;

/** Secrets that people put into the file, and where they belong. */
const secretKeys: Readonly<Record<string, string>> = {
  "api.key": "ESIMD_API_KEY",
  "api.secret": "ESIMD_API_SECRET",
};

/** The entries of one file. An absent file is a problem only when somebody named it (`namedBy`). */
export function fileEntries(
  files: ConfigFileSystem,
  path: string,
  namedBy: string | undefined,
  complain: Complain,
): { readonly found: boolean; readonly entries: readonly Entry[] } {
  const nothing = { found: false, entries: [] };
  const read = attempt(() => readText(files, path, maxFileBytes), complain);
  if (read.failed) return nothing;
  if (read.value === undefined) {
    if (namedBy !== undefined) complain(new EsimdError("config_unreadable", `${namedBy}: there is no file ${path}`));
    return nothing;
  }
  const text = read.value.text;
  const table = attempt(() => parseToml(text, path), complain);
  return table.failed ? nothing : { found: true, entries: flatten(table.value, path, complain) };
}

/** The drop-ins beside a configuration file, sorted by name; hidden files (an editor's) are left out. */
export function dropIns(files: ConfigFileSystem, configFile: string, complain: Complain): readonly string[] {
  return tomlFilesIn(files, join(dirname(configFile), "conf.d"), complain);
}

export function tomlFilesIn(files: ConfigFileSystem, folder: string, complain: Complain): readonly string[] {
  const listed = attempt(() => {
    try {
      return files.listDir(folder);
    } catch (cause) {
      throw new EsimdError("config_unreadable", `${folder} cannot be read: ${describeCause(cause)}`, { cause });
    }
  }, complain);
  const names = (listed.failed ? undefined : listed.value) ?? [];
  const chosen = names.filter((name) => name.endsWith(".toml") && !name.startsWith(".")).sort();
  if (chosen.length > maxDropIns) {
    complain(new EsimdError("config_invalid", `${folder} has ${chosen.length} files, more than ${maxDropIns}`));
    return [];
  }
  return chosen.map((name) => join(folder, name));
}

/** What the environment sets. An empty variable is one that is not set. */
export function environmentEntries(
  env: Readonly<Record<string, string | undefined>>,
  complain: Complain,
): readonly Entry[] {
  return configKeys.flatMap((key) => {
    const variable = docOf(key).env;
    const value = variable === undefined ? undefined : env[variable];
    if (variable === undefined || value === undefined || value === "") return [];
    return checked({ key, value: textValue(key, value), origin: { kind: "environment", variable } }, complain);
  });
}

/** What flags set. A value that does not fit is a mistake in the call: `usage`. */
export function flagEntries(overrides: readonly Override[], complain: Complain): readonly Entry[] {
  return overrides.flatMap(({ key, value, flag }) =>
    checked({ key, value: textValue(key, value), origin: { kind: "flag", flag } }, complain),
  );
}

/** systemd's folders stand in for the built-in defaults, below every file (systemd.exec(5), STATE_DIRECTORY: colon-separated). */
export function systemdEntries(
  env: Readonly<Record<string, string | undefined>>,
  complain: Complain,
): readonly Entry[] {
  const entryOf = (variable: string, key: string, file: string): readonly Entry[] => {
    const [folder = ""] = (env[variable] ?? "").split(":");
    if (folder === "") return [];
    return checked({ key, value: join(folder, file), origin: { kind: "environment", variable } }, complain);
  };
  return [
    ...entryOf("STATE_DIRECTORY", "state_dir", ""),
    ...entryOf("RUNTIME_DIRECTORY", "daemon.socket", "esimd.sock"),
  ];
}

function parseToml(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text, { unsafeKeyBehaviour: "throw", maxDepth: 16 });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [firstLine = ""] = cause.message.split("\n");
    const what = firstLine.replace(/^Invalid TOML document: /, "");
    throw new EsimdError("config_invalid", `${path}: line ${cause.line}, column ${cause.column}: ${what}`, { cause });
  }
}

function flatten(table: Readonly<Record<string, unknown>>, path: string, complain: Complain): readonly Entry[] {
  const entryOf = (key: string, value: unknown): readonly Entry[] => {
    if (typeOfKey(key) === undefined) {
      complain(unknownKey(path, key));
      return [];
    }
    return checked({ key, value, origin: { kind: "file", path, key } }, complain);
  };
  return Object.entries(table).flatMap(([name, value]) => {
    if (name === "" || !Object.hasOwn(sections, name)) return entryOf(name, value);
    if (!isTable(value)) {
      complain(new EsimdError("config_invalid", `${path}: ${name} is ${show(value)}; allowed is a table [${name}]`));
      return [];
    }
    return Object.entries(value).flatMap(([inner, innerValue]) => entryOf(`${name}.${inner}`, innerValue));
  });
}

function unknownKey(path: string, key: string): EsimdError {
  const variable = secretKeys[key];
  if (variable !== undefined) {
    return new EsimdError(
      "config_invalid",
      `${path}: ${key} may not stand in a configuration file, which others can read`,
      {
        hint: `Give it as a systemd credential (${variable.toLowerCase()}), in a file of its own (${key}_file), or as ${variable}.`,
      },
    );
  }
  return new EsimdError("config_invalid", `${path}: unknown key ${quote(key)}${didYouMean(key, configKeys)}`);
}

function checked(entry: Entry, complain: Complain): readonly Entry[] {
  const { key, value, origin } = entry;
  if (typeOfKey(key)?.safeParse(value).success === true) return [entry];
  const sentence = `${placeOf(origin, key)} is ${show(value)}; allowed is ${docOf(key).allowed}`;
  complain(new EsimdError(origin.kind === "flag" ? "usage" : "config_invalid", sentence));
  return [];
}

/** Relative paths in the environment and in flags are the caller's; a file has no working directory. */
function textValue(key: string, value: string): string {
  return docOf(key).path === true ? resolve(value) : value;
}

export function docOf(key: string) {
  const type = typeOfKey(key);
  const doc = type === undefined ? undefined : keyDocs.get(type);
  if (doc === undefined) throw new EsimdError("unexpected", `the configuration key ${quote(key)} is not documented`);
  return doc;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A value as a sentence shows it: bounded, masked, and without the password of a URL. */
function show(value: unknown): string {
  if (typeof value === "string") return quote(value.replace(/\/\/[^/@]*@/, "//***@"));
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return value.toISOString();
  return isTable(value) ? "a table" : String(value);
}

type Attempt<T> = { readonly failed: false; readonly value: T } | { readonly failed: true };

function attempt<T>(work: () => T, complain: Complain): Attempt<T> {
  try {
    return { failed: false, value: work() };
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    complain(error);
    return { failed: true };
  }
}
