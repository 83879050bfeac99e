import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockContent, pidOf, staleBecause } from "../../../src/serial/exclusive/lock-content.js";
import { type LockAttempt, liveLockPid, lockPathOf, takePortLock } from "../../../src/serial/exclusive/lock-file.js";
import { FakeHost } from "../../support/fake-host.js";

let host: FakeHost;
let port: string;
let lockPath: string;
beforeEach(async () => {
  host = new FakeHost();
  host.addUart("ttyS1");
  port = host.node("ttyS1");
  lockPath = await lockPathOf(port, host.roots);
});
afterEach(() => host.close());

const take = (): Promise<LockAttempt> => takePortLock(port, { host: host.roots });
const locks = (): readonly string[] => readdirSync(join(host.roots.run, "lock")).sort();

/** A number that no process has: of one that has just ended. */
function deadPid(): number {
  return Number(execFileSync("/bin/sh", ["-c", "echo $$"], { encoding: "utf8" }));
}

describe("what a lock file says", () => {
  it("is ten digits padded with spaces and a newline (FHS 5.9)", () => {
    expect(lockContent(1230)).toBe("      1230\n");
  });

  it.each([
    ["      1230\n", 1230],
    ["0000001230\n", 1230],
    ["1230", 1230],
    ["      1230 minicom root\n", 1230],
    [Buffer.from(Uint32Array.of(1230).buffer), 1230],
    ["", undefined],
    ["0\n", undefined],
    ["-5\n", undefined],
    ["12x\n", undefined],
    ["99999999999\n", undefined],
    ["9999999999\n", undefined],
    ["none\n", undefined],
    ["mgty", undefined],
  ])("%j names %s", (content, pid) => {
    expect(pidOf(Buffer.from(content))).toBe(pid);
  });

  const live = {
    pid: 312,
    ownPid: 7,
    oursNow: false,
    alive: true,
    writtenMs: 1_000_000,
    startedMs: 900_000,
    hasPortOpen: false,
  };
  it.each([
    ["a process that lives", {}, false],
    ["no process", { pid: undefined }, true],
    ["a process that is gone", { alive: false }, true],
    ["our own number, from an earlier life in a container", { pid: 7 }, true],
    ["ourselves", { pid: 7, oursNow: true }, false],
    ["a number that was given again, by what has not the port open", { startedMs: 1_060_000 }, true],
    ["a younger process that has the port open: the clock was set", { startedMs: 1_060_000, hasPortOpen: true }, false],
    ["a younger process of which we see nothing", { startedMs: 1_060_000, hasPortOpen: undefined }, false],
    ["a process whose start is not known", { startedMs: undefined }, false],
    ["a process of the same moment", { startedMs: 1_003_000 }, false],
  ])("that names %s", (_name, changes, isStale) => {
    expect(staleBecause({ ...live, ...changes }) !== undefined).toBe(isStale);
  });
});

describe("the lock file of a port", () => {
  it("is there while the port is ours, under the name of the device behind every link, and gone afterwards", async () => {
    const stable = host.node("by-id-modem");
    symlinkSync("ttyS1", stable);
    const attempt = await takePortLock(stable, { host: host.roots });
    expect(locks()).toEqual(["LCK..ttyS1"]);
    expect(readFileSync(lockPath, "utf8")).toBe(`${String(process.pid).padStart(10)}\n`);
    expect(await liveLockPid(port, host.roots)).toBe(process.pid);
    if (attempt.kind !== "taken") throw new Error(attempt.kind);
    await attempt.lock.release();
    await attempt.lock.release();
    expect(locks()).toEqual([]);
  });

  it("of a process that lives keeps us out, be it another user's, and stays as it is", async () => {
    writeFileSync(lockPath, lockContent(1));
    expect(await take()).toEqual({ kind: "held", pid: 1 });
    expect(readFileSync(lockPath, "utf8")).toBe(lockContent(1));
  });

  it.each([
    ["names a dead process", () => lockContent(deadPid())],
    ["names nobody", () => "garbage"],
    ["was left empty", () => ""],
    ["names an earlier process of our number", () => lockContent(process.pid)],
  ])("that %s is broken", async (_name, content) => {
    writeFileSync(lockPath, content());
    expect(await take()).toMatchObject({ kind: "taken" });
    expect(readFileSync(lockPath, "utf8")).toBe(lockContent(process.pid));
    expect(locks()).toEqual(["LCK..ttyS1"]);
  });

  it("that a living process of another kind inherited by its number is broken", async () => {
    const other = spawn("sleep", ["60"], { stdio: "ignore" });
    const pid = other.pid ?? 0;
    try {
      writeFileSync(lockPath, lockContent(pid));
      utimesSync(lockPath, new Date(0), new Date(0));
      // What the real /proc says of it, at the fake one's place.
      for (const part of [String(pid), "stat"]) symlinkSync(join("/proc", part), join(host.roots.proc, part));
      expect(await take()).toMatchObject({ kind: "taken" });
    } finally {
      other.kill();
      await once(other, "exit");
    }
  });

  it("is taken by one of many who find it stale at once, and by one of many who find none", async () => {
    for (const before of [lockContent(deadPid()), undefined, "", lockContent(deadPid())]) {
      if (before !== undefined) writeFileSync(lockPath, before);
      const attempts = await Promise.all(Array.from({ length: 12 }, take));
      const taken = attempts.flatMap((attempt) => (attempt.kind === "taken" ? [attempt.lock] : []));
      expect(taken).toHaveLength(1);
      expect(attempts.filter(({ kind }) => kind === "held")).toHaveLength(11);
      await taken[0]?.release();
      expect(locks()).toEqual([]);
    }
  });

  it("that is stale is broken although another was killed while it broke it", async () => {
    const dead = lockContent(deadPid());
    writeFileSync(lockPath, dead);
    writeFileSync(`${lockPath}.break`, dead);
    expect(await take()).toMatchObject({ kind: "taken" });
    expect(locks()).toEqual(["LCK..ttyS1"]);
  });

  it("that another put in the place of ours is left to him", async () => {
    const attempt = await take();
    rmSync(lockPath);
    writeFileSync(lockPath, lockContent(1));
    if (attempt.kind === "taken") await attempt.lock.release();
    expect(readFileSync(lockPath, "utf8")).toBe(lockContent(1));
  });

  it("is done without where there is no folder for it", async () => {
    rmSync(join(host.roots.run, "lock"), { recursive: true });
    expect(await take()).toMatchObject({ kind: "unavailable", why: expect.stringContaining("ENOENT") });
  });

  it.skipIf(process.getuid?.() === 0)(
    "is done without where its folder is closed to us (skipped for root)",
    async () => {
      chmodSync(join(host.roots.run, "lock"), 0o555);
      expect(await take()).toMatchObject({ kind: "unavailable", why: expect.stringContaining("EACCES") });
    },
  );

  it.each([
    ["a link", () => symlinkSync("/etc/passwd", lockPath)],
    ["a folder", () => mkdirSync(lockPath)],
    ["a pipe", () => execFileSync("mkfifo", [lockPath])],
  ])("is done without where %s has its name, which is neither followed nor waited for", async (_name, plant) => {
    plant();
    expect(await take()).toMatchObject({ kind: "unavailable" });
    expect(await liveLockPid(port, host.roots)).toBeUndefined();
  });
});
