import { z } from "zod";
import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { type LabelData, parseLabelData } from "./data.js";

/** Many labels out of one text: JSON lines, or CSV (RFC 4180) whose first line names the fields. Pure. */

/** More than a shift makes. */
export const mostRows = 10_000;

/**
 * JSON lines where the text begins with a brace, else CSV; commas or, where the first line has none, semicolons. Empty lines count for
 * nothing. `path` is for errors, which name the line. @throws EsimdError as {@link parseLabelData}, and `bad_input`.
 */
export function parseRows(text: string, path: string): readonly LabelData[] {
  const body = text.replace(/^\ufeff/, "");
  const rows = body.trimStart().startsWith("{") ? jsonRows(body, path) : csvRows(body, path);
  if (rows.length === 0) throw new EsimdError("bad_input", `${path} has no label in it`);
  if (rows.length > mostRows) {
    throw new EsimdError("bad_input", `${path} has ${rows.length} labels; at most ${mostRows} are made at a time`);
  }
  return rows.map(({ values, line }) => parseLabelData(values, `${path}: line ${line}`));
}

interface Row {
  readonly values: Readonly<Record<string, string>>;
  /** From 1. */
  readonly line: number;
}

/** A whole number is taken as its digits; one with more digits than a program keeps is not, for they may be wrong already. */
const cell = z.union([z.string(), z.int().transform(String), z.null().transform(() => "")]);
const jsonRow = z.record(z.string(), cell);

function jsonRows(text: string, path: string): readonly Row[] {
  return text.split(/\r?\n/).flatMap((raw, at) => {
    if (raw.trim() === "") return [];
    const place = `${path}: line ${at + 1}`;
    const result = jsonRow.safeParse(parsed(raw, place));
    if (result.success) return [{ values: result.data, line: at + 1 }];
    const key = result.error.issues[0]?.path[0];
    throw new EsimdError(
      "bad_input",
      key === undefined ? `${place} is no JSON object` : `${place}: ${quote(String(key))} is no text`,
      { hint: 'Write each value as a text in quotes, also numbers: {"serial":"A1","eid":"8904…"}.' },
    );
  });
}

function parsed(raw: string, place: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    // The parser's own words would repeat what stands there.
    throw new EsimdError("bad_input", `${place} is not JSON`);
  }
}

function csvRows(text: string, path: string): readonly Row[] {
  const head = text.split(/\r?\n/, 1)[0] ?? "";
  const delimiter = head.includes(",") || !head.includes(";") ? "," : ";";
  const [first, ...records] = csvRecords(text, delimiter, path);
  if (first === undefined) return [];
  const names = first.cells.map((name) => name.trim());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new EsimdError("bad_input", `${path}: line ${first.line}: two columns are called ${quote(twice)}`);
  return records.map(({ cells, line }) => {
    if (cells.length !== names.length) {
      throw new EsimdError(
        "bad_input",
        `${path}: line ${line} has ${cells.length} columns, and the first line names ${names.length}`,
      );
    }
    return { values: Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""])), line };
  });
}

interface CsvRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

function csvRecords(text: string, delimiter: string, path: string): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  let cells: string[] = [];
  let line = 1;
  let startLine = 1;
  const end = (): void => {
    if (cells.length > 1 || cells[0]?.trim() !== "") records.push({ cells, line: startLine });
    cells = [];
  };
  // A cell in quotes or a plain one, and what ends it.
  const token = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${delimiter}\\r\\n]*))(${delimiter}|\\r?\\n|$)`, "y");
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) throw new EsimdError("bad_input", `${path}: line ${line} has a quotation mark out of place`);
    const [whole, quoted, plain = "", ending] = match;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += whole.split("\n").length - 1;
    if (ending === delimiter && token.lastIndex < text.length) continue;
    if (ending === delimiter) cells.push("");
    end();
    startLine = line;
  }
  return records;
}
