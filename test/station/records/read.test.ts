import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Entry } from "../../../src/station/records/entry.js";
import { RecordFile, readRecord, recordPath } from "../../../src/station/records/read.js";
import { batch, ended, passed } from "./entries.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "esimd-record-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(...lines: readonly (Entry | string)[]): void {
  const text = lines.map((line) => (typeof line === "string" ? line : `${JSON.stringify(line)}\n`)).join("");
  writeFileSync(recordPath(folder), text);
}

describe("a record", () => {
  it("is read line by line, whatever the pieces that the disk gives it in", async () => {
    // More than one piece, with a letter of several bytes on the edge of some.
    const many = Array.from({ length: 900 }, (_none, index) => ended(index + 1, { firmware: "é".repeat(index % 97) }));
    write(batch(), ...many);
    expect(await readRecord(folder)).toEqual([batch(), ...many]);
  });

  it("is what it was when it was opened, however often it is gone through", async () => {
    write(batch(), ...passed(1));
    const file = await RecordFile.open(folder);
    appendFileSync(recordPath(folder), `${JSON.stringify(ended(2))}\n`);
    const counts: number[] = [];
    for (let pass = 0; pass < 2; pass++) {
      let count = 0;
      for await (const _entry of file?.entries() ?? []) count++;
      counts.push(count);
    }
    expect(counts).toEqual([5, 5]);
  });

  it("that is not there has nothing in it", async () => {
    expect(await readRecord(folder)).toEqual([]);
    expect(await RecordFile.open(join(folder, "none"))).toBeUndefined();
  });

  it.each([
    ["half a line at the end", [batch(), ended(1), '{"v":1,"at":"20'], 2, true],
    ["a whole line without its end", [batch(), JSON.stringify(ended(1))], 2, true],
    ["a torn line behind which the station started", [batch(), '{"v":1,\n', batch(), ended(1)], 3, false],
    ["a torn line that was ended, and nothing more", [batch(), '{"v":1,\n'], 1, false],
  ])("leaves out what a loss of power tore: %s", async (_what, lines, count, isTorn) => {
    write(...lines);
    const file = await RecordFile.open(folder);
    const entries: Entry[] = [];
    for await (const entry of file?.entries() ?? []) entries.push(entry);
    expect([entries.length, file?.isTorn]).toEqual([count, isTorn]);
  });

  it.each([
    ["no JSON", [batch(), "hello\n", ended(1)], "record_damaged", "line 2 is no JSON"],
    ["another form", [batch(), '{"v":1}\n', ended(1)], "record_damaged", "line 2 is no entry of a record (kind)"],
    ["two torn lines", [batch(), "{\n", "{\n", batch()], "record_damaged", "line 2 is no JSON"],
    ["a newer esimd's line", [batch(), '{"v":2,"kind":"new"}\n'], "state_newer", "line 2 was written by a newer esimd"],
    ["a line without end", [batch(), "x".repeat(300_000), "\n"], "record_damaged", "a line of more than 131072 bytes"],
  ])("is damaged by %s, and says where", async (_what, lines, code, why) => {
    write(...lines);
    await expect(readRecord(folder)).rejects.toMatchObject({ code, message: expect.stringContaining(why) });
  });

  it("is no folder", async () => {
    mkdirSync(recordPath(folder));
    await expect(readRecord(folder)).rejects.toMatchObject({ code: "state_unwritable" });
  });
});
