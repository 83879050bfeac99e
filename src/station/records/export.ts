import { reportHead, reportRow, reportTail } from "./batch-report-html.js";
import { textHead, textRow, textTail } from "./batch-report-text.js";
import { ChargeBook } from "./charge-book.js";
import { allColumns, type Column, type ColumnName, cellOf } from "./columns.js";
import { type Cell, type CsvStyle, csvHead, csvLine } from "./csv.js";
import type { Entry } from "./entry.js";
import type { RecordSource } from "./read.js";
import type { Sheet } from "./sheet.js";
import { resultHead, resultLines } from "./sheet-results.js";
import { type RunEnd, type RunStanding, Standings } from "./standing.js";
import { BatchFrame, type BatchSummary, summarise } from "./summary.js";

/**
 * What is made of a record, in pieces of text as they come: the record is gone through twice, once for how everything stands, and once for
 * the lines themselves, so that its length is no matter of memory. The same record gives the same text.
 */

export const exportFormats = ["csv", "json", "report", "text"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportRequest {
  readonly format: ExportFormat;
  /** Null: all batches. */
  readonly batch: string | null;
  /** Of CSV and JSON. */
  readonly columns: readonly Column[];
  /** A row for each run in place of one for each unit; of CSV and JSON. */
  readonly everyRun: boolean;
  readonly csv: CsvStyle;
  /** CSV: a row for each line of this sheet, in its order, with the sheet's own columns in front. */
  readonly sheet: Sheet | null;
}

export interface Survey {
  readonly standings: Standings;
  readonly charges: ChargeBook;
  readonly frame: BatchFrame;
}

export async function surveyOf(source: RecordSource, batch: string | null): Promise<Survey> {
  const survey = { standings: new Standings(batch), charges: new ChargeBook(), frame: new BatchFrame() };
  for await (const entry of source.entries()) seeInto(survey, batch, entry);
  return survey;
}

function seeInto({ standings, charges, frame }: Survey, batch: string | null, entry: Entry): void {
  standings.see(entry);
  charges.see(entry);
  if (batch === null || (entry.kind !== "voided" && entry.batch === batch)) frame.see(entry);
}

/** Every batch of the record in figures, in the order in which they began; one pass. */
export async function batchesOf(source: RecordSource): Promise<readonly BatchSummary[]> {
  const charges = new ChargeBook();
  const surveys = new Map<string, Survey>();
  for await (const entry of source.entries()) {
    charges.see(entry);
    if (entry.kind === "voided") {
      for (const { standings } of surveys.values()) standings.see(entry);
      continue;
    }
    const { batch } = entry;
    const survey = surveys.get(batch) ?? { standings: new Standings(batch), charges, frame: new BatchFrame() };
    surveys.set(batch, survey);
    survey.standings.see(entry);
    survey.frame.see(entry);
  }
  return [...surveys].map(([batch, survey]) => summarise(batch, survey));
}

/** Pieces of about this many characters are given out. */
const pieceLength = 64 * 1024;

export async function* exportRecord(source: RecordSource, request: ExportRequest): AsyncGenerator<string> {
  let piece = "";
  for await (const part of partsOf(source, request)) {
    piece += part;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

/** All of it at once: for an export that is known to be small, such as a page's. */
export async function exportText(source: RecordSource, request: ExportRequest): Promise<string> {
  let text = "";
  for await (const piece of exportRecord(source, request)) text += piece;
  return text;
}

async function* partsOf(source: RecordSource, request: ExportRequest): AsyncGenerator<string> {
  const { format, batch, columns, csv, sheet } = request;
  const survey = await surveyOf(source, batch);
  switch (format) {
    case "csv": {
      if (sheet !== null) {
        yield resultHead(sheet, columns, csv);
        yield* resultLines(sheet, columns, csv, rowsOf(source, survey, request));
        return;
      }
      yield csvHead(csv) +
        csvLine(
          columns.map(({ title }) => title),
          csv,
        );
      for await (const { cells } of rowsOf(source, survey, request)) yield csvLine(cells(columns), csv);
      return;
    }
    case "json": {
      yield `{"schema":"esimd.station-units/1","batch":${JSON.stringify(batch)},"rows":${JSON.stringify(request.everyRun ? "runs" : "units")},"units":[`;
      let isFirst = true;
      for await (const { cells } of rowsOf(source, survey, request)) {
        const values = cells(columns);
        const row = Object.fromEntries(columns.map(({ title }, index) => [title, values[index] ?? null]));
        yield `${isFirst ? "" : ","}\n${JSON.stringify(row)}`;
        isFirst = false;
      }
      yield "\n]}\n";
      return;
    }
    case "report":
    case "text": {
      const [head, row, tail] =
        format === "report" ? [reportHead, reportRow, reportTail] : [textHead, textRow, textTail];
      const summary = summarise(batch, survey);
      yield head(summary);
      for await (const { named } of rowsOf(source, survey, { ...request, everyRun: false })) yield row(named);
      yield tail();
    }
  }
}

export interface Row {
  readonly serial: string | null;
  readonly isVoided: boolean;
  readonly cells: (columns: readonly Column[]) => readonly Cell[];
  readonly named: (name: ColumnName) => Cell;
}

async function* rowsOf(
  source: RecordSource,
  { standings }: Survey,
  { everyRun, batch }: Pick<ExportRequest, "everyRun" | "batch">,
): AsyncGenerator<Row> {
  for await (const entry of source.entries()) {
    if (entry.kind !== "ended" && entry.kind !== "interrupted") continue;
    if (batch !== null && entry.batch !== batch) continue;
    const run = standings.runOf(entry.run);
    if (run !== undefined && (everyRun || standings.isLast(entry))) yield rowOf(entry, run);
  }
}

function rowOf(entry: RunEnd, run: RunStanding): Row {
  const named = (name: ColumnName): Cell => cellOf(name, { entry, run });
  return {
    serial: run.unit.serial,
    isVoided: run.unit.voided !== null,
    named,
    cells: (columns) => columns.map(({ name }) => named(name)),
  };
}

/** The columns of an export where nobody says which: JSON has all of them. */
export function columnsFor(format: ExportFormat, given: readonly Column[] | undefined, usual: readonly Column[]) {
  return given ?? (format === "json" ? allColumns : usual);
}
