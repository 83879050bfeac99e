import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { systemClock, VirtualClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { type Notice, NoticeQueue } from "../../../src/daemon/systemd/notice.js";
import { notifyDescriptor, watchdogMs } from "../../../src/daemon/systemd/supervision.js";
import {
  childTransport,
  descriptorTransport,
  type NoticeTransport,
  openTransport,
} from "../../../src/daemon/systemd/transport.js";
import { until } from "../../stories/conditions.js";

const folder = mkdtempSync(join(tmpdir(), "esimd-notify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const status = (text: string): Notice => ({ kind: "status", text });
const failure = (code: string): Error => Object.assign(new Error(code), { code });

describe("what systemd put into the environment", () => {
  const given = { LISTEN_PID: "77", LISTEN_FDS: "2", LISTEN_FDNAMES: "other:notify" };

  it("names the descriptor of the socket that it connected", () => {
    expect(notifyDescriptor(given, 77)).toBe(4);
  });

  it.each([
    ["meant for a parent", { ...given, LISTEN_PID: "76" }],
    ["without such a name", { ...given, LISTEN_FDNAMES: "other:stored" }],
    ["with more names than descriptors", { ...given, LISTEN_FDS: "1" }],
    ["with a count that is none", { ...given, LISTEN_FDS: "-2" }],
    ["empty", {}],
  ])("names none when it is %s", (_what, env) => {
    expect(notifyDescriptor(env, 77)).toBeUndefined();
  });

  it.each([
    ["120000000 for this process", { WATCHDOG_USEC: "120000000", WATCHDOG_PID: "77" }, 120_000],
    ["without a process", { WATCHDOG_USEC: "2000000" }, 2_000],
    ["for another process", { WATCHDOG_USEC: "2000000", WATCHDOG_PID: "76" }, undefined],
    ["zero", { WATCHDOG_USEC: "0" }, undefined],
    ["no number", { WATCHDOG_USEC: "1e6" }, undefined],
    ["absent", {}, undefined],
  ])("has a watchdog: %s", (_what, env, expected) => {
    expect(watchdogMs(env, 77)).toBe(expected);
  });

  it("leads nowhere where no service manager is", () => {
    expect(openTransport({ env: {}, pid: 77, clock: systemClock, log: silentLog })).toBeUndefined();
  });

  it("leads to systemd-notify where the descriptor is not open", () => {
    const env = { LISTEN_PID: "77", LISTEN_FDS: "60", LISTEN_FDNAMES: `${":".repeat(59)}notify` };
    expect(openTransport({ env, pid: 77, clock: systemClock, log: silentLog })).toBeUndefined();
    const both = { ...env, NOTIFY_SOCKET: "/nowhere" };
    expect(openTransport({ env: both, pid: 77, clock: systemClock, log: silentLog })?.paceMs).toBe(10_000);
  });
});

describe("notices that wait", () => {
  it("are told by their latest, one step of the service in a message", () => {
    const queue = new NoticeQueue();
    for (const notice of [status("a"), { kind: "ready" }, status("b"), { kind: "reloading", monotonicUs: 1n }] as const)
      queue.add(notice);
    queue.add(status("c"));
    expect(queue.take()).toEqual([{ kind: "ready" }]);
    expect(queue.take()).toEqual([{ kind: "reloading", monotonicUs: 1n }, status("c")]);
    expect(queue.isEmpty).toBe(true);
  });

  it("are no more than one of a kind, however many come", () => {
    const queue = new NoticeQueue();
    for (let round = 0; round < 1000; round++) {
      queue.add({ kind: "reloading", monotonicUs: BigInt(round) });
      queue.add({ kind: "ready" });
      queue.add({ kind: "watchdog" });
    }
    const taken = [queue.take(), queue.take(), queue.take()].flat();
    expect(taken).toEqual([{ kind: "reloading", monotonicUs: 999n }, { kind: "ready" }, { kind: "watchdog" }]);
  });
});

describe("the socket that systemd passed", () => {
  it("waits while systemd's queue is full, and tells the latest then", async () => {
    const clock = new VirtualClock();
    const written: string[] = [];
    let isFull = true;
    const transport = descriptorTransport(3, { clock, log: silentLog }, undefined, (_descriptor, message) => {
      if (isFull) throw failure("EAGAIN");
      written.push(message);
    });
    transport.send({ kind: "ready" });
    transport.send(status("old"));
    transport.send(status("new"));
    await clock.advance(1_000);
    expect(written).toEqual([]);
    isFull = false;
    await clock.advance(100);
    expect(written).toEqual(["READY=1\nSTATUS=new\n"]);
    await transport.close();
    expect(clock.nextDueMs()).toBeUndefined();
  });

  it("gives way to systemd-notify where it leads nowhere, and nothing is lost by that", async () => {
    const clock = new VirtualClock();
    const sent: Notice[] = [];
    const other: NoticeTransport = { paceMs: 1, send: (notice) => sent.push(notice), close: async () => undefined };
    const transport = descriptorTransport(
      3,
      { clock, log: silentLog },
      () => other,
      () => {
        throw failure("ECONNREFUSED");
      },
    );
    transport.send({ kind: "ready" });
    transport.send({ kind: "watchdog" });
    expect(sent).toEqual([{ kind: "ready" }, { kind: "watchdog" }]);
  });
});

describe("systemd-notify as a child", () => {
  /** A program in its place, which writes what it was told; `hang` never ends. */
  function program(name: string, body: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }
  const parts = {
    env: { NOTIFY_SOCKET: "/run/x", PATH: process.env["PATH"], ESIMD_API_SECRET: "s3cret-of-the-api" },
    pid: 1,
  };

  it("runs one at a time, and puts together what comes meanwhile; it gets nothing else of the environment", async () => {
    const out = join(folder, "told");
    const path = program("notify", `echo "$*|$NOTIFY_SOCKET|$ESIMD_API_SECRET" >> ${out}`);
    const transport = childTransport({ ...parts, clock: systemClock, log: silentLog }, path);
    transport.send({ kind: "ready" });
    for (let percent = 0; percent <= 100; percent++) transport.send(status(`loading ${percent} %`));
    transport.send({ kind: "watchdog" });
    await transport.close();
    expect(readFileSync(out, "utf8")).toBe("READY=1|/run/x|\nSTATUS=loading 100 % WATCHDOG=1|/run/x|\n");
  });

  it("is killed when nobody answers it, and the next is tried", async () => {
    const clock = new VirtualClock();
    const pids = join(mkdtempSync(join(folder, "hang-")), "pids");
    const path = program("hang", `echo $$ >> ${pids}; exec sleep 600`);
    const transport = childTransport({ ...parts, clock, log: silentLog }, path);
    // Whole lines: the shell makes the file before it writes, and a child killed in between leaves no line.
    const started = (): readonly number[] =>
      existsSync(pids) ? readFileSync(pids, "utf8").split("\n").slice(0, -1).map(Number) : [];
    transport.send({ kind: "ready" });
    await until(() => started().length === 1, "the first child runs");
    transport.send({ kind: "watchdog" });
    await clock.advance(5_000);
    await until(() => started().length === 2, "the second child runs");
    await clock.advance(5_000);
    await transport.close();
    const isGone = (pid: number): boolean => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    await until(() => started().every(isGone), "both children are gone");
  });

  it("says once that there is none", async () => {
    const warned: string[] = [];
    const log = { ...silentLog, warn: (_facts: object, sentence: string) => warned.push(sentence) };
    const transport = childTransport({ ...parts, clock: systemClock, log }, join(folder, "no-such-program"));
    transport.send({ kind: "ready" });
    await transport.close();
    transport.send({ kind: "watchdog" });
    await transport.close();
    expect(warned).toEqual(["systemd could not be told how esimd stands"]);
  });
});
