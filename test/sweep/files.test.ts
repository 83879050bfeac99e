import { describe, expect, it } from "vitest";
import { durableDisk } from "../../src/provision/store/disk.js";
import { type PowerCut, powerCuts, SimFiles } from "./files.js";

/** The file system of the simulation forgets what a real one may forget: else no sweep in it would show anything. */

async function withFolder(forgets = 0): Promise<SimFiles> {
  const files = new SimFiles(forgets);
  await files.mkdir("/state");
  await files.syncFolder("/");
  return files;
}

async function write(files: SimFiles, path: string, text: string, flags: "w" | "a" = "w", sync = true): Promise<void> {
  const file = await files.open(path, flags);
  await file.write(text);
  if (sync) await file.sync();
  await file.close();
}

const contentAfter = (files: SimFiles, cut: PowerCut, path: string): string | undefined => {
  files.cutPower(cut);
  return files.contents().get(path);
};

describe("after a power cut", () => {
  it.each([
    ["strict", undefined],
    ["stale-names", undefined],
    ["names-first", ""],
    ["torn", "abc"],
    ["zeros", "\0\0\0\0\0\0"],
    ["pages-out-of-order", "\0\0\0def"],
    ["lucky", "abcdef"],
  ] as const)("%s: of a new file that was not synced is left %j", async (cut, left) => {
    const files = await withFolder();
    await write(files, "/state/a", "abcdef", "w", false);
    expect(contentAfter(files, cut, "/state/a")).toBe(left);
  });

  it("a synced content without a synced name is gone, and with it everything in a folder without one", async () => {
    const files = await withFolder();
    await write(files, "/state/a", "abcdef");
    await files.mkdir("/state/folder");
    await write(files, "/state/folder/b", "abcdef");
    await files.syncFolder("/state/folder");
    files.cutPower("strict");
    expect([...files.contents().keys()]).toEqual([]);
  });

  it("what was appended since the last sync is spoilt, and nothing before it", async () => {
    const files = await withFolder();
    await write(files, "/state/a", "first\n");
    await files.syncFolder("/state");
    await write(files, "/state/a", "second\n", "a", false);
    expect(contentAfter(files, "torn", "/state/a")).toBe("first\nsec");
  });

  it.each(powerCuts)("%s: what the durable disk has replaced is the new text, whole", async (cut) => {
    const files = await withFolder();
    const disk = durableDisk(files);
    await disk.replace("/state/a", "old");
    await disk.replace("/state/a", "new");
    await disk.append("/state/b", "line\n");
    files.cutPower(cut);
    expect(files.contents()).toEqual(
      new Map([
        ["/state/a", "new"],
        ["/state/b", "line\n"],
      ]),
    );
  });

  it("a disk that lies goes back behind its last syncs", async () => {
    const files = await withFolder(2);
    const disk = durableDisk(files);
    await disk.replace("/state/a", "old");
    await disk.replace("/state/a", "new");
    expect(contentAfter(files, "forgetful", "/state/a")).toBe("old");
  });

  it("a disk that lies about appends alone goes back behind the last of them, and keeps what was replaced later", async () => {
    const files = await withFolder(1);
    const disk = durableDisk(files);
    await disk.append("/state/ledger", "first\n");
    await disk.append("/state/ledger", "second\n");
    await disk.replace("/state/journal", "two lines");
    expect(contentAfter(files, "forgets-appends", "/state/ledger")).toBe("first\n");
    expect(files.contents().get("/state/journal")).toBe("two lines");
  });
});
