import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Entry } from "../../../src/station/records/entry.js";
import { recordPath } from "../../../src/station/records/read.js";
import { compiled } from "../../support/compiled.js";
import { batch, begun, ended, failed, identified, label } from "./entries.js";

/** A record of fifty thousand units, by the built program in a process of its own, whose memory is its own figure. */

const units = 50_000;
const program = compiled("station/records");
const folder = mkdtempSync(join(tmpdir(), "esimd-large-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const file = openSync(recordPath(folder), "wx");
  const write = (entries: readonly Entry[]): void => {
    writeSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  };
  write([batch()]);
  for (let unit = 1; unit <= units; unit += 1000) {
    const some = Array.from({ length: 1000 }, (_none, index) => unit + index);
    write(some.flatMap((one) => [begun(one), identified(one), ...endOf(one)]));
  }
  closeSync(file);
});

function endOf(unit: number): readonly Entry[] {
  return unit % 20 === 0 ? [failed(unit, "modem_silent")] : [ended(unit), label(unit)];
}

/** Exports in a process of its own, whose heap could not hold the lines. */
function exportAs(format: string): { readonly peakMb: number; readonly seconds: number; readonly file: string } {
  const file = join(folder, `out.${format}`);
  const script = `
    const { RecordFile } = await import("${program}/read.js");
    const { exportRecord } = await import("${program}/export.js");
    const { defaultColumns } = await import("${program}/columns.js");
    const { plainCsv } = await import("${program}/csv.js");
    const { writeNewFile } = await import("${program}/new-file.js");
    const source = await RecordFile.open(${JSON.stringify(folder)});
    const request = { format: "${format}", batch: "B1", columns: defaultColumns, everyRun: false, csv: plainCsv, sheet: null };
    await writeNewFile(${JSON.stringify(file)}, exportRecord(source, request), () => "aside");
    process.stdout.write(JSON.stringify({ peakMb: process.resourceUsage().maxRSS / 1024, seconds: process.cpuUsage().user / 1e6 }));`;
  const words = ["--max-old-space-size=110", "--input-type=module", "-e", script];
  return { ...JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" })), file };
}

describe("a record of 50,000 units", () => {
  it("is exported with a heap that could not hold it", () => {
    const format = "csv";
    const { peakMb, seconds, file } = exportAs(format);
    const recordMb = statSync(recordPath(folder)).size / 1024 / 1024;
    process.stdout.write(
      `${units} units, a record of ${recordMb.toFixed(0)} MB, as ${format}: at most ${peakMb.toFixed(0)} MB, ${seconds.toFixed(1)} CPU s\n`,
    );
    const rows = readFileSync(file, "utf8").match(/\bSN\d+\b/g) ?? [];
    expect(new Set(rows).size).toBe(units);
    // As JSON text alone it would be this, and several times that as objects.
    expect(recordMb).toBeGreaterThan(50);
    expect(peakMb).toBeLessThan(250);
  });
});
