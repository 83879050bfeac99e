import { isAbsolute, join, resolve } from "node:path";
import { EsimdError } from "../base/errors.js";
import { parseEid, quote } from "../base/identifiers.js";
import { didYouMean } from "../daemon/config/suggest.js";
import { realOutside } from "../daemon/outside.js";
import { realDisk } from "../provision/store/disk.js";
import { realProcesses } from "../provision/store/lock.js";
import { defaultColumns, parseColumns } from "../station/records/columns.js";
import { type CsvStyle, plainCsv, type Separator } from "../station/records/csv.js";
import { batchForm, parseSerial } from "../station/records/entry.js";
import {
  batchesOf,
  columnsFor,
  type ExportFormat,
  type ExportRequest,
  exportFormats,
  exportRecord,
} from "../station/records/export.js";
import { type FoundInRecord, findUnits } from "../station/records/found.js";
import { writeNewFile } from "../station/records/new-file.js";
import { RecordFile, recordPath } from "../station/records/read.js";
import { percent } from "../station/records/report-words.js";
import { loadSheet } from "../station/records/sheet.js";
import type { BatchSummary } from "../station/records/summary.js";
import { voidUnit } from "../station/records/void-unit.js";
import type { CommandContext, FlagSpec, ParsedArgs } from "./command.js";
import { configFor } from "./common-flags.js";
import { oneLine } from "./failure.js";
import { tableOf } from "./text-table.js";

/** `esimd station export|list|void|batches`: what is made of a station's record. Needs no station, and stops none. */

export const stationRecordFlags = {
  records: { type: "string", value: "DIR", help: "The folder of the record; `station` in the state folder otherwise." },
  batch: { type: "string", value: "NAME", help: "The batch." },
  all: { type: "boolean", help: "export: every batch of the record." },
  format: { type: "string", value: "FORMAT", help: "export: csv (default), json, report (HTML for A4) or text." },
  columns: {
    type: "string",
    value: "LIST",
    help: "export: names of columns, in order, each with its title if it likes: serial,eid=EID.",
  },
  "every-run": { type: "boolean", help: "export: a row for each run in place of each unit (csv, json)." },
  sheet: { type: "string", value: "FILE", help: "export: a row for each line of this sheet of work (csv)." },
  separator: { type: "string", value: "NAME", help: "export: comma (default), semicolon or tab (csv)." },
  spreadsheet: {
    type: "boolean",
    help: 'export: for a spreadsheet: a byte order mark, and long digits as ="…" (csv).',
  },
  "as-is": { type: "boolean", help: "export: no apostrophe before what a spreadsheet takes for a formula (csv)." },
  out: {
    type: "string",
    value: "FILE",
    help: "export: a new file, never written over another; - is stdout (default).",
  },
  search: { type: "string", value: "TEXT", help: "list: only units with this in serial number, EID, IMEI or ICCID." },
  limit: { type: "string", value: "N", help: "list: at most so many units, the newest (100)." },
  why: { type: "string", value: "TEXT", help: "void: why, for the record." },
  by: { type: "string", value: "WHO", help: "void: who says so, for the record." },
  eid: { type: "string", value: "EID", help: "void: which unit, where several have the serial number." },
} as const satisfies Record<string, FlagSpec>;

export const stationRecordVerbs = {
  export: exportVerb,
  list: listVerb,
  void: voidVerb,
  batches: batchesVerb,
} as const satisfies Record<string, (context: CommandContext, args: ParsedArgs) => Promise<number>>;

async function exportVerb(context: CommandContext, args: ParsedArgs): Promise<number> {
  wordsOf(args, "export", []);
  const format = oneOf(args, "format", exportFormats) ?? "csv";
  const batch = batchOf(args);
  if ((batch === null) !== args.has("all")) {
    throw new EsimdError(
      "usage",
      `station export: ${batch === null ? "say which batch" : "one batch, or all of them"}`,
      {
        hint: "Give --batch NAME or --all; `esimd station batches` shows their names.",
      },
    );
  }
  refuseUnused(args, format);
  const sheetPath = args.text("sheet");
  const given = args.text("columns");
  const request: ExportRequest = {
    format,
    batch,
    columns: columnsFor(format, given === undefined ? undefined : parseColumns(given), defaultColumns),
    everyRun: args.has("every-run"),
    csv: styleOf(args),
    sheet: sheetPath === undefined ? null : await loadSheet(sheetPath),
  };
  const source = await openRecord(context, args);
  if (batch !== null) await requireBatch(source, batch);
  const pieces = interruptible(exportRecord(source, request), context.signal);
  const out = args.text("out") ?? "-";
  if (out === "-") {
    for await (const piece of pieces) context.stdout(piece);
  } else {
    const path = resolve(out);
    const bytes = await writeNewFile(path, pieces, realOutside.newId);
    const result = { schema: "esimd.station-export/1", file: path, format, batch, bytes };
    context.stdout(args.has("json") ? `${JSON.stringify(result)}\n` : `${path}: ${bytes} bytes\n`);
  }
  tellTorn(context, args, source);
  return 0;
}

async function listVerb(context: CommandContext, args: ParsedArgs): Promise<number> {
  wordsOf(args, "list", []);
  const limit = Number(args.text("limit") ?? "100");
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) {
    throw new EsimdError(
      "usage",
      `station list: --limit is ${quote(args.text("limit") ?? "")}; allowed is 1 to 100000`,
    );
  }
  const source = await openRecord(context, args);
  const { units, more } = await findUnits(source, { text: args.text("search") ?? "", batch: batchOf(args), limit });
  if (args.has("json")) context.stdout(`${JSON.stringify({ schema: "esimd.station-list/1", units, more })}\n`);
  else {
    context.stdout(
      tableOf(
        ["SERIAL", "VERDICT", "BATCH", "SLOT", "EID", "ICCID", "RUNS", "ENDED", "WHY"],
        units.map((unit) => rowOf(unit)),
      ),
    );
    if (more > 0) context.stdout(`and ${more} older ones; see --search and --limit\n`);
  }
  tellTorn(context, args, source);
  return 0;
}

function rowOf(unit: FoundInRecord): readonly string[] {
  const { serial, verdict, batch, slot, eid, iccid, runs, endedAtMs, code, isVoided } = unit;
  const ended = new Date(endedAtMs).toISOString().slice(0, 19).replace("T", " ");
  const why = [...(isVoided ? ["taken back"] : []), ...(code === null ? [] : [oneLine(code)])].join(", ");
  return [serial, verdict, batch, String(slot), eid ?? "", iccid ?? "", String(runs), ended, why];
}

async function voidVerb(context: CommandContext, args: ParsedArgs): Promise<number> {
  const [word = ""] = wordsOf(args, "void", ["SERIAL"]);
  const serial = parseSerial(word, "station void");
  const why = oneLine(args.text("why") ?? "");
  if (why === "") {
    throw new EsimdError("usage", "station void: say why, for the record", { hint: "Give --why TEXT." });
  }
  const by = args.text("by");
  const eid = args.text("eid");
  for (const [flag, text, most] of [
    ["why", why, 500],
    ["by", by ?? "", 64],
  ] as const) {
    if (text.length > most)
      throw new EsimdError("usage", `--${flag} has ${text.length} characters, and the record takes ${most}`);
  }
  // As the other verbs: a folder without a record is told of in the same words.
  await openRecord(context, args);
  const entry = await voidUnit(
    {
      folder: folderOf(context, args),
      serial,
      eid: eid === undefined ? null : parseEid(eid, "--eid"),
      why,
      by: by === undefined ? null : oneLine(by),
    },
    { disk: realDisk, processes: realProcesses, clock: context.clock },
  );
  const whose = entry.eid === null ? "" : ` of the eUICC ${entry.eid}`;
  context.stdout(
    args.has("json")
      ? `${JSON.stringify({ schema: "esimd.station-void/1", entry })}\n`
      : `the serial number ${serial}${whose} is taken back; it can be given to a unit again\n`,
  );
  return 0;
}

async function batchesVerb(context: CommandContext, args: ParsedArgs): Promise<number> {
  wordsOf(args, "batches", []);
  const source = await openRecord(context, args);
  const batches = await batchesOf(source);
  context.stdout(
    args.has("json")
      ? `${JSON.stringify({ schema: "esimd.station-batches/1", batches })}\n`
      : tableOf(
          ["BATCH", "OPENED", "UNITS", "PASS", "FAIL", "YIELD", "FIRST PASS", "CHARGES", "HELD"],
          batches.map(batchRow),
        ),
  );
  tellTorn(context, args, source);
  return 0;
}

function batchRow(summary: BatchSummary): readonly string[] {
  const { batch, openedAtMs, units, passed, failed, passedFirst, charges, budget, held } = summary;
  return [
    batch ?? "",
    openedAtMs === null ? "" : new Date(openedAtMs).toISOString().slice(0, 16).replace("T", " "),
    ...[units, passed, failed].map(String),
    percent(passed, units),
    percent(passedFirst, units),
    budget === null ? String(charges) : `${charges} of ${budget}`,
    String(held.length),
  ];
}

/** @throws EsimdError `config_invalid`, `usage`. */
function folderOf(context: CommandContext, args: ParsedArgs): string {
  const given = args.text("records");
  if (given !== undefined) return isAbsolute(given) ? given : resolve(given);
  return join(configFor(context, args).config.stateDir, "station");
}

async function openRecord(context: CommandContext, args: ParsedArgs): Promise<RecordFile> {
  const folder = folderOf(context, args);
  const file = await RecordFile.open(folder);
  if (file !== undefined) return file;
  throw new EsimdError("bad_input", `there is no record ${quote(recordPath(folder))}`, {
    hint: "Give the folder of the station's record with --records DIR.",
  });
}

async function requireBatch(source: RecordFile, batch: string): Promise<void> {
  const names = new Set<string>();
  for await (const entry of source.entries()) {
    if (entry.kind === "voided") continue;
    if (entry.batch === batch) return;
    names.add(entry.batch);
  }
  throw new EsimdError("bad_input", `the record has no batch ${quote(batch)}${didYouMean(batch, [...names])}`, {
    hint: "See `esimd station batches`.",
  });
}

function batchOf(args: ParsedArgs): string | null {
  const batch = args.text("batch");
  if (batch === undefined) return null;
  if (batchForm.test(batch)) return batch;
  throw new EsimdError("usage", `--batch is ${quote(batch)}, which is no batch's name`, {
    hint: "See `esimd station batches`.",
  });
}

const separatorsByName = { comma: ",", semicolon: ";", tab: "\t" } as const satisfies Record<string, Separator>;

function styleOf(args: ParsedArgs): CsvStyle {
  const name = oneOf(args, "separator", ["comma", "semicolon", "tab"]) ?? "comma";
  const spreadsheet = args.has("spreadsheet");
  return {
    ...plainCsv,
    separator: separatorsByName[name],
    bom: spreadsheet,
    textDigits: spreadsheet,
    guard: !args.has("as-is"),
  };
}

/** A flag that a format has no use for is refused rather than passed over. */
function refuseUnused(args: ParsedArgs, format: ExportFormat): void {
  const table = ["columns", "every-run"];
  const csvOnly = ["sheet", "separator", "spreadsheet", "as-is"];
  const unused = [...(format === "csv" || format === "json" ? [] : table), ...(format === "csv" ? [] : csvOnly)];
  const flag = unused.find((name) => args.has(name));
  if (flag !== undefined) throw new EsimdError("usage", `station export: --${flag} is not for --format ${format}`);
  if (args.has("sheet") && args.has("every-run")) {
    throw new EsimdError(
      "usage",
      "station export: a sheet's results have one row for each unit; leave --every-run out",
    );
  }
  if (args.has("sheet") && args.has("separator")) {
    throw new EsimdError(
      "usage",
      "station export: a sheet's results have the sheet's own separator; leave --separator out",
    );
  }
}

function oneOf<Word extends string>(args: ParsedArgs, flag: string, words: readonly Word[]): Word | undefined {
  const given = args.text(flag);
  if (given === undefined) return undefined;
  const word = words.find((one) => one === given);
  if (word !== undefined) return word;
  throw new EsimdError(
    "usage",
    `--${flag} is ${quote(given)}; allowed is ${words.join(", ")}${didYouMean(given, words)}`,
  );
}

/** What stands behind the verb. @throws EsimdError `usage`. */
function wordsOf(args: ParsedArgs, verb: string, names: readonly string[]): readonly string[] {
  const [, ...words] = args.positionals;
  if (words.length === names.length) return words;
  const wanted = names.length === 0 ? "nothing must stand behind it" : `${names.join(" ")} must stand behind it`;
  throw new EsimdError("usage", `station ${verb}: ${wanted}`, { hint: "See `esimd help station`." });
}

async function* interruptible(pieces: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    yield piece;
  }
}

function tellTorn(context: CommandContext, args: ParsedArgs, source: RecordFile): void {
  if (!source.isTorn || args.has("quiet")) return;
  context.stderr(
    `The last line of ${source.path} has no end, as after a loss of power; without its end it counts only if it is whole.\n`,
  );
}
