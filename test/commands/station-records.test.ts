import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Command } from "../../src/commands/command.js";
import { commonFlags, everyFlag } from "../../src/commands/common-flags.js";
import { main } from "../../src/commands/main.js";
import { stationRecordFlags, stationRecordVerbs } from "../../src/commands/station-records.js";
import { realProcesses } from "../../src/provision/store/lock.js";
import { readCsv } from "../../src/station/records/csv.js";
import type { Entry } from "../../src/station/records/entry.js";
import { recordPath } from "../../src/station/records/read.js";
import { batch, begun, eidOf, ended, failed, identified, passed, runId } from "../station/records/entries.js";
import { testContext } from "./test-context.js";

/** `esimd station export|list|void|batches`: what is made of a record, where no station runs. */

let folder: string;
let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "esimd-station-"));
  folder = join(stateDir, "station");
  mkdirSync(folder);
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const verbs: Readonly<Record<string, Command["run"]>> = stationRecordVerbs;
const command: Command = {
  name: "station",
  summary: "the factory line",
  positionals: "export|list|void SERIAL|batches",
  flags: { ...commonFlags(...everyFlag), ...stationRecordFlags },
  run: async (context, args) => (await verbs[args.positionals[0] ?? ""]?.(context, args)) ?? 1,
};
const table = [{ name: command.name, summary: command.summary, load: async () => command }];

async function run(...words: readonly string[]) {
  const test = testContext({ env: { ESIMD_STATE_DIR: stateDir, ESIMD_PROVIDER: "none" } });
  const status = await main(["station", ...words], test.context, table);
  return { status, stdout: test.stdout(), stderr: test.stderr() };
}

function write(...entries: readonly (Entry | string)[]): void {
  const lines = entries.map((entry) => (typeof entry === "string" ? entry : `${JSON.stringify(entry)}\n`));
  writeFileSync(recordPath(folder), lines.join(""));
}

const second = { run: runId(20), serial: "SN1" };
const duplicates = [
  begun(2, second),
  identified(2, { ...second, chargesBefore: 1 }),
  failed(2, "unit_duplicate", second),
];

describe("esimd station export", () => {
  beforeEach(() => write(batch(), ...passed(1), ...passed(2), begun(3), failed(3, "no_stock"), batch({ batch: "B2" })));

  it("writes a batch as CSV to stdout, from the state folder's own record", async () => {
    const { status, stdout, stderr } = await run("export", "--batch", "B1");
    expect([status, stderr]).toEqual([0, ""]);
    const { records } = readCsv(stdout, "stdout");
    expect(records.map(({ cells }) => cells[5])).toEqual(["serial", "SN1", "SN2", "SN3"]);
  });

  it("makes a new file, and never writes over one", async () => {
    const out = join(stateDir, "B1.csv");
    const words = ["export", "--batch", "B1", "--out", out];
    const first = await run(...words, "--json");
    expect(JSON.parse(first.stdout)).toMatchObject({
      schema: "esimd.station-export/1",
      file: out,
      format: "csv",
      batch: "B1",
    });
    const whole = readFileSync(out, "utf8");
    expect(JSON.parse(first.stdout)).toMatchObject({ bytes: Buffer.byteLength(whole) });
    const again = await run(...words, "--format", "json");
    expect(again.status).toBe(65);
    expect(again.stderr).toContain("is there already");
    expect(readFileSync(out, "utf8")).toBe(whole);
    expect(readdirSync(stateDir).sort()).toEqual(["B1.csv", "station"]);
  });

  it.each([
    ["json", /^\{"schema":"esimd.station-units\/1"/],
    ["report", /^<!doctype html>/],
    ["text", /^Batch B1\n/],
  ])("has it as %s", async (format, start) => {
    const { status, stdout } = await run("export", "--batch", "B1", "--format", format, "--records", folder);
    expect(status).toBe(0);
    expect(stdout).toMatch(start);
    expect(stdout).toContain("SN3");
  });

  it("gives a sheet of work back with what became of it", async () => {
    const sheet = join(stateDir, "work.csv");
    writeFileSync(sheet, "order;serial\n1;SN2\n2;SN9\n");
    const { stdout } = await run("export", "--all", "--sheet", sheet, "--columns", "verdict,error_code");
    expect(stdout).toBe("order;serial;verdict;error_code\r\n1;SN2;PASS;\r\n2;SN9;;\r\n");
  });

  it("writes for a spreadsheet where that is asked for", async () => {
    const { stdout } = await run(
      "export",
      "--batch",
      "B1",
      "--columns",
      "eid",
      "--spreadsheet",
      "--separator",
      "semicolon",
    );
    expect(stdout.split("\r\n")[1]).toBe(`"=""${eidOf(1)}"""`);
    expect(stdout.startsWith("\ufeffeid\r\n")).toBe(true);
  });

  it.each([
    [[], "say which batch"],
    [["--batch", "B1", "--all"], "one batch, or all of them"],
    [["--batch", "B 1"], "which is no batch's name"],
    [["--batch", "B1", "--format", "xml"], '--format is "xml"'],
    [["--batch", "B1", "--format", "report", "--columns", "eid"], "--columns is not for --format report"],
    [["--batch", "B1", "--format", "json", "--sheet", "x"], "--sheet is not for --format json"],
    [["--batch", "B1", "--sheet", "x", "--every-run"], "leave --every-run out"],
    [["more", "--batch", "B1"], "nothing must stand behind it"],
  ])("refuses what it would not obey (%j)", async (words, why) => {
    const { status, stderr, stdout } = await run("export", ...words);
    expect([status, stdout]).toEqual([64, ""]);
    expect(stderr).toContain(why);
  });

  it("knows when there is no such batch, and no record", async () => {
    const none = await run("export", "--batch", "B3");
    expect(none).toMatchObject({ status: 65, stderr: expect.stringContaining('no batch "B3"') });
    const nowhere = await run("export", "--batch", "B1", "--records", join(stateDir, "none"));
    expect(nowhere).toMatchObject({ status: 65, stderr: expect.stringContaining("there is no record") });
  });

  it("says so when the last line is torn, and is damaged by more than that", async () => {
    write(batch(), ...passed(1), '{"v":1,');
    expect(await run("export", "--batch", "B1")).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("has no end"),
    });
    write(batch(), "?\n", ...passed(1));
    expect(await run("export", "--batch", "B1")).toMatchObject({
      status: 79,
      stderr: expect.stringContaining("line 2"),
    });
  });
});

describe("esimd station list and batches", () => {
  beforeEach(() =>
    write(batch(), ...passed(1), ...passed(2), ...duplicates, batch({ batch: "B2" }), ...passed(12, { batch: "B2" })),
  );

  it("find a unit by a part of its serial number, EID, ICCID or IMEI, the newest first", async () => {
    const serials = async (...words: readonly string[]): Promise<unknown> => {
      const { units } = JSON.parse((await run("list", "--json", ...words)).stdout);
      return units.map(({ serial, verdict }: { serial: string; verdict: string }) => `${serial} ${verdict}`);
    };
    expect(await serials()).toEqual(["SN12 PASS", "SN1 FAIL", "SN2 PASS", "SN1 PASS"]);
    expect(await serials("--search", "sn1")).toEqual(["SN12 PASS", "SN1 FAIL", "SN1 PASS"]);
    expect(await serials("--search", eidOf(12).slice(20))).toEqual(["SN12 PASS"]);
    expect(await serials("--limit", "1")).toEqual(["SN12 PASS"]);
    expect((await run("list", "--limit", "1")).stdout).toContain("and 3 older ones");
    expect((await run("list", "--limit", "0")).status).toBe(64);
  });

  it("show the batches in figures", async () => {
    const { stdout } = await run("batches");
    const [, first] = stdout.split("\n");
    expect(first?.split(/\s{2,}/)).toEqual([
      "B1",
      "2026-01-05 06:00",
      "3",
      "2",
      "1",
      "66.7 %",
      "66.7 %",
      "2 of 100",
      "0",
    ]);
    expect(JSON.parse((await run("batches", "--json")).stdout)).toMatchObject({
      batches: [{ batch: "B1" }, { batch: "B2" }],
    });
  });
});

describe("esimd station void", () => {
  const entries = (): readonly Entry[] =>
    readFileSync(recordPath(folder), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("records that a serial number is taken back, by whom and why, and the unit is shown so", async () => {
    write(batch(), ...passed(1));
    const done = await run("void", "SN1", "--why", "wrong\nlabel", "--by", "Ada");
    expect(done).toMatchObject({ status: 0, stderr: "" });
    expect(entries().at(-1)).toMatchObject({
      kind: "voided",
      station: "line-1",
      serial: "SN1",
      eid: eidOf(1),
      by: "Ada",
      why: "wrong label",
    });
    expect((await run("list")).stdout).toContain("taken back");
    expect(readdirSync(folder)).toEqual(["record.jsonl"]);
    expect(await run("void", "SN1", "--why", "again")).toMatchObject({
      status: 65,
      stderr: expect.stringContaining("no unit"),
    });
  });

  it("wants to know which one where two units have one serial number", async () => {
    write(batch(), ...passed(1), ...duplicates);
    expect(await run("void", "SN1", "--why", "x")).toMatchObject({
      status: 65,
      stderr: expect.stringContaining("--eid EID"),
    });
    expect((await run("void", "SN1", "--why", "x", "--eid", eidOf(2))).status).toBe(0);
    expect(entries().at(-1)).toMatchObject({ kind: "voided", eid: eidOf(2), by: null });
  });

  it.each([
    [["SN1"], "say why"],
    [["--why", "x"], "SERIAL must stand behind it"],
    [["SN1", "--why", "x".repeat(501)], "--why has 501 characters"],
    [["SN1", "--why", "x", "--by", "y".repeat(65)], "--by has 65 characters"],
  ])("takes nothing half (%j)", async (words, why) => {
    write(batch(), ...passed(1));
    expect(await run("void", ...words)).toMatchObject({ status: 64, stderr: expect.stringContaining(why) });
    expect(entries()).toHaveLength(5);
  });

  it("does not write into the record of a station that works, nor behind a torn line", async () => {
    write(batch(), ...passed(1));
    writeFileSync(join(folder, "lock"), `${process.ppid} ${realProcesses.birthOf(process.ppid)}\n`);
    expect(await run("void", "SN1", "--why", "x")).toMatchObject({
      status: 75,
      stderr: expect.stringContaining("a station works with"),
    });
    rmSync(join(folder, "lock"));
    write(batch(), ...passed(1), JSON.stringify(ended(2)));
    expect(await run("void", "SN1", "--why", "x")).toMatchObject({
      status: 75,
      stderr: expect.stringContaining("cut short"),
    });
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });
});
