import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flockPids, majorOf, minorOf, portHeld, portHolders } from "../../../src/serial/exclusive/holders.js";
import { lockContent } from "../../../src/serial/exclusive/lock-content.js";
import { FakeHost } from "../../support/fake-host.js";

let host: FakeHost;
let port: string;
beforeEach(() => {
  host = new FakeHost();
  host.addUart("ttyS1");
  port = host.node("ttyS1");
});
afterEach(() => host.close());

describe("who holds a port", () => {
  it("is whoever has the device open under any of its names, and nobody else", async () => {
    host.addProcess({ pid: 312, comm: "ModemManager", open: ["/dev/null", "/dev/ttyS1"] });
    host.addProcess({ pid: 400, comm: "cat", open: [port] });
    host.addProcess({ pid: 401, comm: "bash", open: ["/dev/ttyS10", "/dev/ttyS1 (deleted)", "socket:[77]"] });
    expect(await portHolders(port, host.roots)).toEqual({
      holders: [
        { pid: 312, name: "ModemManager", evidence: "open" },
        { pid: 400, name: "cat", evidence: "open" },
      ],
      complete: true,
    });
  });

  it("is first of all whom the lock file names, then who has the flock, each once", async () => {
    const locker = spawn("sleep", ["60"], { stdio: "ignore" });
    const pid = locker.pid ?? 0;
    try {
      host.addProcess({ pid: 50, comm: "cat", open: [port] });
      host.addProcess({ pid: 60, comm: "picocom", open: [port] });
      host.addProcess({ pid, comm: "minicom", open: [port] });
      const { dev, ino } = statSync(port);
      const device = `${majorOf(dev).toString(16).padStart(2, "0")}:${minorOf(dev).toString(16).padStart(2, "0")}`;
      writeFileSync(join(host.roots.proc, "locks"), `1: FLOCK  ADVISORY  WRITE 60 ${device}:${ino} 0 EOF\n`);
      writeFileSync(join(host.roots.run, "lock/LCK..ttyS1"), lockContent(pid));
      expect((await portHolders(port, host.roots)).holders).toEqual([
        { pid, name: "minicom", evidence: "lock-file" },
        { pid: 60, name: "picocom", evidence: "flock" },
        { pid: 50, name: "cat", evidence: "open" },
      ]);
    } finally {
      locker.kill();
      await once(locker, "exit");
    }
  });

  it("is not known for sure where processes hide what they have open; one that vanished hides nothing", async () => {
    const hidden = join(host.roots.proc, "312");
    mkdirSync(hidden);
    // Gone between the listing and the look.
    expect(await portHolders(port, host.roots)).toEqual({ holders: [], complete: true });
    writeFileSync(join(hidden, "comm"), "ModemManager\n");
    // A loop of links cannot be read by root either.
    symlinkSync("fd", join(hidden, "fd"));
    expect(await portHolders(port, host.roots)).toEqual({ holders: [], complete: false });
  });

  it("is not known where there is no /proc", async () => {
    expect(await portHolders(port, { ...host.roots, proc: join(host.dir, "none") })).toMatchObject({ complete: false });
  });

  it("is read from /proc/locks by device and inode", () => {
    const locks = [
      "1: FLOCK  ADVISORY  WRITE 312 00:18:5 0 EOF",
      "2: FLOCK  ADVISORY  WRITE 313 00:18:55 0 EOF",
      "3: POSIX  ADVISORY  WRITE 314 00:18:5 0 EOF",
      "3: -> FLOCK  ADVISORY  WRITE 315 00:18:5 0 EOF",
      "4: FLOCK  ADVISORY  WRITE 316 01:18:5 0 EOF",
      "5: FLOCK  ADVISORY  WRITE 0 00:18:5 0 EOF",
    ].join("\n");
    expect(flockPids(locks, 0x18, 5)).toEqual([312]);
    expect([majorOf(0x8805), minorOf(0x8805), minorOf(0x100005)]).toEqual([0x88, 5, 0x105]);
  });
});

describe("the error for a port that is held", () => {
  const open = (pid: number, name: string | undefined) => ({ pid, name, evidence: "open" as const });

  it.each([
    [[open(312, "ModemManager")], true, "/dev/ttyUSB2 is held by ModemManager (pid 312)", "77-esimd-ports.rules"],
    [[open(9, "esimd")], true, "/dev/ttyUSB2 is held by esimd (pid 9)", "wait until it is done"],
    [[open(process.pid, "node")], true, `is held by node (pid ${process.pid})`, "same process"],
    [[open(9, "minicom")], true, "is held by minicom (pid 9)", "Close minicom (pid 9)"],
    [[open(9, undefined)], true, "is held by a process (pid 9)", "Close that program (pid 9)"],
    [[open(9, "cat"), open(10, "ModemManager")], true, "cat (pid 9) and ModemManager (pid 10)", "77-esimd-ports.rules"],
    [[], false, "is held by another program, which this user may not see", "fuser -v /dev/ttyUSB2"],
    [[], true, "is held by another program, which does not show on this host", "containers"],
  ])("names %j (all seen: %s)", (holders, complete, message, hint) => {
    const error = portHeld("/dev/ttyUSB2", { holders, complete });
    expect(error).toMatchObject({ code: "port_busy", exitStatus: 75 });
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
    expect(`${error.message} ${error.hint}`).not.toMatch(/systemctl|stop (the service|ModemManager)/i);
  });

  it("names only those of whom it is best known", () => {
    const holders = [{ pid: 9, name: "esimd", evidence: "lock-file" as const }, open(10, "sleep")];
    expect(portHeld("/dev/pts/3", { holders, complete: true }).message).toBe("/dev/pts/3 is held by esimd (pid 9)");
  });
});
