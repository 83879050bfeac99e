import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { LabelData } from "../label/data.js";

/** The files that `esimd label` writes: each a new one, and whole or not there. */

export interface LabelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Only its owner may read it: there is an activation code in it. */
  readonly isPrivate: boolean;
}

/** A file for each label, `0007-SERIAL.svg`: in the order of the labels, and so that two of one serial number do not meet. */
export function fileNameOf({ serial = "" }: LabelData, at: number, count: number, format: string): string {
  const number = String(at + 1).padStart(Math.max(4, String(count).length), "0");
  const plain = serial.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 64);
  return `${plain === "" ? number : `${number}-${plain}`}.${format}`;
}

/** Nothing is written when one of them is there already. @throws EsimdError `label_unwritten`. */
export function writeLabelFiles(files: readonly LabelFile[], folder?: string): void {
  if (folder !== undefined) makeFolder(folder);
  const taken = files.find(({ path }) => existsSync(path));
  if (taken !== undefined) throw isThere(taken.path);
  for (const file of files) writeNew(file);
}

/** The path of a label in the folder of `--out-dir`. */
export function pathIn(folder: string, name: string): string {
  return join(folder, name);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return;
    throw new EsimdError("label_unwritten", `the folder ${quote(folder)} cannot be made: ${describeCause(cause)}`, {
      cause,
    });
  }
}

function writeNew({ path, bytes, isPrivate }: LabelFile): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx", isPrivate ? 0o600 : 0o644);
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") throw isThere(path);
    throw new EsimdError("label_unwritten", `${quote(path)} cannot be made: ${describeCause(cause)}`, { cause });
  }
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } catch (cause) {
    rmSync(path, { force: true });
    throw new EsimdError("label_unwritten", `${quote(path)} cannot be written: ${describeCause(cause)}`, { cause });
  } finally {
    closeSync(descriptor);
  }
}

function isThere(path: string): EsimdError {
  return new EsimdError("label_unwritten", `${quote(path)} is there already, and a label's file is never overwritten`);
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
