import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { realDisk } from "../../src/provision/store/disk.js";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "esimd-disk-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("a folder of the state", () => {
  it("is made with those above it, closed to others, and may be there already", async () => {
    const path = join(dir, "a/b/c");
    await realDisk.makeFolder(path);
    expect((await stat(path)).mode & 0o007).toBe(0);
    await realDisk.makeFolder(path);
  });

  it("is made by two at once", async () => {
    const path = join(dir, "a/b/c");
    await Promise.all([realDisk.makeFolder(path), realDisk.makeFolder(path), realDisk.makeFolder(path)]);
  });

  it.each([
    ["where a file stands", () => join(dir, "file")],
    ["below a file", () => join(dir, "file/a")],
    ["where no folder can be made", () => "/proc/esimd/a/b"],
  ])("is refused %s", async (_name, path) => {
    await writeFile(join(dir, "file"), "");
    await expect(realDisk.makeFolder(path())).rejects.toMatchObject({ code: "state_unwritable" });
  });
});
