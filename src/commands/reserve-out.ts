import { access, constants, open, rm, stat } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import type { ESimProfile } from "../api/resources.js";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { codeOf, codeText, hasCode, isUsable } from "../provision/batch/code.js";

/** Activation codes in a file, for whoever prints labels: whole, for its owner alone, and never over another file. */

export interface CodeRow {
  readonly item: number;
  readonly reservation: ESimProfile;
}

const forms = { ".csv": csvOf, ".jsonl": jsonLinesOf } as const;

/** Checks the name before anything is paid for. @throws EsimdError `usage`, `bad_input`. */
export async function requireNewFile(path: string): Promise<void> {
  formOf(path);
  const isThere = await stat(path).then(
    () => true,
    (cause: unknown) => {
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return false;
      throw new EsimdError("bad_input", `--out: ${path} cannot be looked at: ${describeCause(cause)}`, { cause });
    },
  );
  if (isThere) throw existing(path);
  const folder = dirname(resolve(path));
  await access(folder, constants.W_OK).catch((cause: unknown) => {
    throw new EsimdError("bad_input", `--out: no file can be made in ${folder}: ${describeCause(cause)}`, { cause });
  });
}

/** Writes those that can be downloaded, in the order of their items. @throws EsimdError `bad_input`; what was written of it is taken away. */
export async function writeCodes(path: string, rows: readonly CodeRow[]): Promise<number> {
  const usable = rows.filter(({ reservation }) => isUsable(reservation) && hasCode(reservation));
  const text = formOf(path)(usable.toSorted((one, other) => one.item - other.item));
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") throw existing(path);
    throw unwritable(path, cause);
  });
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (cause) {
    // Half a list of codes would pass for a whole one.
    await rm(path, { force: true });
    throw unwritable(path, cause);
  } finally {
    await file.close();
  }
  return usable.length;
}

function formOf(path: string): (rows: readonly CodeRow[]) => string {
  const extension = extname(path).toLowerCase();
  if (extension === ".csv" || extension === ".jsonl") return forms[extension];
  throw new EsimdError("usage", `--out is ${quote(path)}, and a file of codes ends in .csv or .jsonl`);
}

function fieldsOf({ item, reservation }: CodeRow) {
  const code = codeOf(reservation);
  return {
    item,
    sid: reservation.sid,
    iccid: reservation.iccid ?? "",
    activation_code: codeText(reservation) ?? "",
    smdp: code?.smdpAddress ?? "",
    matching_id: code?.matchingId ?? "",
    status: reservation.status,
  };
}

const columns = ["item", "sid", "iccid", "activation_code", "smdp", "matching_id", "status"] as const;

/** No field has a comma, a quote or a line break: each was parsed as what it is. */
function csvOf(rows: readonly CodeRow[]): string {
  const lines = rows.map((row) => {
    const fields = fieldsOf(row);
    return columns.map((name) => String(fields[name])).join(",");
  });
  return `${[columns.join(","), ...lines].join("\r\n")}\r\n`;
}

function jsonLinesOf(rows: readonly CodeRow[]): string {
  return rows.map((row) => `${JSON.stringify(fieldsOf(row))}\n`).join("");
}

function existing(path: string): EsimdError {
  return new EsimdError("bad_input", `--out: ${path} exists, and nothing is written over`, {
    hint: "Give another name, or move that file away.",
  });
}

function unwritable(path: string, cause: unknown): EsimdError {
  return new EsimdError("bad_input", `--out: ${path} cannot be written: ${describeCause(cause)}`, {
    cause,
    hint: "The codes are not lost: `esimd reserve list --batch NAME --out FILE` writes them.",
  });
}
