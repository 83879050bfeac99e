import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.js";
import { parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { realDisk } from "../../src/provision/store/disk.js";
import { type Processes, realProcesses } from "../../src/provision/store/lock.js";
import { openStore, type Store, storeFolder } from "../../src/provision/store/store.js";

const eid = parseEid("89049032123451234512345678901235", "test");
let folder: string;
let files: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-store-"));
  files = storeFolder(folder, eid);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const alone: Processes = { ownPid: 1, birthOf: () => undefined };
/** These processes live, born at the given moments. */
const living =
  (births: Readonly<Record<number, string>>) =>
  (pid: number): string | undefined =>
    births[pid];

function open(processes: Processes = alone): Promise<Store> {
  return openStore(folder, eid, { disk: realDisk, processes, clock: new VirtualClock(), log: silentLog });
}

async function writeOneIntent(): Promise<void> {
  const store = await open();
  await store.record({ kind: "intent", id: "i1", method: "eid", why: "test" });
  await store.close();
}

describe("the state of one eUICC", () => {
  it("is empty for a new device, and permits", async () => {
    const store = await open();
    expect(store.journal).toMatchObject({ state: "surveying", reservationSid: null, ledgerEntries: 0 });
    expect(store.money()).toMatchObject({ unclear: 0, pending: undefined });
    await store.close();
  });

  it("keeps what was recorded across a restart, in files that others cannot read", async () => {
    await writeOneIntent();
    const store = await open();
    expect(store.money()?.pending?.id).toBe("i1");
    expect(store.journal.ledgerEntries).toBe(1);
    expect((await stat(join(files, "ledger.jsonl"))).mode & 0o007).toBe(0);
    expect((await stat(join(files, "journal.json"))).mode & 0o007).toBe(0);
    await store.close();
  });

  it("knows no money when the ledger is missing beside a journal", async () => {
    await writeOneIntent();
    await rm(join(files, "ledger.jsonl"));
    const store = await open();
    expect(store.money()).toBeUndefined();
    await expect(store.record({ kind: "charged", sid: "HP1" })).rejects.toMatchObject({ code: "ledger_damaged" });
    await store.close();
  });

  it("knows no money when the ledger lost whole lines", async () => {
    await writeOneIntent();
    await truncate(join(files, "ledger.jsonl"), 0);
    const store = await open();
    expect(store.money()).toBeUndefined();
    await store.close();
  });

  it("drops a torn last line and writes on behind the good ones", async () => {
    await writeOneIntent();
    await appendFile(join(files, "ledger.jsonl"), '{"v":1,"at":"2026');
    const store = await open();
    await store.record({ kind: "created", id: "i1", sid: "HP1" });
    await store.close();
    const again = await open();
    expect(again.money()?.reserved).toEqual(new Set(["HP1"]));
    await again.close();
  });

  it("drops a last line that is half zeros, which the journal had not counted, and no line that it had", async () => {
    await writeOneIntent();
    const path = join(files, "ledger.jsonl");
    const whole = await readFile(path, "utf8");
    await appendFile(path, `${"\0".repeat(40)}"sid":"HP1"}\n`);
    const store = await open();
    expect(store.money()?.pending?.id).toBe("i1");
    await store.close();
    expect(await readFile(path, "utf8")).toBe(whole);
    await writeFile(path, `${"\0".repeat(whole.length - 1)}\n`);
    const again = await open();
    expect(again.money()).toBeUndefined();
    await again.close();
  });

  it("begins a damaged journal anew, and then wants at least a ledger", async () => {
    await writeOneIntent();
    await writeFile(join(files, "journal.json"), "{ torn");
    const store = await open();
    expect(store.journal.reservationSid).toBeNull();
    expect(store.money()?.pending?.id).toBe("i1");
    await store.close();
    await writeFile(join(files, "journal.json"), "{ torn");
    await rm(join(files, "ledger.jsonl"));
    const bare = await open();
    expect(bare.money()).toBeUndefined();
    await bare.close();
  });

  it("does not touch the journal of a newer esimd", async () => {
    await writeOneIntent();
    const text = (await readFile(join(files, "journal.json"), "utf8")).replace("esimd.journal/1", "esimd.journal/7");
    await writeFile(join(files, "journal.json"), text);
    await expect(open()).rejects.toMatchObject({ code: "state_newer", exitStatus: 78 });
    expect(await readFile(join(files, "journal.json"), "utf8")).toBe(text);
  });

  it("does not touch the journal and the ledger of another EID, and takes a journal that names none for damaged", async () => {
    await writeOneIntent();
    const path = join(files, "journal.json");
    const own = await readFile(path, "utf8");
    const others = own.replace(eid, "89049032000001000000000000000074");
    await writeFile(path, others);
    await expect(open()).rejects.toMatchObject({ code: "state_foreign", exitStatus: 78 });
    expect(await readFile(path, "utf8")).toBe(others);
    await expect(stat(join(files, "lock"))).rejects.toMatchObject({ code: "ENOENT" });
    await writeFile(path, own.replace(eid, "89049032000001000000000000000075"));
    const store = await open();
    expect(store.money()?.pending?.id).toBe("i1");
    await store.close();
  });

  it("is locked for a second esimd, and free again after a kill", async () => {
    const first = await open({ ownPid: 10, birthOf: living({ 10: "boot/1", 11: "boot/2" }) });
    const second = { ownPid: 11, birthOf: living({ 10: "boot/1", 11: "boot/2" }) };
    await expect(open(second)).rejects.toMatchObject({ code: "state_locked" });
    // Process 10 is killed: nothing closes its store.
    const heir = await open({ ownPid: 11, birthOf: living({ 11: "boot/2" }) });
    await heir.close();
    await first.close();
  });

  it("is locked for another modem of the same esimd, also at the same moment, and free once the first is done", async () => {
    const one: Processes = { ownPid: 10, birthOf: living({ 10: "boot/1" }) };
    const both = await Promise.allSettled([open(one), open(one)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await expect(open(one)).rejects.toThrow("another modem of this esimd works on this eUICC");
    for (const opened of both) if (opened.status === "fulfilled") await opened.value.close();
    const next = await open(one);
    await next.close();
  });

  it("is free after a power cut, also when another process has got the old one's number", async () => {
    await open({ ownPid: 10, birthOf: living({ 10: "boot/1" }) });
    const store = await open({ ownPid: 11, birthOf: living({ 10: "next boot/5", 11: "next boot/9" }) });
    await store.close();
  });

  it("knows this very process", () => {
    expect(realProcesses.birthOf(process.pid)).toMatch(/^[0-9a-f-]{36}\/\d+$/);
    expect(realProcesses.birthOf(process.pid)).toBe(realProcesses.birthOf(process.pid));
    expect(realProcesses.birthOf(2 ** 30)).toBeUndefined();
  });

  it("says that the disk refuses, with its reason", async () => {
    await writeFile(join(folder, "euicc"), "a file where a folder should be");
    await expect(open()).rejects.toMatchObject({ code: "state_unwritable", exitStatus: 74 });
  });
});
