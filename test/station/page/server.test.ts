import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { EsimdError } from "../../../src/base/errors.js";
import { bounds } from "../../../src/station/page/bounds.js";
import { until } from "../../stories/conditions.js";
import { onPage } from "./bench.js";
import { ask, post } from "./http.js";

/** What the page can be asked, and what it does with who asks otherwise. */

describe("the page's server", () => {
  it("shows the station, and carries what a person wants to it", () =>
    onPage({ slots: 3 }, async ({ url, station }) => {
      station.putIn(2);
      expect((await ask(url, "/api/view")).json()).toEqual({ ...station.view(), atMs: expect.any(Number) });
      const taken = await post(url, "/api/scan", { text: "SN1" });
      expect(taken.json()).toEqual({ isTaken: true, sentence: "It runs in slot 2.", slot: 2 });
      expect((await post(url, "/api/scan", { text: "SN2", slot: 3 })).json()).toMatchObject({ slot: 3 });
      station.fail(2, "modem_silent", "The modem gives no answer.");
      expect(await post(url, "/api/retry", { slot: 2 })).toMatchObject({ status: 200 });
      expect(await post(url, "/api/off", { slot: 1, off: true })).toMatchObject({ status: 200 });
      station.pass(2);
      expect(await post(url, "/api/reprint", { serial: "SN1" })).toMatchObject({ status: 200 });
      expect(await post(url, "/api/void", { serial: "SN1", why: "other board" })).toMatchObject({ status: 200 });
      expect(await post(url, "/api/drain", {})).toMatchObject({ status: 200 });
      expect(await post(url, "/api/stop", {})).toMatchObject({ status: 200 });
      expect(station.asked).toEqual([
        "scan SN1",
        "scan SN2 in 3",
        "retry 2",
        "off 1",
        "reprint SN1",
        "void SN1: other board",
        "drain",
        "stop",
      ]);
    }));

  it("finds units by any of their numbers, and hands exports on", () =>
    onPage({}, async ({ url, station }) => {
      station.putIn(1);
      station.scan("SN 7/A");
      station.identify(1);
      station.pass(1);
      const { iccid, eid } = station.search("", 1)[0] ?? {};
      for (const text of ["7/a", String(iccid).slice(-6), String(eid)]) {
        const found = await ask(url, `/api/search?${new URLSearchParams({ text }).toString()}`);
        expect(found.json()).toMatchObject({ units: [{ serial: "SN 7/A", verdict: "PASS", iccid, eid }] });
      }
      expect((await ask(url, "/api/search?text=nowhere")).json()).toEqual({ units: [] });
      const csv = await ask(url, "/api/export.csv");
      expect(csv).toMatchObject({ status: 200, body: "serial\r\nSN 7/A\r\n" });
      expect(csv.headers["content-disposition"]).toBe('attachment; filename="2026-11-27-A.csv"');
    }));

  it("makes an export in pieces while it is read, and breaks off what cannot be made to its end", () => {
    async function* pieces(isWhole: boolean): AsyncGenerator<string> {
      yield "one\n";
      yield "two\n";
      if (!isWhole) throw new EsimdError("record_damaged", "line 3 is none");
    }
    const file = (isWhole: boolean) => async () => ({
      contentType: "text/csv",
      fileName: 'a"\r\nb.csv',
      body: pieces(isWhole),
    });
    return onPage({ exports: { csv: file(true), json: file(false) } }, async ({ url }) => {
      const whole = await ask(url, "/api/export.csv");
      expect(whole).toMatchObject({ status: 200, body: "one\ntwo\n" });
      expect(whole.headers["content-disposition"]).toBe('attachment; filename="a___b.csv"');
      await expect(ask(url, "/api/export.json")).rejects.toThrow("aborted");
      expect(await ask(url, "/api/export.report")).toMatchObject({ status: 404 });
    });
  });

  it.each([
    ["GET", "/nothing", undefined, 404],
    ["GET", "/../../package.json", undefined, 404],
    ["GET", "/api/export.constructor", undefined, 404],
    ["GET", "/constructor", undefined, 404],
    ["GET", "/api/scan", undefined, 405],
    ["POST", "/api/view", {}, 405],
    ["DELETE", "/api/view", undefined, 405],
    ["GET", "/api/search", undefined, 400],
    ["GET", `/api/search?text=${"x".repeat(65)}`, undefined, 400],
    ["POST", "/api/scan", { text: "" }, 400],
    ["POST", "/api/scan", { text: "x".repeat(257) }, 400],
    ["POST", "/api/scan", { text: "SN", slot: 65 }, 400],
    ["POST", "/api/scan", { text: "SN", more: 1 }, 400],
    ["POST", "/api/scan", ["SN"], 400],
    ["POST", "/api/retry", { slot: "1" }, 400],
    ["POST", "/api/void", { serial: "SN" }, 400],
    ["POST", "/api/drain", { now: true }, 400],
    ["POST", "/api/scan", { text: "x".repeat(bounds.bodyBytes) }, 413],
    ["POST", "/api/retry", { slot: 1 }, 503],
  ])("refuses %s %s with %j by %i, and says why", (method, path, form, status) =>
    onPage({}, async ({ url, station }) => {
      const body = form === undefined ? {} : { body: JSON.stringify(form) };
      const refused = await ask(url, path, { method, headers: { "content-type": "application/json" }, ...body });
      expect(refused.status).toBe(status);
      expect(refused.json()).toMatchObject({ error: { code: expect.any(String), hint: expect.stringMatching(/\w/) } });
      expect(station.asked.filter((asked) => !asked.startsWith("retry"))).toEqual([]);
    }),
  );

  it("takes no body that is not JSON, whatever it is called", () =>
    onPage({}, async ({ url, station }) => {
      const broken = { method: "POST", headers: { "content-type": "application/json" }, body: '{"text":' };
      expect(await ask(url, "/api/scan", broken)).toMatchObject({ status: 400 });
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]) {
        const other = { method: "POST", headers: { "content-type": type }, body: '{"text":"SN1"}' };
        expect(await ask(url, "/api/scan", other)).toMatchObject({ status: 415 });
      }
      expect(station.asked).toEqual([]);
    }));

  it("tells a browser to refuse whatever could come to stand in it", () =>
    onPage({}, async ({ url }) => {
      for (const path of ["/", "/main.js", "/style.css", "/api/view", "/nothing"]) {
        const { headers } = await ask(url, path);
        expect(headers).toMatchObject({
          "content-security-policy": expect.stringMatching(/^default-src 'none'; script-src 'self'; style-src 'self';/),
          "x-content-type-options": "nosniff",
          "referrer-policy": "no-referrer",
          "cache-control": "no-store",
          "cross-origin-resource-policy": "same-origin",
        });
        expect(headers["content-security-policy"]).not.toContain("unsafe");
        expect(headers["access-control-allow-origin"]).toBeUndefined();
      }
      const report = await ask(url, "/api/export.report");
      expect(report.headers["content-security-policy"]).toMatch(/^sandbox; default-src 'none'/);
    }));
});

describe("who else is on this machine's browser", () => {
  it("cannot reach the page by a name of their own (DNS rebinding)", () =>
    onPage({}, async ({ url }) => {
      const { port } = new URL(url);
      for (const host of ["evil.example", `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, "[::2]:1"]) {
        expect(await ask(url, "/api/view", { headers: { host } })).toMatchObject({ status: 421 });
      }
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, "localhost:8443", `[::1]:${port}`])
        expect(await ask(url, "/api/view", { headers: { host } })).toMatchObject({ status: 200 });
    }));

  it("cannot send it requests from their own pages (CSRF)", () =>
    onPage({}, async ({ url, station }) => {
      const own = url.replace(/\/$/, "");
      const foreign: readonly Readonly<Record<string, string>>[] = [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: own.replace("http:", "https:") },
        { origin: "http://127.0.0.1:1" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site", origin: own },
      ];
      for (const headers of foreign) {
        expect(await post(url, "/api/stop", {}, headers)).toMatchObject({ status: 403 });
        expect(await ask(url, "/api/view", { headers })).toMatchObject({ status: 403 });
        expect(await ask(url, "/api/events", { headers })).toMatchObject({ status: 403 });
      }
      expect(station.asked).toEqual([]);
      const headers = { origin: own, "sec-fetch-site": "same-origin" };
      expect(await post(url, "/api/drain", {}, headers)).toMatchObject({ status: 200 });
    }));
});

describe("the page's bounds", () => {
  it("lets nobody sit on a connection without a whole request", async () => {
    const clock = new VirtualClock();
    await onPage({ clock }, async ({ url, page }) => {
      const { port } = new URL(page.url);
      const silent = connect(Number(port), "127.0.0.1");
      const slow = connect(Number(port), "127.0.0.1");
      const bodiless = connect(Number(port), "127.0.0.1");
      const ends: string[] = [];
      for (const [name, socket] of Object.entries({ silent, slow, bodiless })) {
        socket.on("error", () => undefined);
        socket.on("close", () => ends.push(name));
        socket.resume();
      }
      await new Promise<void>((resolve) =>
        slow.write("POST /api/scan HTTP/1.1\r\nHost: localhost\r\nContent-Ty", () => resolve()),
      );
      const head =
        "POST /api/scan HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{";
      await new Promise<void>((resolve) => bodiless.write(head, () => resolve()));
      // Answered, so that the others are known to the server by now.
      expect(await ask(url, "/api/view")).toMatchObject({ status: 200 });
      await clock.advance(bounds.requestMs - 1);
      expect(ends).toEqual([]);
      await clock.advance(1);
      await until(() => ends.length === 3, "all are cut off");
    });
  });

  it("refuses heads that are too long and more clients than it serves", () =>
    onPage({}, async ({ url, page }) => {
      const long = await ask(url, "/api/view", { headers: { "x-long": "x".repeat(bounds.headerBytes) } });
      expect(long.status).toBe(431);
      const { port } = new URL(page.url);
      const others = Array.from({ length: bounds.clients }, () => connect(Number(port), "127.0.0.1"));
      await Promise.all(others.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
      const refused = await ask(url, "/api/view");
      expect(refused).toMatchObject({ status: 503 });
      expect(refused.json()).toMatchObject({ error: { code: "daemon_busy" } });
      for (const socket of others) socket.destroy();
    }));
});
