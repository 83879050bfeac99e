import { describe, expect, it } from "vitest";
import { allColumns, defaultColumns, parseColumns } from "../../../src/station/records/columns.js";
import { plainCsv, readCsv } from "../../../src/station/records/csv.js";
import type { Entry } from "../../../src/station/records/entry.js";
import { batchesOf, type ExportRequest, exportText } from "../../../src/station/records/export.js";
import { parseSheet } from "../../../src/station/records/sheet.js";
import {
  at,
  batch,
  begun,
  eidOf,
  ended,
  failed,
  iccidOf,
  identified,
  interrupted,
  label,
  passed,
  runId,
  voided,
} from "./entries.js";

const again = { run: runId(11) };
/** Two batches: a unit that passed, one at its second run, one that fails, one that was cut off, one that was taken back. */
const record: readonly Entry[] = [
  batch(),
  ...passed(1),
  begun(2),
  failed(2, "modem_silent", { eid: null, imei: null, sid: null, charges: null }),
  begun(2, { run: runId(12), slot: 2 }),
  identified(2, { run: runId(12) }),
  ended(2, { run: runId(12), slot: 2, at: at(400) }),
  label(2, { run: runId(12) }),
  begun(3),
  identified(3),
  failed(3, "reservation_lost", { state: "held", sid: "HP3" }),
  begun(4),
  identified(4),
  interrupted(4),
  ...passed(5),
  voided(5),
  batch({ batch: "B2", budget: null }),
  begun(1, { ...again, batch: "B2" }),
  identified(1, { ...again, batch: "B2", chargesBefore: 1 }),
  ended(1, { ...again, batch: "B2", again: true, changed: false, seconds: 4, at: at(900) }),
];

function request(more: Partial<ExportRequest> = {}): ExportRequest {
  return { format: "csv", batch: "B1", columns: defaultColumns, everyRun: false, csv: plainCsv, sheet: null, ...more };
}

async function rows(more: Partial<ExportRequest> = {}): Promise<readonly Readonly<Record<string, string>>[]> {
  const text = await exportText({ entries: () => record }, request(more));
  const [head, ...rest] = readCsv(text, "the export").records;
  return rest.map(({ cells }) => Object.fromEntries(cells.map((cell, index) => [head?.cells[index] ?? "", cell])));
}

describe("the CSV of a batch", () => {
  it("has each unit once, as it stood last, with its runs, its label, and whether it was taken back", async () => {
    const units = await rows();
    expect(
      units.map(({ serial, verdict, runs, label: printed, voided: taken }) => [serial, verdict, runs, printed, taken]),
    ).toEqual([
      ["SN1", "PASS", "1", "printed", "false"],
      ["SN2", "PASS", "2", "printed", "false"],
      ["SN3", "FAIL", "1", "", "false"],
      ["SN4", "", "0", "", "false"],
      ["SN5", "PASS", "1", "printed", "true"],
    ]);
    expect(units[0]).toMatchObject({
      eid: eidOf(1),
      iccid: iccidOf(1),
      station: "line-1",
      operator: "Ada",
      seconds: "30",
    });
    expect(units[2]).toMatchObject({ error_code: "reservation_lost", sid: "HP3" });
    expect(units[3]).toMatchObject({ eid: eidOf(4) });
  });

  it("has each run where that is asked for, interrupted ones too", async () => {
    const columns = parseColumns("serial,slot,state,verdict,error_code");
    expect((await rows({ columns, everyRun: true })).map((row) => Object.values(row).join(" "))).toEqual([
      "SN1 1 provisioned PASS ",
      "SN2 1 failed FAIL modem_silent",
      "SN2 2 provisioned PASS ",
      "SN3 1 held FAIL reservation_lost",
      "SN4 1 interrupted  ",
      "SN5 1 provisioned PASS ",
    ]);
  });

  it("has a unit of several batches where it was last when all of them are asked for", async () => {
    const all = await rows({ batch: null });
    expect(all.filter(({ serial }) => serial === "SN1")).toMatchObject([{ batch: "B2", runs: "2", seconds: "4" }]);
    expect(all).toHaveLength(5);
  });

  it("has the columns that are asked for, in that order, under those names", async () => {
    const text = await exportText(
      { entries: () => record },
      request({ columns: parseColumns("eid=EID, serial ,verdict=Result") }),
    );
    expect(text.split("\r\n").slice(0, 2)).toEqual(["EID,serial,Result", `${eidOf(1)},SN1,PASS`]);
  });

  it.each([
    ["serial,ied", 'there is no column "ied"'],
    ["", 'there is no column ""'],
    ["serial=", "is no title for serial"],
    ["serial,eid=serial", 'two columns are called "serial"'],
  ])("takes no columns that it does not have (%j)", (text, why) => {
    expect(() => parseColumns(text)).toThrow(
      expect.objectContaining({ code: "usage", message: expect.stringContaining(why) }),
    );
  });
});

describe("the JSON of a batch", () => {
  it("has the same with their types, and whole identifiers as text", async () => {
    const text = await exportText({ entries: () => record }, request({ format: "json", columns: allColumns }));
    const parsed: unknown = JSON.parse(text);
    expect(parsed).toMatchObject({
      schema: "esimd.station-units/1",
      batch: "B1",
      rows: "units",
      units: [
        { serial: "SN1", eid: eidOf(1), runs: 1, seconds: 30, changed: true, error_code: null, voided: false },
        { serial: "SN2", label_copies: 1 },
        { serial: "SN3", error_actor: "operator", charges: 1 },
        { serial: "SN4", state: "interrupted", verdict: null },
        { serial: "SN5", voided: true, voided_why: "scanned for the wrong unit", voided_by: "Ada" },
      ],
    });
  });

  it("is JSON, also where there is no unit", async () => {
    const text = await exportText({ entries: () => [batch()] }, request({ format: "json" }));
    expect(JSON.parse(text)).toMatchObject({ units: [] });
  });
});

describe("the results of a sheet of work", () => {
  const sheet = parseSheet(
    "Order;eid;serial;activation_code\r\n=7;;SN2;LPA:1$smdp.example$TOKEN\r\n8;;SN9;\r\n9;;SN5;\r\n10;;SN1;\r\n",
    "work.csv",
  );

  it("are its own lines in its own order, with what became of each unit behind them", async () => {
    const text = await exportText(
      { entries: () => record },
      request({ columns: parseColumns("serial,verdict,eid,iccid"), sheet }),
    );
    expect(text.split("\r\n")).toEqual([
      "Order;eid;serial;verdict;result_eid;iccid",
      `'=7;;SN2;PASS;${eidOf(2)};${iccidOf(2)}`,
      "8;;SN9;;;",
      // It was taken back, and nothing has come in its place.
      "9;;SN5;;;",
      `10;;SN1;PASS;${eidOf(1)};${iccidOf(1)}`,
      "",
    ]);
  });

  it("can be a sheet again", async () => {
    const text = await exportText({ entries: () => record }, request({ sheet }));
    const back = parseSheet(text, "results.csv");
    expect([...back.units.keys()]).toEqual(["SN2", "SN9", "SN5", "SN1"]);
    const twice = await exportText({ entries: () => record }, request({ sheet: back }));
    expect(twice.split("\r\n")[0]).toContain("result_result_eid");
  });
});

describe("the batches of a record", () => {
  it("are told in figures", async () => {
    expect(await batchesOf({ entries: () => record })).toMatchObject([
      {
        batch: "B1",
        units: 3,
        passed: 2,
        failed: 1,
        passedFirst: 1,
        interrupted: 1,
        voided: 1,
        runs: 5,
        charges: 4,
        budget: 100,
        cycle: { medianS: 30, p90S: 30, maxS: 30 },
        held: [{ serial: "SN3", eid: eidOf(3), code: "reservation_lost", sid: "HP3" }],
      },
      { batch: "B2", units: 1, passed: 1, charges: 0, budget: null, cycle: null },
    ]);
  });

  it("have a code that this version does not know in their failures, too", async () => {
    const [summary] = await batchesOf({ entries: () => [begun(1), failed(1, "of_another_version")] });
    expect(summary?.failures).toMatchObject([{ code: "of_another_version", units: 1, runs: 1 }]);
  });
});
