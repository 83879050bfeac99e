import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { createControlClient } from "../../../src/daemon/control/client.js";
import { EventHistory } from "../../../src/daemon/control/event-history.js";
import { stallMs } from "../../../src/daemon/control/event-stream.js";
import type { EventForm } from "../../../src/daemon/control/forms.js";
import { heartbeatMs } from "../../../src/daemon/control/limits.js";
import { until } from "../../stories/conditions.js";
import { ask, type Bench, onBench } from "./bench.js";

/** The stream of events: for who comes late, comes back, or does not read. */

const state = (bench: Bench, sentence: string): void =>
  bench.daemon.events.publish({ modem: "gate", kind: "state", state: "surveying", sentence, withinMs: 1000 });

describe("the events", () => {
  it("come as they happen, each with an id and the time", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const reader = await Reader.open(bench);
      const { events } = bench.daemon;
      events.publish({ modem: "gate", kind: "served", port: "/dev/ttyUSB2" });
      events.publish({ modem: "gate", kind: "progress", stage: "loading", doneBytes: 10, totalBytes: 100 });
      events.publish({ modem: "gate", kind: "rest", forMs: Number.POSITIVE_INFINITY, sentence: "Done." });
      events.publish({ kind: "daemon", is: "draining" });
      await until(() => reader.frames().length === 4, "four events");
      expect(reader.text()).toContain("retry: 2000\n\n");
      const at = "2026-01-01T00:00:00.000Z";
      const head = { schema: "esimd.event/1", at };
      expect(reader.frames().map(({ event, data }) => [event, data])).toEqual([
        ["served", { ...head, id: reader.idOf(1), modem: "gate", kind: "served", port: "/dev/ttyUSB2" }],
        [
          "progress",
          {
            ...head,
            id: reader.idOf(2),
            modem: "gate",
            kind: "progress",
            stage: "loading",
            doneBytes: 10,
            totalBytes: 100,
          },
        ],
        ["rest", { ...head, id: reader.idOf(3), modem: "gate", kind: "rest", forMs: null, sentence: "Done." }],
        ["daemon", { ...head, id: reader.idOf(4), kind: "daemon", is: "draining" }],
      ]);
    }));

  it("begin with what comes now, and behind Last-Event-ID with what came since", () =>
    onBench({}, async (bench) => {
      await bench.open();
      for (const word of ["one", "two", "three"]) state(bench, word);
      const fresh = await Reader.open(bench);
      const { lastEventId } = (await ask(bench.path, "GET", "/v1/status")).json() as { lastEventId: string };
      expect(lastEventId).toMatch(/-3$/);
      const back = await Reader.open(bench, lastEventId.replace(/3$/, "1"));
      state(bench, "four");
      await until(() => back.sentences().length === 3 && fresh.sentences().length === 1, "both have theirs");
      expect([back.sentences(), fresh.sentences()]).toEqual([["two", "three", "four"], ["four"]]);
    }));

  it("say what was lost: to who was away too long, and to who knew an earlier daemon", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const { lastEventId } = (await ask(bench.path, "GET", "/v1/status")).json() as { lastEventId: string };
      for (let count = 1; count <= 515; count++) state(bench, String(count));
      const back = await Reader.open(bench, lastEventId);
      await until(() => back.sentences().length === 512, "what is kept");
      const [lost, first] = back.frames();
      expect(lost?.data).toMatchObject({ kind: "lost", after: lastEventId, id: expect.stringMatching(/-3$/) });
      expect(first?.data).toMatchObject({ sentence: "4" });

      const foreign = await Reader.open(bench, "00c0ffee-700");
      await until(() => foreign.sentences().length === 512, "what is kept");
      expect(foreign.frames()[0]?.data).toMatchObject({ kind: "lost", after: "00c0ffee-700" });
      const recent = await Reader.open(bench, lastEventId.replace(/0$/, "514"));
      await until(() => recent.sentences().length === 1, "the last one");
      expect(recent.frames().map(({ event }) => event)).toEqual(["state"]);
      const refused = await ask(bench.path, "GET", "/v1/events", { headers: { "last-event-id": "yesterday" } });
      expect(refused.status).toBe(400);
      expect(refused.text).toContain("yesterday");
    }));

  it("of one download and of one rest are kept once, so that they push nothing out", () => {
    const history = new EventHistory("abc", { events: 4, bytes: 1e6 });
    const rest = (sentence: string) => history.add({ atMs: 0, modem: "gate", kind: "rest", forMs: 1000, sentence });
    history.add({ atMs: 0, modem: "gate", kind: "served", port: "p" });
    for (let doneBytes = 0; doneBytes < 100; doneBytes++)
      history.add({ atMs: 0, modem: "gate", kind: "progress", stage: "loading", doneBytes, totalBytes: 100 });
    for (let count = 0; count < 100; count++) rest("Waiting for the modem.");
    history.add({ atMs: 0, modem: "other", kind: "served", port: "q" });
    rest("Waiting for the modem.");
    expect(history.lostUpTo).toBe(0);
    expect([history.after(0)?.sequence, history.after(1)?.sequence, history.after(101)?.sequence]).toEqual([
      1, 101, 202,
    ]);
    rest("Something else.");
    expect(history.lostUpTo).toBe(1);
  });

  it("keep a connection alive over which nothing comes", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const reader = await Reader.open(bench);
      await bench.clock.advance(heartbeatMs - 1);
      expect(reader.text()).not.toContain(": alive");
      await bench.clock.advance(1);
      await until(() => reader.text().includes(": alive\n\n"), "a heartbeat");
      reader.close();
    }));

  it("are not kept for who does not read: it is dropped, the others and the memory do not notice", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const stuck = await Reader.open(bench);
      stuck.stopReading();
      const reader = await Reader.open(bench);
      const long = "x".repeat(1500);
      const before = process.memoryUsage.rss();
      for (let count = 0; count < 8_000; count++) {
        state(bench, long);
        if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => reader.text().includes('"kind":"state"'), "the reader has some");
      // 13 MB went by; node's own buffers and the garbage are in this figure, too.
      expect(process.memoryUsage.rss() - before).toBeLessThan(80 * 1024 * 1024);
      expect(stuck.isOpen).toBe(true);
      await bench.clock.advance(stallMs);
      stuck.readOn();
      await until(() => !stuck.isOpen, "the connection is closed");
      expect(stuck.sentences().length).toBeLessThan(1_000);
      state(bench, "the end");
      await until(() => reader.sentences().at(-1) === "the end", "the reader goes on");
      expect(await ask(bench.path, "GET", "/healthz")).toMatchObject({ status: 200 });
    }));

  it("end with the daemon, at once", () =>
    onBench({}, async (bench) => {
      const companion = await bench.open();
      const reader = await Reader.open(bench);
      await companion.close();
      await until(() => !reader.isOpen, "the connection is closed");
      expect(bench.clock.nextDueMs()).toBeUndefined();
    }));
});

describe("the client", () => {
  it("gets them whole, also those that came before it asked", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const client = createControlClient(bench.path, bench.clock);
      const over = new AbortController();
      const seen: EventForm[] = [];
      const { lastEventId } = await client.status(over.signal);
      state(bench, "one\ntwo");
      const reading = (async () => {
        for await (const { event } of client.events(lastEventId, over.signal))
          if (event !== undefined) seen.push(event);
      })();
      await until(() => seen.length === 1, "an event");
      expect(seen[0]).toMatchObject({ kind: "state", modem: "gate", sentence: "one\ntwo" });
      over.abort(new Error("enough"));
      await expect(reading).rejects.toThrow("enough");
      await client.close();
    }));

  it("gives up on a daemon that says nothing for three heartbeats, and on one that does not answer", async () => {
    const clock = new VirtualClock();
    const dir = await mkdtemp(join(tmpdir(), "esimd-silent-"));
    const path = join(dir, "s");
    let asked = 0;
    const silent = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        asked++;
        if (String(data).startsWith("GET /v1/events"))
          socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 2000\n\n");
      });
    });
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    const client = createControlClient(path, clock);
    try {
      const { signal } = new AbortController();
      const reading = expect(client.events(null, signal).next()).rejects.toMatchObject({ code: "deadline" });
      await until(() => asked === 1 && clock.nextDueMs() === 3 * heartbeatMs, "the stream is waited for");
      await clock.advance(3 * heartbeatMs);
      await reading;
      const looking = expect(client.status(signal)).rejects.toMatchObject({ code: "deadline" });
      await until(() => asked === 2, "the status is waited for");
      await clock.advance(10_000);
      await looking;
    } finally {
      await client.close();
      silent.close();
      await rm(dir, { recursive: true });
    }
  });
});

/** A reader of server-sent events by hand. */
class Reader {
  readonly #socket: Socket;
  #text = "";
  isOpen = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.#text += text;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isOpen = false;
    });
  }

  static async open(bench: Bench, lastEventId?: string): Promise<Reader> {
    const socket = connect({ path: bench.path });
    const reader = new Reader(socket);
    const header = lastEventId === undefined ? "" : `Last-Event-ID: ${lastEventId}\r\n`;
    socket.write(`GET /v1/events HTTP/1.0\r\n${header}\r\n`);
    await until(() => reader.text().includes("retry:"), "the stream is open");
    return reader;
  }

  text(): string {
    return this.#text;
  }

  frames(): readonly { readonly event: string | undefined; readonly data: Record<string, unknown> }[] {
    // What stands behind the last end is a frame that is still on its way.
    const whole = this.#text.split("\n\n").slice(0, -1);
    return whole.flatMap((frame) => {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      return data === undefined ? [] : [{ event: /^event: (.*)$/m.exec(frame)?.[1], data: JSON.parse(data) }];
    });
  }

  sentences(): readonly unknown[] {
    return this.frames().flatMap(({ data }) => (data["kind"] === "state" ? [data["sentence"]] : []));
  }

  idOf(sequence: number): string {
    const [life] = String(this.frames()[0]?.data["id"]).split("-");
    return `${life}-${sequence}`;
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}
