import { join } from "node:path";
import { describeCause, EsimdError } from "../base/errors.js";
import { type Catalogue, createCatalogue } from "../modem/dialects/catalogue.js";
import { type ConfigFileSystem, nodeFileSystem } from "./config/files.js";

const maxBytes = 200_000;
const maxFiles = 100;

/**
 * esimd's dialects with those of the operator's folder, its `*.toml` files in order of their names; a folder that does not exist holds
 * none. What reads such files is loaded where there is one. @throws EsimdError `dialect_invalid`.
 */
export async function loadCatalogue(folder: string, fileSystem: ConfigFileSystem = nodeFileSystem): Promise<Catalogue> {
  const texts = readNames(folder, fileSystem).map((name) => readOne(join(folder, name), fileSystem));
  if (texts.length === 0) return createCatalogue();
  const { parseDialectFile } = await import("../modem/dialects/file.js");
  const given = texts.map(({ text, path }) => parseDialectFile(text, path));
  const twice = given.find(({ spec }, at) => given.findIndex((other) => other.spec.name === spec.name) !== at);
  if (twice !== undefined) {
    throw new EsimdError("dialect_invalid", `${twice.origin}: the dialect ${twice.spec.name} is in another file, too`);
  }
  return createCatalogue(given);
}

function readNames(folder: string, fileSystem: ConfigFileSystem): readonly string[] {
  let names: readonly string[] | undefined;
  try {
    names = fileSystem.listDir(folder);
  } catch (cause) {
    throw new EsimdError("dialect_invalid", `the folder ${folder} cannot be read: ${describeCause(cause)}`, { cause });
  }
  const files = (names ?? []).filter((name) => name.endsWith(".toml") && !name.startsWith(".")).sort();
  if (files.length <= maxFiles) return files;
  throw new EsimdError("dialect_invalid", `the folder ${folder} has more than ${maxFiles} dialect files`);
}

function readOne(path: string, fileSystem: ConfigFileSystem): { readonly text: string; readonly path: string } {
  const refuse = (why: string, cause?: unknown): EsimdError =>
    new EsimdError("dialect_invalid", `${path} ${why}`, { cause });
  let found: ReturnType<ConfigFileSystem["readFile"]>;
  try {
    found = fileSystem.readFile(path, maxBytes);
  } catch (cause) {
    throw refuse(`cannot be read: ${describeCause(cause)}`, cause);
  }
  if (found === undefined || !found.regular) throw refuse("is no file");
  if (found.bytes.length > maxBytes) throw refuse(`is longer than ${maxBytes} bytes`);
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(found.bytes), path };
  } catch (cause) {
    throw refuse("is not UTF-8 text", cause);
  }
}
