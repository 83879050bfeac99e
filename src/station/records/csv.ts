import { CsvError, parse } from "csv-parse/sync";
import { EsimdError } from "../../base/errors.js";

/**
 * CSV as RFC 4180 has it. Reading is csv-parse's: quotes, line breaks in cells and half a file are where the trouble is. Writing is a
 * rule of two lines, and what a spreadsheet makes of a cell is the rest.
 */

export const separators = [",", ";", "\t"] as const;
export type Separator = (typeof separators)[number];

export interface CsvStyle {
  readonly separator: Separator;
  /** A byte order mark in front: some spreadsheets take the file for Latin-1 without one. */
  readonly bom: boolean;
  /**
   * A text that a spreadsheet would take for a formula gets an apostrophe in front (CWE-1236). Only a program that reads no spreadsheet can do without.
   */
  readonly guard: boolean;
  /** Digits that a spreadsheet would round to 15 places are written as `="…"`, which it shows whole. Other programs read the file without. */
  readonly textDigits: boolean;
}

export const plainCsv: CsvStyle = { separator: ",", bom: false, guard: true, textDigits: false };

export type Cell = string | number | boolean | null;

/** What begins a formula, also in the full width that some spreadsheets take for it; behind control characters, too, which they skip. */
const formula = /^[\t\r\n]|^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;
const longDigits = /^\d{12,}$/;

/** One record with its end, CRLF. Null is the empty cell. Pure. */
export function csvLine(cells: readonly Cell[], style: CsvStyle): string {
  return `${cells.map((cell) => cellText(cell, style)).join(style.separator)}\r\n`;
}

/** What stands before the first record. */
export function csvHead(style: CsvStyle): string {
  return style.bom ? "\ufeff" : "";
}

function cellText(cell: Cell, { separator, guard, textDigits }: CsvStyle): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return String(cell);
  const isDigits = textDigits && longDigits.test(cell);
  const text = isDigits ? `="${cell}"` : guard && formula.test(cell) ? `'${cell}` : cell;
  const needsQuotes = text.includes(separator) || /["\r\n]/.test(text) || /^\s|\s$/.test(text);
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
}

export interface CsvRecord {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvText {
  readonly separator: Separator;
  /** In their order, those whose cells are all empty left out. */
  readonly records: readonly CsvRecord[];
}

/** A cell of a megabyte is a quote that was never closed. */
const maxRecordLength = 100_000;

/** The separator is the one of the first line. @throws EsimdError `bad_input` that names the line. */
export function readCsv(text: string, place: string): CsvText {
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  const separator = separatorOf(body);
  const records: CsvRecord[] = [];
  let line = 1;
  const see = (cells: readonly string[]): void => {
    if (cells.some((cell) => cell.trim() !== "")) records.push({ line, cells });
    // Not csv-parse's own count, for which CRLF in a cell is two lines.
    line += cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 1);
  };
  try {
    parse(body, {
      delimiter: separator,
      relax_column_count: true,
      record_delimiter: ["\r\n", "\n", "\r"],
      max_record_size: maxRecordLength,
      skip_empty_lines: false,
      on_record: (cells: string[]) => {
        see(cells);
        return null;
      },
    });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new EsimdError("bad_input", `${place}, line ${line}: ${sentenceOf(cause)}`, {
      cause,
      hint: "Save the file as CSV again: a cell with a quote in it is quoted as a whole, and the quote is doubled.",
    });
  }
  return { separator, records };
}

function separatorOf(text: string): Separator {
  const [head = ""] = text.split(/[\r\n]/, 1);
  const count = (separator: Separator): number => head.split(separator).length;
  return separators.reduce((most, one) => (count(one) > count(most) ? one : most));
}

function sentenceOf({ code, message }: CsvError): string {
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quote is opened and not closed";
    case "CSV_MAX_RECORD_SIZE":
      return `a record has more than ${maxRecordLength} characters; most likely a quote is not closed`;
    case "CSV_INVALID_CLOSING_QUOTE":
    case "INVALID_OPENING_QUOTE":
      return "a quote stands inside a cell that is not quoted as a whole, or text stands behind the closing one";
    default:
      return message.split("\n")[0] ?? message;
  }
}
