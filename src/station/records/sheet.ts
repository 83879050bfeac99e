import { readBounded } from "../../base/bounded-read.js";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import { type Eid, type Imei, parseActivationCode, parseEid, parseImei, quote } from "../../base/identifiers.js";
import { type CsvRecord, readCsv, type Separator } from "./csv.js";
import { parseSerial } from "./entry.js";

/**
 * A sheet of work: a CSV of serial numbers and what each unit shall get. It is taken whole or not at all, with every mistake named, since a line
 * that works by half a sheet ships the other half wrong.
 */

export interface SheetUnit {
  readonly serial: string;
  /** Where it stands in the sheet. */
  readonly line: number;
  /** SID or unique name of the Fleet; null: as configured. */
  readonly fleet: string | null;
  /** The EID that the unit must have. */
  readonly eid: Eid | null;
  readonly imei: Imei | null;
  /** A profile of its own, in place of a reservation. A secret of a kind: for no log, and not in the results. */
  readonly activationCode: string | null;
  /** The name of the label's template. */
  readonly label: string | null;
  /** The line's cells, by column of {@link Sheet.columns}. */
  readonly cells: readonly string[];
}

export interface Sheet {
  readonly place: string;
  /** As the sheet heads them. */
  readonly columns: readonly string[];
  /** Which of the columns may not be given back. */
  readonly secretColumns: ReadonlySet<number>;
  readonly separator: Separator;
  /** In the sheet's order. */
  readonly units: ReadonlyMap<string, SheetUnit>;
}

/** The columns that are obeyed. */
export const knownColumns = ["serial", "fleet", "eid", "imei", "activation_code", "label"] as const;
type KnownColumn = (typeof knownColumns)[number];

export const maxSheetBytes = 32 * 1024 * 1024;
export const maxSheetUnits = 100_000;
const maxColumns = 100;
/** So many mistakes are named; the rest is counted. */
const namedMistakes = 20;

/** @throws EsimdError `bad_input` that names every mistake by line and column. */
export function parseSheet(text: string, place: string): Sheet {
  const { separator, records } = readCsv(text, place);
  const [head, ...rest] = records;
  if (head === undefined)
    throw refused(place, ["it is empty"], "Write a head with the column serial, and a line for each unit.");
  const columns = head.cells.map((cell) => cell.trim());
  const known = readHead(columns, place);
  if (rest.length > maxSheetUnits) {
    throw refused(place, [`it has ${rest.length} units, more than ${maxSheetUnits}`], "Split it into several sheets.");
  }
  const reader = new LineReader(columns, known);
  for (const record of rest) reader.read(record);
  if (reader.mistakes.length > 0)
    throw refused(place, reader.mistakes, "Correct the named cells, and load the sheet again; nothing of it was used.");
  if (reader.units.size === 0) throw refused(place, ["it has a head and no unit"], "Write a line for each unit.");
  const secret = known.get("activation_code");
  return {
    place,
    columns,
    secretColumns: new Set(secret === undefined ? [] : [secret]),
    separator,
    units: reader.units,
  };
}

/** @throws EsimdError `bad_input`. */
export async function loadSheet(path: string): Promise<Sheet> {
  let bytes: Buffer;
  try {
    bytes = await readBounded(path, maxSheetBytes);
  } catch (cause) {
    throw new EsimdError("bad_input", `the sheet of work ${quote(path)} cannot be read: ${describeCause(cause)}`, {
      cause,
      hint: "Give a CSV file that is there and may be read.",
    });
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new EsimdError("bad_input", `the sheet of work ${quote(path)} is not UTF-8 text`, {
      cause,
      hint: 'Save it as "CSV UTF-8".',
    });
  }
  return parseSheet(text, path);
}

function readHead(columns: readonly string[], place: string): ReadonlyMap<KnownColumn, number> {
  const known = new Map<KnownColumn, number>();
  const mistakes: string[] = [];
  if (columns.length > maxColumns) mistakes.push(`it has ${columns.length} columns, more than ${maxColumns}`);
  const seen = new Set<string>();
  for (const [index, title] of columns.entries()) {
    const at = `line 1, column ${index + 1}`;
    if (title === "") mistakes.push(`${at} has no name`);
    else if (seen.has(title.toLowerCase())) mistakes.push(`${at}: ${quote(title)} stands there twice`);
    seen.add(title.toLowerCase());
    const plain = plainName(title);
    if (plain === "confirmationcode")
      mistakes.push(
        `${at}: a confirmation code is a secret, and no sheet takes it; configure it as download.confirmation_code`,
      );
    const meant = knownColumns.find((name) => plainName(name) === plain);
    if (meant === undefined) continue;
    // A column that is meant and misspelt would be carried along, and not obeyed.
    if (title.toLowerCase() !== meant) mistakes.push(`${at}: ${quote(title)} is written ${meant}`);
    else known.set(meant, index);
  }
  if (!known.has("serial") && mistakes.length === 0) mistakes.push('line 1 has no column "serial"');
  if (mistakes.length > 0) {
    throw refused(
      place,
      mistakes,
      `Of the head's names these are obeyed: ${knownColumns.join(", ")}; others are given back with the results.`,
    );
  }
  return known;
}

function plainName(title: string): string {
  return title.toLowerCase().replace(/[^a-z]/g, "");
}

/** What a cell of a known column may be. */
const fleetForm = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;
const labelForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

class LineReader {
  readonly mistakes: string[] = [];
  readonly units = new Map<string, SheetUnit>();
  readonly #columns: readonly string[];
  readonly #known: ReadonlyMap<KnownColumn, number>;
  /** Where a value that only one unit can have was first. */
  readonly #first = new Map<string, number>();

  constructor(columns: readonly string[], known: ReadonlyMap<KnownColumn, number>) {
    this.#columns = columns;
    this.#known = known;
  }

  read({ line, cells }: CsvRecord): void {
    if (cells.length !== this.#columns.length) {
      this.mistakes.push(`line ${line} has ${cells.length} cells, and the head has ${this.#columns.length}`);
      return;
    }
    const { length } = this.mistakes;
    const take = <T>(column: KnownColumn, parse: (text: string, place: string) => T): T | null =>
      this.#take(line, cells, column, parse);
    const serial = take("serial", parseSerial);
    const unit = {
      line,
      fleet: take("fleet", (text, at) => formed(text, fleetForm, at, "the SID or unique name of a Fleet")),
      eid: take("eid", parseEid),
      imei: take("imei", parseImei),
      activationCode: take("activation_code", checkedCode),
      label: take("label", (text, at) => formed(text, labelForm, at, "the name of a label's template")),
      cells,
    };
    if (serial === null) {
      if (this.mistakes.length === length) this.mistakes.push(`line ${line}, column serial: it is empty`);
      return;
    }
    this.#onlyOnce(line, "serial", serial);
    this.#onlyOnce(line, "eid", unit.eid);
    this.#onlyOnce(line, "imei", unit.imei);
    this.#onlyOnce(line, "activation_code", unit.activationCode);
    if (this.mistakes.length === length) this.units.set(serial, { serial, ...unit });
  }

  #take<T>(
    line: number,
    cells: readonly string[],
    column: KnownColumn,
    parse: (text: string, place: string) => T,
  ): T | null {
    const index = this.#known.get(column);
    // What a spreadsheet was given so that it shows all digits comes back so.
    const text = index === undefined ? "" : (cells[index] ?? "").trim().replace(/^="(.*)"$/, "$1");
    if (text === "") return null;
    const place = `line ${line}, column ${column}`;
    try {
      return parse(text, place);
    } catch (error) {
      if (!isEsimdError(error)) throw error;
      const rounded = /^\d(?:[.,]\d+)?E\+?\d+$/i.test(text);
      this.mistakes.push(
        rounded && column !== "serial"
          ? `${error.message}; a spreadsheet has rounded it: make the column text`
          : error.message,
      );
      return null;
    }
  }

  #onlyOnce(line: number, column: KnownColumn, value: string | null): void {
    if (value === null) return;
    const key = `${column} ${value}`;
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, line);
    else
      this.mistakes.push(
        `line ${line}, column ${column}: ${column === "activation_code" ? "it" : quote(value)} stands in line ${first}, too`,
      );
  }
}

function formed(text: string, form: RegExp, place: string, what: string): string {
  if (form.test(text)) return text;
  throw new EsimdError("bad_input", `${place}: ${quote(text)} is not ${what}`);
}

function checkedCode(text: string, place: string): string {
  parseActivationCode(text, place);
  return text;
}

function refused(place: string, mistakes: readonly string[], hint: string): EsimdError {
  const named = mistakes.slice(0, namedMistakes).join("; ");
  const more = mistakes.length > namedMistakes ? `; and ${mistakes.length - namedMistakes} more` : "";
  return new EsimdError("bad_input", `the sheet of work ${quote(place)}: ${named}${more}`, { hint });
}
