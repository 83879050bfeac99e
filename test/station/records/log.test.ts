import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { EsimdError } from "../../../src/base/errors.js";
import { type Disk, realDisk } from "../../../src/provision/store/disk.js";
import { realProcesses } from "../../../src/provision/store/lock.js";
import type { Fact } from "../../../src/station/records/entry.js";
import { type OpenedRecord, openRecord } from "../../../src/station/records/log.js";
import { readRecord, recordPath } from "../../../src/station/records/read.js";
import { begunFact, runId } from "../entries.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-record-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function open(disk: Disk = realDisk): Promise<OpenedRecord> {
  return openRecord({ disk, processes: realProcesses, clock: new VirtualClock(), folder, station: "line-1" });
}

const batch: Fact = { kind: "batch", batch: "b1", version: "1", budget: null, sheet: null };
const begun = (serial: string): Fact => begunFact(runId(), { serial });

describe("the record of a station", () => {
  it("is empty at first, and has afterwards what was put in, in order, with time and station", async () => {
    const first = await open();
    expect(first.entries).toEqual([]);
    await first.log.append(batch);
    await Promise.all(["SN1", "SN2", "SN3"].map((serial) => first.log.append(begun(serial))));
    await first.log.close();
    const second = await open();
    await second.log.close();
    expect(second.entries.map((entry) => (entry.kind === "begun" ? entry.serial : entry.kind))).toEqual([
      "batch",
      "SN1",
      "SN2",
      "SN3",
    ]);
    expect(second.entries[0]).toMatchObject({ v: 1, station: "line-1", at: "2026-01-01T00:00:00.000Z" });
  });

  it("writes what many slots say at once with few writes, and each of them waits for its own", async () => {
    const writes: string[] = [];
    const disk: Disk = {
      ...realDisk,
      append: async (path, text) => {
        await realDisk.append(path, text);
        writes.push(text);
      },
    };
    const { log } = await open(disk);
    const durable: boolean[] = [];
    await Promise.all(
      Array.from({ length: 64 }, async (_none, index) => {
        await log.append(begun(`SN${index}`));
        durable.push(writes.join("").includes(`"SN${index}"`));
      }),
    );
    await log.close();
    expect(durable).toEqual(new Array(64).fill(true));
    expect(writes.length).toBeLessThanOrEqual(2);
  });

  it("belongs to one station at a time", async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: "station_running", exitStatus: 75 });
    await first.log.close();
    await (await open()).log.close();
  });

  it.each([0, 1, 30, 100])("goes on behind a line that the power tore, %i bytes of it kept", async (kept) => {
    const first = await open();
    await first.log.append(batch, begun("SN1"));
    await first.log.close();
    const whole = await readFile(recordPath(folder), "utf8");
    await first.log.close();
    await appendFile(recordPath(folder), whole.slice(0, kept));
    const second = await open();
    expect(second.entries).toHaveLength(2);
    await second.log.append(batch, begun("SN2"));
    await second.log.close();
    // Nothing of what was there is written anew.
    expect((await readFile(recordPath(folder), "utf8")).startsWith(whole)).toBe(true);
    expect((await readRecord(folder)).map(({ kind }) => kind)).toEqual(["batch", "begun", "batch", "begun"]);
    expect((await readFile(recordPath(folder), "utf8")).endsWith("\n")).toBe(true);
  });

  it("counts a last line that is whole but for its end", async () => {
    const first = await open();
    await first.log.append(batch, begun("SN1"));
    await first.log.close();
    const { length } = await readFile(recordPath(folder));
    await truncate(recordPath(folder), length - 1);
    const second = await open();
    expect(second.entries).toHaveLength(2);
    await second.log.append(batch);
    await second.log.close();
    expect(await readRecord(folder)).toHaveLength(3);
  });

  it.each([
    ["a line in the middle that is no JSON", 1, "xyz", "record_damaged", /line 2 is no JSON/],
    ["an entry of a later esimd", 1, '{"v":2,"kind":"batch"}', "state_newer", /line 2 was written by a newer esimd/],
  ])("is refused with %s: its line is named, and nothing is written", async (_what, index, text, code, message) => {
    const first = await open();
    await first.log.append(batch, begun("SN1"), begun("SN2"));
    await first.log.close();
    const lines = (await readFile(recordPath(folder), "utf8")).split("\n");
    lines[index] = text;
    await writeFile(recordPath(folder), lines.join("\n"));
    const before = await readFile(recordPath(folder), "utf8");
    await expect(open()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await readFile(recordPath(folder), "utf8")).toBe(before);
  });

  it("takes nothing more once a write has failed: nobody knows how much of it is there", async () => {
    let isFull = false;
    const disk: Disk = {
      ...realDisk,
      append: async (path, text) => {
        if (!isFull) return realDisk.append(path, text);
        await realDisk.append(path, text.slice(0, 20));
        throw new EsimdError("disk_full", "no room");
      },
    };
    const { log } = await open(disk);
    await log.append(batch);
    isFull = true;
    await expect(log.append(begun("SN1"))).rejects.toMatchObject({ code: "disk_full" });
    isFull = false;
    await expect(log.append(begun("SN2"))).rejects.toMatchObject({ code: "disk_full" });
    await log.close();
    const again = await open();
    expect(again.entries.map(({ kind }) => kind)).toEqual(["batch"]);
    await again.log.close();
  });
});
