import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { isLoopback } from "../../../src/station/page/exposure.js";
import { idleMs, longestMs, mostSessions, Sessions } from "../../../src/station/page/sessions.js";
import { Tries } from "../../../src/station/page/tries.js";
import { onPage } from "./bench.js";
import { ask, post } from "./http.js";

/** Who gets in: TLS, password, client certificates. */

const password = "line three, early shift";
const cookieOf = (headers: { "set-cookie"?: string[] | undefined }): string =>
  headers["set-cookie"]?.[0]?.split(";")[0] ?? "";

describe("a page for more than this machine", () => {
  let folder = "";
  const pem = (name: string): string => readFileSync(join(folder, name), "utf8");
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "esimd-page-"));
    const openssl = (...words: string[]): void => {
      execFileSync("openssl", words, { cwd: folder, stdio: "ignore" });
    };
    const fresh = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    openssl(...fresh, "-x509", "-subj", "/CN=line CA", "-keyout", "ca.key", "-out", "ca.pem");
    for (const name of ["station", "client"]) {
      openssl(
        ...fresh,
        "-subj",
        `/CN=${name}`,
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
      );
      openssl(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-copy_extensions",
        "copy",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-days",
        "2",
        "-out",
        `${name}.pem`,
      );
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const tls = () => ({ cert: pem("station.pem"), key: pem("station.key") });

  it.each([
    ["nothing", () => ({})],
    ["a password and no TLS", () => ({ password })],
    ["TLS, and neither password nor client CA", () => ({ tls: tls() })],
  ])("is not opened with %s", async (_, options) => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "station.example"])
      await expect(onPage({ host, ...options() }, async () => undefined)).rejects.toMatchObject({
        code: "page_exposed",
        exitStatus: 78,
      });
  });

  it("is opened with TLS and a password, and its cookie goes over TLS only", () =>
    onPage({ host: "0.0.0.0", tls: tls(), password }, async ({ page }) => {
      const url = page.url.replace("0.0.0.0", "127.0.0.1");
      const trust = { ca: pem("ca.pem") };
      expect(await ask(url, "/api/view", { tls: trust })).toMatchObject({ status: 401 });
      const body = JSON.stringify({ password });
      const headers = { "content-type": "application/json" };
      const opened = await ask(url, "/api/login", { method: "POST", headers, body, tls: trust });
      expect(opened.headers["set-cookie"]?.[0]).toMatch(
        /^esimd_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/,
      );
      const cookie = cookieOf(opened.headers);
      expect(await ask(url, "/api/view", { tls: trust, headers: { cookie } })).toMatchObject({ status: 200 });
    }));

  it("lets nobody near it without a certificate of the client CA", () =>
    onPage({ host: "0.0.0.0", tls: { ...tls(), clientCa: pem("ca.pem") } }, async ({ page }) => {
      const url = page.url.replace("0.0.0.0", "127.0.0.1");
      await expect(ask(url, "/", { tls: { ca: pem("ca.pem") } })).rejects.toThrow();
      const known = { ca: pem("ca.pem"), cert: pem("client.pem"), key: pem("client.key") };
      expect(await ask(url, "/api/view", { tls: known })).toMatchObject({ status: 200 });
    }));

  it("names a certificate that does not fit its key", async () => {
    const wrong = { cert: pem("station.pem"), key: pem("client.key") };
    await expect(onPage({ tls: wrong }, async () => undefined)).rejects.toMatchObject({ code: "config_invalid" });
  });
});

describe("a page with a password", () => {
  it("shows the login page and nothing of the line before it is given", () =>
    onPage({ password }, async ({ url, station }) => {
      expect(await ask(url, "/")).toMatchObject({ status: 303, headers: { location: "/login" } });
      expect((await ask(url, "/login")).body).toContain("This station is locked");
      for (const path of ["/api/view", "/api/events", "/api/search?text=1", "/api/export.csv"])
        expect(await ask(url, path)).toMatchObject({ status: 401 });
      expect(await post(url, "/api/stop", {})).toMatchObject({ status: 401 });
      expect(station.asked).toEqual([]);
    }));

  it("opens, and is locked again", () =>
    onPage({ password }, async ({ url }) => {
      const wrong = await post(url, "/api/login", { password: `${password} ` });
      expect(wrong).toMatchObject({ status: 401 });
      expect(wrong.headers["set-cookie"]).toBeUndefined();
      const cookie = cookieOf((await post(url, "/api/login", { password })).headers);
      expect(await ask(url, "/api/view", { headers: { cookie } })).toMatchObject({ status: 200 });
      expect(await ask(url, "/api/view", { headers: { cookie: `${cookie.slice(0, -1)}_` } })).toMatchObject({
        status: 401,
      });
      expect(await post(url, "/api/logout", {}, { cookie })).toMatchObject({ status: 200 });
      expect(await ask(url, "/api/view", { headers: { cookie } })).toMatchObject({ status: 401 });
    }));

  it("makes who guesses wait longer and longer, even with the right one", async () => {
    const clock = new VirtualClock();
    await onPage({ password, clock }, async ({ url }) => {
      const guess = () => post(url, "/api/login", { password: "guess" });
      for (let times = 0; times < 4; times++) expect(await guess()).toMatchObject({ status: 401 });
      const waited = await guess();
      expect(waited).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
      expect(await post(url, "/api/login", { password })).toMatchObject({ status: 429 });
      await clock.advance(1_000);
      expect(await guess()).toMatchObject({ status: 401 });
      expect(await guess()).toMatchObject({ status: 429, headers: { "retry-after": "2" } });
      await clock.advance(2_000);
      expect(await post(url, "/api/login", { password })).toMatchObject({ status: 200 });
      expect(await guess()).toMatchObject({ status: 401 });
    });
  });
});

describe("wrong tries", () => {
  it("of one address do not lock another out, and of very many they do", () => {
    const tries = new Tries(new VirtualClock());
    for (let times = 0; times < 12; times++) tries.wrong("10.0.0.1");
    expect(tries.waitMs("10.0.0.1")).toBe(256_000);
    expect(tries.waitMs("10.0.0.2")).toBe(0);
    for (let address = 0; address < 60; address++) tries.wrong(`10.0.1.${address}`);
    expect(tries.waitMs("10.0.0.2")).toBeGreaterThan(0);
  });

  it("never make anybody wait more than five minutes, and are forgotten", async () => {
    const clock = new VirtualClock();
    const tries = new Tries(clock);
    for (let times = 0; times < 1_000; times++) tries.wrong("10.0.0.1");
    expect(tries.waitMs("10.0.0.1")).toBe(300_000);
    await clock.advance(15 * 60_000);
    tries.wrong("10.0.0.1");
    expect(tries.waitMs("10.0.0.1")).toBe(0);
  });
});

describe("sessions", () => {
  const opened = (sessions: Sessions): string => sessions.open().split(";")[0] ?? "";

  it("end when they rest for half a day, and after a week at the latest", async () => {
    const clock = new VirtualClock();
    const sessions = new Sessions(clock, true);
    const resting = opened(sessions);
    const used = opened(sessions);
    for (let ms = 0; ms + idleMs < longestMs; ms += idleMs / 2) {
      await clock.advance(idleMs / 2);
      expect(sessions.has(`a=b; ${used}`)).toBe(true);
    }
    expect(sessions.has(resting)).toBe(false);
    await clock.advance(idleMs);
    expect(sessions.has(used)).toBe(false);
  });

  it("are bounded in number: the one that was not used for the longest goes", () => {
    const sessions = new Sessions(new VirtualClock(), false);
    const first = opened(sessions);
    const second = opened(sessions);
    for (let more = 2; more < mostSessions; more++) opened(sessions);
    expect(sessions.has(first)).toBe(true);
    opened(sessions);
    expect(sessions.has(first)).toBe(true);
    expect(sessions.has(second)).toBe(false);
  });
});

describe("a loopback address", () => {
  it.each([
    ["127.0.0.1", true],
    ["127.8.9.1", true],
    ["::1", true],
    ["[::1]", true],
    ["localhost", true],
    ["::ffff:127.0.0.1", true],
    ["127.0.0.1.evil.example", false],
    ["0.0.0.0", false],
    ["::", false],
    ["localhost.evil.example", false],
    ["128.0.0.1", false],
  ])("%s: %s", (host, expected) => expect(isLoopback(host)).toBe(expected));
});
