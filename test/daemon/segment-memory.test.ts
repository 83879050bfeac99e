import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/logging.js";
import { createSegmentMemory } from "../../src/daemon/segment-memory.js";
import { MemoryDisk } from "../support/small-world.js";

/** The file of what models of modems were found to take. */

const path = "/state/segments.json";
const identity = { vendor: "Acme", model: "A1", revision: "1", imei: undefined };
const key = "Acme | A1 | 1";

function memoryOf(text?: string) {
  const disk = new MemoryDisk();
  if (text !== undefined) disk.files.set(path, text);
  const memory = createSegmentMemory(disk, "/state", identity, silentLog);
  return { memory, kept: (): unknown => JSON.parse(disk.files.get(path) ?? "null") };
}

describe("the segment memory", () => {
  it("keeps a number for what is not in doubt, and reads the one of an earlier esimd", async () => {
    const { memory, kept } = memoryOf(`{"${key}":200,"Other | B | 2":60}`);
    expect(await memory.recall()).toBe(200);
    await memory.remember(120);
    expect(kept()).toEqual({ [key]: 120, "Other | B | 2": 60 });
  });

  it("makes the try after a refused segment with less, and the one after that as before", async () => {
    const { memory, kept } = memoryOf(`{"${key}":255}`);
    await memory.doubt(200);
    expect(await memory.recall()).toBe(200);
    await memory.installed(200);
    expect(await memory.recall()).toBe(255);
    expect(kept()).toEqual({ [key]: { bytes: 255, strikes: 1 } });
    await memory.doubt(200);
    await memory.installed(200);
    expect(kept()).toEqual({ [key]: 200 });
  });

  it("keeps what modems of several models tell at once", async () => {
    const disk = new MemoryDisk();
    const models = Array.from({ length: 8 }, (_none, index) => `A${index}`);
    await Promise.all(
      models.map((model) => createSegmentMemory(disk, "/state", { ...identity, model }, silentLog).remember(120)),
    );
    const all = Object.fromEntries(models.map((model) => [`Acme | ${model} | 1`, 120]));
    expect(JSON.parse(disk.files.get(path) ?? "null")).toEqual(all);
  });

  it.each(["", "[]", '{"a":"b"}', `{"${key}":17}`, `{"${key}":{"bytes":255}}`])("makes nothing of %j", async (text) => {
    expect(await memoryOf(text).memory.recall()).toBeUndefined();
  });
});
