/** The eUICC's memory in a file: whole or not at all, whenever it changed. */

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { type EuiccState, parseEuiccState } from "../euicc/state.js";

const maxBytes = 10_000_000;

/** Undefined when there is no such file yet. @throws EsimdError `bad_input` when it is not the state of an eUICC. */
export function readStateFile(path: string): EuiccState | undefined {
  const place = `--state ${quote(path)}`;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new EsimdError("bad_input", `${place} cannot be read`, { cause });
  }
  if (text.length > maxBytes) throw new EsimdError("bad_input", `${place} is too long for the state of an eUICC`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new EsimdError("bad_input", `${place} is no JSON`, { cause });
  }
  return parseEuiccState(json, place);
}

/** Writes beside the file and renames, each made durable: a kill at any moment leaves the old state or the new one. @throws EsimdError `bad_input`. */
export function writeStateFile(path: string, state: EuiccState): void {
  const fresh = `${path}.${process.pid}.new`;
  try {
    const file = openSync(fresh, "w", 0o600);
    try {
      writeFileSync(file, `${JSON.stringify(state, undefined, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, path);
    const folder = openSync(dirname(path), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (cause) {
    throw new EsimdError("bad_input", `--state ${quote(path)} cannot be written`, { cause });
  }
}
