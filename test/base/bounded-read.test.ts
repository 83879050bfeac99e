import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBounded, readBoundedNow } from "../../src/base/bounded-read.js";
import { silentLog } from "../../src/base/logging.js";
import { realStateDisk } from "../../src/daemon/doctor/state-disk.js";
import { createSegmentMemory } from "../../src/daemon/segment-memory.js";
import { readStatus } from "../../src/daemon/status-file.js";
import { loadCiRoots } from "../../src/lpa/es9plus/trust.js";
import { realDisk } from "../../src/provision/store/disk.js";

const folder = mkdtempSync(join(tmpdir(), "esimd-bounded-"));
const at = (name: string): string => join(folder, name);
/** A file of a size that no memory has, and that takes no room: who reads it whole does not end. */
const hugeBytes = 1024 ** 4;
function huge(path: string): string {
  writeFileSync(path, "");
  truncateSync(path, hugeBytes);
  return path;
}

beforeAll(() => {
  writeFileSync(at("ten"), "0123456789");
  execFileSync("mkfifo", [at("fifo")]);
  huge(at("huge"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  ["by Node's threads", readBounded],
  ["at once", async (path: string, maxBytes: number) => readBoundedNow(path, maxBytes)],
])("a file that is read with a bound, %s,", (_how, read) => {
  it.each([10, 11, 5000])("of at most %i bytes is given whole", async (max) => {
    expect(String(await read(at("ten"), max))).toBe("0123456789");
  });

  it.each([
    ["one byte more than may be", "ten", 9],
    ["a size that no memory has", "huge", 4096],
  ])("of %s is refused unread", async (_what, name, max) => {
    await expect(read(at(name), max)).rejects.toMatchObject({ code: "EFBIG" });
  });

  it("of the kernel's, whose size is said to be 0, is read, and is bounded too", async () => {
    expect((await read("/proc/self/status", 65_536)).length).toBeGreaterThan(100);
    await expect(read("/proc/self/status", 100)).rejects.toMatchObject({ code: "EFBIG" });
  });

  it("is no pipe, which would hold up the reader, nor a device without end", async () => {
    await expect(read(at("fifo"), 10)).rejects.toThrow("is no regular file");
    await expect(read("/dev/zero", 10)).rejects.toThrow("is no regular file");
  });

  it("that is absent is absent", async () => {
    await expect(read(at("none"), 10)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

/** Each would be read whole by a plain readFile. */
describe("what esimd keeps, grown beyond all measure", () => {
  it("journal and ledger: refused, with what to do", async () => {
    const refused = { code: "state_unwritable", message: expect.stringContaining("is larger than 4194304 bytes") };
    await expect(realDisk.read(at("huge"))).rejects.toMatchObject(refused);
    await expect(realDisk.read(at("huge"))).rejects.toMatchObject({ hint: expect.stringContaining("backup") });
    await expect(realStateDisk.read(at("huge"))).rejects.toMatchObject({ code: "EFBIG" });
  });

  it("the memory of segment sizes: as none, since it only saves a try", async () => {
    huge(at("segments.json"));
    const memory = createSegmentMemory(realDisk, folder, undefined, silentLog);
    expect(await memory.recall()).toBeUndefined();
  });

  it("a status file, and too many of them", async () => {
    const many = mkdtempSync(at("many-"));
    execFileSync("mkdir", [at("status"), join(many, "status")]);
    huge(at("status/port.json"));
    await expect(readStatus(folder)).rejects.toMatchObject({ code: "bad_input" });
    for (let n = 0; n <= 256; n++) writeFileSync(join(many, "status", `${n}.json`), "");
    await expect(readStatus(many)).rejects.toMatchObject({ message: expect.stringContaining("257 status files") });
  });

  it("a root of the SM-DP+, and too many of them", async () => {
    const roots = mkdtempSync(at("roots-"));
    huge(join(roots, "a.pem"));
    await expect(loadCiRoots(roots)).rejects.toMatchObject({ code: "config_unreadable" });
    for (let n = 0; n <= 100; n++) writeFileSync(join(roots, `${n}.pem`), "");
    await expect(loadCiRoots(roots)).rejects.toMatchObject({ code: "config_invalid" });
  });
});
