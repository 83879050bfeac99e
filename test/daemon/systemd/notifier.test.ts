import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { createLog, createRedactor } from "../../../src/base/logging.js";
import { DaemonEvents } from "../../../src/daemon/events.js";
import { marginMs } from "../../../src/daemon/systemd/deadline-ledger.js";
import { assignmentsOf, type Notice } from "../../../src/daemon/systemd/notice.js";
import { createNotifier } from "../../../src/daemon/systemd/notifier.js";

/** The daemon's companion of systemd, on a virtual clock: what it tells, when, and when it tells nothing. */

const eid = "89049032123451234512345678901235";

function supervised(watchdogMs: number | null = 120_000) {
  const clock = new VirtualClock();
  const logged: Record<string, unknown>[] = [];
  const log = createLog({
    level: "info",
    redactor: createRedactor(),
    journald: false,
    write: (line) => logged.push(JSON.parse(line)),
  });
  const events = new DaemonEvents(clock, log);
  const sent: { readonly atMs: number; readonly notice: Notice }[] = [];
  const companion = createNotifier({
    transport: {
      paceMs: 1_000,
      send: (notice) => sent.push({ atMs: clock.monotonicMs(), notice }),
      close: async () => undefined,
    },
    watchdogMs: watchdogMs ?? undefined,
    events,
    clock,
    log,
    monotonicUs: () => 4711n,
  });
  return {
    clock,
    events,
    companion,
    logged,
    told: (): readonly string[] => sent.flatMap(({ notice }) => assignmentsOf(notice)),
    /** When it was fed. */
    fedAt: (): readonly number[] => sent.filter(({ notice }) => notice.kind === "watchdog").map(({ atMs }) => atMs),
    status: (): string | undefined =>
      sent.flatMap(({ notice }) => (notice.kind === "status" ? [notice.text] : [])).at(-1),
    extensions: (): number => sent.filter(({ notice }) => notice.kind === "extend").length,
    state: (modem: string, state: "downloading" | "provisioned" | "enabling" | "awaiting", withinMs: number | null) =>
      events.publish({ modem, kind: "state", state, sentence: `It is ${state}.`, withinMs }),
  };
}

describe("what systemd is told of the daemon", () => {
  it("is ready once the modems are served, and its status is the sentence of the one modem", async () => {
    const { events, told, clock, state } = supervised();
    events.publish({ modem: "gw", kind: "served", port: "/dev/ttyUSB2" });
    expect(told()).not.toContain("READY=1");
    events.publish({ kind: "daemon", is: "ready" });
    expect(told()).toContain("READY=1");
    state("gw", "awaiting", 60_000);
    await clock.advance(1_000);
    expect(told().at(-1)).toBe("STATUS=It is awaiting.");
  });

  it("reloads by the clock that notify-reload goes by, and is ready again", () => {
    const { events, told } = supervised(null);
    for (const is of ["ready", "reloading", "ready"] as const) events.publish({ kind: "daemon", is });
    expect(told().filter((line) => !line.startsWith("STATUS="))).toEqual([
      "READY=1",
      "RELOADING=1",
      "MONOTONIC_USEC=4711",
      "READY=1",
    ]);
  });

  it("counts several modems, with how far those are that download", async () => {
    const { clock, events, state, status } = supervised();
    for (const modem of ["a", "b", "c", "d"]) events.publish({ modem, kind: "served", port: "auto" });
    state("a", "provisioned", null);
    events.publish({ modem: "a", kind: "rest", forMs: 180_000, sentence: "Provisioned." });
    state("b", "downloading", 600_000);
    events.publish({ modem: "b", kind: "progress", stage: "loading", doneBytes: 459, totalBytes: 1000 });
    state("c", "provisioned", null);
    await clock.advance(1_000);
    expect(status()).toBe("4 modems: 2 provisioned, 1 downloading 45 %, 1 waiting");
  });

  it("tells a download's progress once a second at most, and its last word all the same", async () => {
    const { clock, events, state, told } = supervised(null);
    state("gw", "downloading", 600_000);
    for (let done = 0; done <= 100; done++) {
      events.publish({ modem: "gw", kind: "progress", stage: "loading", doneBytes: done, totalBytes: 100 });
      await clock.advance(30);
    }
    await clock.advance(1_000);
    expect(told().length).toBeLessThanOrEqual(6);
    expect(told().at(-1)).toBe("STATUS=It is downloading. 100 %");
  });

  it("masks identifiers, and takes no assignment from a sentence", async () => {
    const { clock, events, told } = supervised(null);
    const sentence = `The modem of ${eid} rests.\nWATCHDOG=1`;
    events.publish({ modem: "gw", kind: "rest", forMs: 1_000, sentence });
    await clock.advance(1_000);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toMatch(/^STATUS=The modem of 8904\S+ rests\. WATCHDOG=1$/);
    expect(told()[0]).not.toContain(eid);
  });

  it("says that it stops, and nothing after its end", async () => {
    const { clock, events, companion, told } = supervised();
    events.publish({ kind: "daemon", is: "ready" });
    events.publish({ kind: "daemon", is: "stopping" });
    expect(told()).toContain("STOPPING=1");
    await companion.close();
    const before = told().length;
    events.publish({ kind: "daemon", is: "ready" });
    await clock.advance(600_000);
    expect(told()).toHaveLength(before);
    expect(clock.nextDueMs()).toBeUndefined();
  });
});

describe("the watchdog", () => {
  it("is fed twice in its time while nothing is due on the modems, and not at all before the daemon is ready", async () => {
    const { clock, events, fedAt } = supervised(120_000);
    await clock.advance(300_000);
    expect(fedAt()).toEqual([]);
    events.publish({ kind: "daemon", is: "ready" });
    await clock.advance(180_000);
    expect(fedAt()).toEqual([300_000, 360_000, 420_000, 480_000]);
  });

  it("is not there where systemd waits for nothing", async () => {
    const { clock, events, fedAt } = supervised(null);
    events.publish({ kind: "daemon", is: "ready" });
    expect(clock.nextDueMs()).toBeUndefined();
    expect(fedAt()).toEqual([]);
  });

  it("is fed for as long as a wait was declared, however long that is: a slow SM-DP+ is none of its business", async () => {
    const { clock, events, fedAt, state } = supervised(60_000);
    events.publish({ kind: "daemon", is: "ready" });
    state("gw", "downloading", 675_000);
    await clock.advance(675_000);
    expect(fedAt()).toHaveLength(1 + 22);
  });

  it("is fed no more once a modem's service is past what it declared; the log says which, before systemd acts", async () => {
    const { clock, events, fedAt, state, logged } = supervised(60_000);
    events.publish({ kind: "daemon", is: "ready" });
    state("good", "provisioned", null);
    events.publish({ modem: "good", kind: "rest", forMs: 3_600_000, sentence: "Provisioned." });
    state("bad", "awaiting", 100_000);
    await clock.advance(100_000 + marginMs);
    const last = fedAt().at(-1) ?? 0;
    await clock.advance(60_000);
    expect(fedAt().at(-1)).toBe(last);
    expect(last).toBeLessThanOrEqual(100_000 + marginMs);
    const said = logged.filter(({ level }) => level === "error");
    expect(said).toMatchObject([{ modem: "bad", in: "awaiting" }]);
    expect(said[0]?.["msg"]).toContain("hangs");
    // Said within the watchdog's time, and once.
    await clock.advance(600_000);
    expect(logged.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  it("is fed again when the service shows itself after all", async () => {
    const { clock, events, fedAt, state, logged } = supervised(60_000);
    events.publish({ kind: "daemon", is: "ready" });
    state("gw", "awaiting", 10_000);
    await clock.advance(200_000);
    const before = fedAt().length;
    state("gw", "provisioned", null);
    await clock.advance(60_000);
    expect(fedAt()).toHaveLength(before + 2);
    expect(logged.at(-1)).toMatchObject({ level: "info", modem: "gw" });
  });

  it("takes bytes that move for a sign of life", async () => {
    const { clock, events, fedAt, state } = supervised(60_000);
    events.publish({ kind: "daemon", is: "ready" });
    state("gw", "downloading", 1_000);
    for (let done = 1; done <= 20; done++) {
      await clock.advance(30_000);
      events.publish({ modem: "gw", kind: "progress", stage: "loading", doneBytes: done, totalBytes: 20 });
    }
    expect(fedAt()).toHaveLength(21);
    await clock.advance(300_000);
    expect(fedAt().length).toBeLessThan(25);
  });

  it.each(["dropped", "rest"] as const)("does not wait for a modem after it was %s", async (kind) => {
    const { clock, events, fedAt, state } = supervised(60_000);
    events.publish({ kind: "daemon", is: "ready" });
    state("gw", "awaiting", 10_000);
    if (kind === "dropped") events.publish({ modem: "gw", kind });
    else events.publish({ modem: "gw", kind, forMs: 86_400_000, sentence: "Paused." });
    await clock.advance(3_600_000);
    expect(fedAt()).toHaveLength(1 + 120);
  });

  it("holds an end to what follows it: the report is kept, the port let go, and a rest begins", async () => {
    const { clock, events, fedAt, state } = supervised(60_000);
    events.publish({ kind: "daemon", is: "ready" });
    state("gw", "provisioned", null);
    await clock.advance(600_000);
    expect(fedAt().at(-1)).toBeLessThanOrEqual(marginMs);
  });

  it("holds a rest to its time: a service that does not come back from one hangs", async () => {
    const { clock, events, fedAt } = supervised(60_000);
    events.publish({ kind: "daemon", is: "ready" });
    events.publish({ modem: "gw", kind: "rest", forMs: 30_000, sentence: "The run is tried again." });
    await clock.advance(600_000);
    expect(fedAt().at(-1)).toBeLessThanOrEqual(30_000 + marginMs);
  });

  it("does not miss the services that rest while the daemon drains, and still misses one that hangs", async () => {
    const { clock, events, fedAt, state } = supervised(60_000);
    events.publish({ kind: "daemon", is: "ready" });
    events.publish({ modem: "resting", kind: "rest", forMs: 30_000, sentence: "The run is tried again." });
    state("running", "downloading", 600_000);
    events.publish({ kind: "daemon", is: "draining" });
    await clock.advance(600_000);
    expect(fedAt().at(-1)).toBe(600_000);
    await clock.advance(600_000);
    expect(fedAt().at(-1)).toBeLessThanOrEqual(600_000 + marginMs);
  });
});

describe("a stop in the middle of an installation", () => {
  it("asks for more time while it is within its own, again and again", async () => {
    const { clock, events, state, extensions } = supervised();
    state("gw", "enabling", 255_000);
    events.publish({ kind: "daemon", is: "stopping" });
    expect(extensions()).toBe(1);
    await clock.advance(200_000);
    expect(extensions()).toBe(11);
  });

  it("asks for none where nothing is half done", async () => {
    const { clock, events, state, extensions } = supervised();
    state("gw", "awaiting", 255_000);
    events.publish({ kind: "daemon", is: "stopping" });
    await clock.advance(200_000);
    expect(extensions()).toBe(0);
  });

  it("asks once the card is being written to, and not while the download only talks to the SM-DP+", async () => {
    const { clock, events, state, extensions } = supervised();
    state("gw", "downloading", 675_000);
    events.publish({ modem: "gw", kind: "progress", stage: "authenticating", doneBytes: 0, totalBytes: 0 });
    events.publish({ kind: "daemon", is: "draining" });
    await clock.advance(60_000);
    expect(extensions()).toBe(0);
    events.publish({ modem: "gw", kind: "progress", stage: "loading", doneBytes: 1, totalBytes: 100 });
    await clock.advance(20_000);
    expect(extensions()).toBe(1);
  });

  it("asks no more once that hangs: then the stop may be forced", async () => {
    const { clock, events, state, extensions } = supervised();
    state("gw", "enabling", 100_000);
    events.publish({ kind: "daemon", is: "stopping" });
    await clock.advance(100_000 + marginMs + 20_000);
    const last = extensions();
    await clock.advance(600_000);
    expect(extensions()).toBe(last);
  });
});
