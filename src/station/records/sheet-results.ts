import type { Column } from "./columns.js";
import { type CsvStyle, csvHead, csvLine } from "./csv.js";
import type { Row } from "./export.js";
import { knownColumns, type Sheet, type SheetUnit } from "./sheet.js";

/**
 * The results of a sheet of work: its own lines, in its own order, and behind them what became of each unit; empty where nothing did. Activation codes
 * are not given back.
 */

/** The sheet's own separator, so that who wrote it can read it. */
function styleFor(sheet: Sheet, style: CsvStyle): CsvStyle {
  return { ...style, separator: sheet.separator };
}

export function resultHead(sheet: Sheet, columns: readonly Column[], style: CsvStyle): string {
  const own = sheet.columns.filter((_title, index) => !sheet.secretColumns.has(index));
  // The results of one sheet may be the next one, and must not be obeyed there.
  const taken = new Set<string>([...own.map((title) => title.toLowerCase()), ...knownColumns]);
  const titles = resultColumns(columns).map(({ title }) => {
    let free = title;
    while (taken.has(free.toLowerCase())) free = `result_${free}`;
    taken.add(free.toLowerCase());
    return free;
  });
  return csvHead(style) + csvLine([...own, ...titles], styleFor(sheet, style));
}

/** The serial number stands in the sheet. */
function resultColumns(columns: readonly Column[]): readonly Column[] {
  return columns.filter(({ name }) => name !== "serial");
}

export async function* resultLines(
  sheet: Sheet,
  columns: readonly Column[],
  style: CsvStyle,
  rows: AsyncIterable<Row>,
): AsyncGenerator<string> {
  const shown = resultColumns(columns);
  const own = styleFor(sheet, style);
  // As text already: a hundred thousand of them are held until the last line of the record is read.
  const results = new Map<string, string>();
  for await (const { serial, isVoided, cells } of rows) {
    if (serial !== null && !isVoided && sheet.units.has(serial)) results.set(serial, csvLine(cells(shown), own));
  }
  const nothing = csvLine(
    shown.map(() => null),
    own,
  );
  for (const unit of sheet.units.values()) yield ownCells(sheet, unit, own) + (results.get(unit.serial) ?? nothing);
}

function ownCells(sheet: Sheet, { cells }: SheetUnit, style: CsvStyle): string {
  const shown = cells.filter((_cell, index) => !sheet.secretColumns.has(index));
  return csvLine(shown, style).replace(/\r\n$/, style.separator);
}
