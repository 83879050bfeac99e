import type { Exports } from "../station/page/open.js";
import { defaultColumns } from "../station/records/columns.js";
import { plainCsv } from "../station/records/csv.js";
import { columnsFor, type ExportFormat, exportRecord } from "../station/records/export.js";
import { RecordFile } from "../station/records/read.js";
import type { Sheet } from "../station/records/sheet.js";

/** What a person can take from the page: the batch that is being made, as it stands at that moment. */
export function pageExports(parts: {
  readonly folder: string;
  readonly batch: string;
  readonly sheet: Sheet | undefined;
}): Exports {
  const { folder, batch, sheet } = parts;
  const make = (format: ExportFormat, contentType: string, ending: string) => async () => {
    const source = (await RecordFile.open(folder)) ?? { entries: () => [] };
    const body = exportRecord(source, {
      format,
      batch,
      columns: columnsFor(format, undefined, defaultColumns),
      everyRun: false,
      csv: plainCsv,
      sheet: format === "csv" ? (sheet ?? null) : null,
    });
    return { contentType, fileName: `${batch}.${ending}`, body };
  };
  return {
    csv: make("csv", "text/csv; charset=utf-8", "csv"),
    json: make("json", "application/json; charset=utf-8", "json"),
    report: make("report", "text/html; charset=utf-8", "html"),
  };
}
