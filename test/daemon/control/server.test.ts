import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { EsimdError } from "../../../src/base/errors.js";
import { bounds } from "../../../src/daemon/control/server.js";
import { until } from "../../stories/conditions.js";
import { ask, type Bench, onBench } from "./bench.js";

/** The endpoints, and what keeps one client from being a burden to the others. */

describe("the control socket", () => {
  it("shows the daemon and its modems", () =>
    onBench({}, async (bench) => {
      const sinceMs = bench.clock.nowMs();
      bench.modems.put("gate", { path: "/dev/ttyUSB2" });
      bench.modems.put("spare", {
        activity: { kind: "resting", sentence: "Later.", sinceMs, untilMs: sinceMs + 60_000 },
      });
      await bench.open();
      bench.daemon.events.publish({ kind: "daemon", is: "ready" });
      const status = await ask(bench.path, "GET", "/v1/status");
      expect(status).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
      const rest = { kind: "resting", since: "2026-01-01T00:00:00.000Z" };
      const gate = { name: "gate", port: "/dev/gate", path: "/dev/ttyUSB2", report: null };
      expect(status.json()).toEqual({
        schema: "esimd.daemon/1",
        version: expect.stringMatching(/^\d/),
        pid: process.pid,
        since: "2026-01-01T00:00:00.000Z",
        phase: "ready",
        lastEventId: expect.stringMatching(/^[0-9a-f]+-1$/),
        modems: [
          { ...gate, activity: { ...rest, sentence: "Nothing more is due.", until: null } },
          expect.objectContaining({ activity: { ...rest, sentence: "Later.", until: "2026-01-01T00:01:00.000Z" } }),
        ],
      });
      const one = await ask(bench.path, "GET", "/v1/modems/gate");
      expect(one.json()).toMatchObject({ schema: "esimd.modem/1", name: "gate" });
    }));

  it("does what it is told to a modem, and to the daemon", () =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      await bench.open();
      const post = (target: string) => ask(bench.path, "POST", target);
      expect((await post("/v1/modems/gate/pause")).json()).toMatchObject({ activity: { kind: "paused" } });
      expect(await post("/v1/modems/gate/resume")).toMatchObject({ status: 202 });
      expect((await post("/v1/modems/gate/provision")).json()).toMatchObject({ activity: { kind: "running" } });
      expect(bench.modems.calls).toEqual(["pause gate", "resume gate", "provision gate"]);
      expect(await post("/v1/reload")).toMatchObject({ status: 200 });
      expect(await post("/v1/drain")).toMatchObject({ status: 202 });
      expect(bench.told).toEqual(["reload", "drain"]);
    }));

  it("hands on why a reload was refused", () =>
    onBench(
      {
        reload: () => Promise.reject(new EsimdError("config_invalid", "config.toml: modem.prt is unknown")),
      },
      async (bench) => {
        await bench.open();
        const refused = await ask(bench.path, "POST", "/v1/reload");
        expect(refused.status).toBe(500);
        expect(refused.json()).toEqual({
          error: {
            code: "config_invalid",
            message: "config.toml: modem.prt is unknown",
            actor: "operator",
            retry: "never",
            hint: expect.any(String),
          },
        });
      },
    ));

  it.each([
    ["GET", "/v2/status", 404, "bad_input", "/v2/status", undefined],
    ["GET", "/v1/modems/", 404, "bad_input", "/v1/modems/", undefined],
    ["DELETE", "/v1/status", 405, "bad_input", "DELETE", "GET"],
    ["GET", "/v1/drain", 405, "bad_input", "GET", "POST"],
    ["GET", "/v1/modems/gat", 404, "port_missing", 'did you mean "gate"', undefined],
    ["POST", "/v1/modems/%ff/pause", 404, "bad_input", "pause", undefined],
  ])("refuses %s %s with %i and a sentence", (method, target, status, code, words, allow) =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      await bench.open();
      const refused = await ask(bench.path, method, target);
      expect(refused.status).toBe(status);
      expect(refused.json()).toMatchObject({ error: { code, message: expect.stringContaining(words) } });
      expect(refused.headers["allow"]).toBe(allow);
      expect(bench.modems.calls).toEqual([]);
    }),
  );

  it.each([
    ["no JSON", "{", "no JSON"],
    ["a key that nobody knows", '{"id":"HP1","confirm":"HP1","force":true}', "not what is wanted"],
    ["no id", '{"confirm":"HP1"}', "id"],
  ])("refuses a release with %s", (_what, body, words) =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      await bench.open();
      const refused = await ask(bench.path, "POST", "/v1/modems/gate/release", { body });
      expect(refused.status).toBe(400);
      expect(refused.json()).toMatchObject({ error: { code: "bad_input", message: expect.stringContaining(words) } });
      expect(bench.modems.calls).toEqual([]);
    }),
  );

  it.each(["{}", '{"id":"HP1"}', '{"id":"HP1","confirm":"HP2"}'])(
    "does not touch the modem for a release that was not confirmed: %s",
    (body) =>
      onBench({}, async (bench) => {
        bench.modems.put("gate");
        await bench.open();
        const refused = await ask(bench.path, "POST", "/v1/modems/gate/release", { body });
        expect(refused.status).toBe(body === "{}" ? 400 : 428);
        expect(bench.modems.calls).toEqual([]);
      }),
  );

  it("serves what a companion adds, and refuses it once that is gone", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const contentType = "text/plain; version=0.0.4";
      const remove = bench.daemon.routes.add("GET", "/metrics", () => ({ kind: "text", contentType, text: "up 1\n" }));
      const metrics = await ask(bench.path, "GET", "/metrics?x=1");
      expect(metrics).toMatchObject({ status: 200, text: "up 1\n", headers: { "content-type": contentType } });
      expect(() => bench.daemon.routes.add("GET", "/metrics", () => ({ kind: "json", body: {} }))).toThrow();
      remove();
      expect(await ask(bench.path, "GET", "/metrics")).toMatchObject({ status: 404 });
    }));
});

describe("readyz", () => {
  it("is 200 while every modem is within the time that it declared, and names those that are not", () =>
    onBench({}, async (bench) => {
      const { events } = bench.daemon;
      bench.modems.put("gate", {
        activity: { kind: "running", state: "downloading", sentence: "Downloading.", sinceMs: 0 },
      });
      await bench.open();
      const readyz = () => ask(bench.path, "GET", "/readyz");
      expect(await readyz()).toMatchObject({ status: 503 });
      events.publish({ kind: "daemon", is: "ready" });
      events.publish({ modem: "gate", kind: "state", state: "downloading", sentence: "…", withinMs: 600_000 });
      await bench.clock.advance(600_000);
      expect((await readyz()).json()).toEqual({ ready: true, phase: "ready", late: [] });
      await bench.clock.advance(70_000);
      const late = await readyz();
      expect(late.status).toBe(503);
      expect(late.json()).toMatchObject({
        ready: false,
        late: [{ modem: "gate", what: "downloading", lateByMs: 10_000 }],
      });
      // Alive it is all the same.
      expect(await ask(bench.path, "GET", "/healthz")).toMatchObject({ status: 200 });

      events.publish({ modem: "gate", kind: "rest", forMs: 3_600_000, sentence: "Later." });
      await bench.clock.advance(3_600_000);
      expect(await readyz()).toMatchObject({ status: 200 });
      await bench.clock.advance(61_000);
      expect((await readyz()).json()).toMatchObject({ late: [{ what: "its rest" }] });
      await bench.modems.pause("gate");
      expect(await readyz()).toMatchObject({ status: 200 });
      events.publish({ kind: "daemon", is: "draining" });
      expect((await readyz()).json()).toMatchObject({ ready: false, phase: "draining", late: [] });
    }));
});

describe("a client that is a burden", () => {
  it("is cut off when its head does not come in time", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const slow = await opened(bench);
      slow.write("GET /v1/status HTTP/1.1\r\nHost: esi");
      const closed = new Promise<void>((resolve) => slow.once("close", () => resolve()));
      await arrived(bench);
      await bench.clock.advance(bounds.requestMs - 1);
      expect(slow.destroyed).toBe(false);
      await bench.clock.advance(1);
      await closed;
    }));

  it("is refused when its body does not come in time, or is too long", () =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      await bench.open();
      const head = "POST /v1/modems/gate/release HTTP/1.1\r\nHost: e\r\n";
      const slow = await opened(bench);
      const closed = new Promise<void>((resolve) => slow.once("close", () => resolve()));
      slow.write(`${head}Content-Length: 20\r\n\r\n{"id"`);
      await until(() => bench.clock.nextDueMs() !== undefined, "the body is awaited");
      await arrived(bench);
      await bench.clock.advance(bounds.requestMs);
      await closed;

      const big = "x".repeat(bounds.bodyBytes + 1);
      const refused = await ask(bench.path, "POST", "/v1/modems/gate/release", { body: big });
      expect(refused.status).toBe(413);
      const long = await ask(bench.path, "GET", "/v1/status", {
        headers: { "x-long": "y".repeat(bounds.headerBytes) },
      });
      expect(long.status).toBe(431);
      expect(bench.modems.calls).toEqual([]);
    }));

  it("is told when there are too many, and streams never take the place of a look", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const streams: Socket[] = [];
      for (let count = 0; count < bounds.streams; count++) {
        const stream = await opened(bench);
        stream.write("GET /v1/events HTTP/1.1\r\nHost: e\r\n\r\n");
        await new Promise((resolve) => stream.once("data", resolve));
        streams.push(stream);
      }
      expect((await ask(bench.path, "GET", "/v1/events")).json()).toMatchObject({ error: { code: "daemon_busy" } });
      expect(await ask(bench.path, "GET", "/v1/status")).toMatchObject({ status: 200 });
      for (let count = streams.length; count < bounds.clients; count++) streams.push(await opened(bench));
      await arrived(bench);
      expect(await ask(bench.path, "GET", "/v1/status")).toMatchObject({ status: 503 });
      for (const stream of streams) stream.destroy();
      await until2(async () => (await ask(bench.path, "GET", "/v1/status")).status === 200);
    }));

  it("is told that this is no HTTP", () =>
    onBench({}, async (bench) => {
      await bench.open();
      const socket = await opened(bench);
      socket.write("AT+CGMI\r\n\r\n");
      const answer = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain("this is no HTTP request");
      socket.destroy();
    }));
});

function opened(bench: Bench): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: bench.path });
    socket.once("connect", () => resolve(socket));
    socket.on("error", reject);
  });
}

/** What was sent before is with the daemon: a later request is answered. */
async function arrived(bench: Bench): Promise<void> {
  await ask(bench.path, "GET", "/healthz").catch(() => undefined);
}

async function until2(condition: () => Promise<boolean>): Promise<void> {
  for (let count = 0; count < 200; count++) if (await condition().catch(() => false)) return;
  throw new Error("not within 200 requests");
}
