import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { parseSmdpAddress } from "../../../src/base/identifiers.js";
import { seededRandom } from "../../../src/base/random.js";
import { EmulatedEuicc } from "../../../src/emulator/euicc/euicc.js";
import { type ModemDownloadResult, runModemDownload } from "../../../src/emulator/euicc/modem-lpa.js";
import { curves } from "../../../src/emulator/pki/curves.js";
import { createPki, type Pki } from "../../../src/emulator/pki/pki.js";
import { type FakeSmdp, startFakeSmdp } from "../../../src/emulator/smdp/fake-smdp.js";
import { readProgressUrl } from "../../../src/emulator/smdp/progress.js";
import { checkScenario, loadScenario, type ScenarioInput } from "../../../src/emulator/smdp/scenario.js";
import { httpsPost, plainHttp, testEid } from "../../support/rsp-world.js";

const open: { close(): Promise<void> | unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const sharedPki = createPki();

async function start(scenario: ScenarioInput = {}, pki: Pki = sharedPki): Promise<FakeSmdp> {
  const smdp = await startFakeSmdp({
    listen: { host: "127.0.0.1", port: 0 },
    pki,
    scenario: checkScenario(scenario, "the test"),
    random: seededRandom(3),
  });
  open.push(smdp);
  return smdp;
}

const jsonHeaders = { "content-type": "application/json", "x-admin-protocol": "gsma/rsp/v2.2.0" };
const es2Header = { functionRequesterIdentifier: "test", functionCallIdentifier: "1" };

async function es2(
  smdp: FakeSmdp,
  fn: string,
  fields: object,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ header: es2Header, ...fields });
  const answer = await plainHttp(`${smdp.es2plusUrl}/${fn}`, {
    method: "POST",
    headers: { ...jsonHeaders, ...headers },
    body,
  });
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body);
}

function download(smdp: FakeSmdp, pki: Pki, matchingId?: string): Promise<ModemDownloadResult> {
  const euicc = new EmulatedEuicc({ pki, state: { eid: testEid } });
  return runModemDownload({
    euicc,
    smdpAddress: smdp.address,
    matchingId,
    post: httpsPost(smdp.address, smdp.ciRootPem),
  });
}

/** An operator that writes down what it is told; it may refuse the first reports. */
async function startOperator(refuseFirst = 0): Promise<{ url: string; reports: Record<string, unknown>[] }> {
  const reports: Record<string, unknown>[] = [];
  let calls = 0;
  const server: Server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    request.on("end", () => {
      const refused = ++calls <= refuseFirst;
      if (!refused) reports.push(JSON.parse(text));
      response.writeHead(refused ? 503 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({ close: () => new Promise((resolve) => server.close(resolve)) });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/gsma/rsp2/es2plus/handleDownloadProgressInfo`, reports };
}

describe("order, download and report over one port", () => {
  it.each(["eid", "activation-code"] as const)(
    "by %s, the operator hears of delivery and installation",
    async (method) => {
      const smdp = await start();
      const operator = await startOperator(1);
      const progress = { "x-progress-url": operator.url };
      const eid = method === "eid" ? { eid: testEid } : {};
      const ordered = await es2(smdp, "downloadOrder", { ...eid, profileType: "test" }, progress);
      const { iccid } = ordered;
      const confirmed = await es2(
        smdp,
        "confirmOrder",
        { iccid, ...eid, ...(method === "eid" ? { matchingId: "" } : {}), releaseFlag: false },
        progress,
      );
      expect(confirmed["smdpAddress"]).toBe(smdp.address);
      expect(typeof confirmed["matchingId"]).toBe(method === "eid" ? "undefined" : "string");
      const matchingId = method === "eid" ? undefined : String(confirmed["matchingId"]);
      expect(await download(smdp, sharedPki, matchingId)).toMatchObject({ subjectCode: "8.2", reasonCode: "1.2" });
      await es2(smdp, "releaseProfile", { iccid });
      expect(await download(smdp, sharedPki, matchingId)).toEqual({ ok: true, iccid, notificationDelivered: true });
      await smdp.settled();
      expect(operator.reports).toMatchObject([
        { eid: testEid, iccid, notificationPointId: 3, notificationPointStatus: { status: "Executed-Success" } },
        { eid: testEid, iccid, notificationPointId: 4, notificationPointStatus: { status: "Executed-Success" } },
      ]);
      const orders = JSON.parse((await plainHttp(`http://${smdp.address}/_orders`)).body);
      expect(orders).toMatchObject([{ iccid, state: "Installed", eid: testEid }]);
      const notifications = JSON.parse((await plainHttp(`http://${smdp.address}/_notifications`)).body);
      expect(notifications).toMatchObject([{ kind: "install", outcome: "success", verified: true }]);
    },
  );

  it("a failed installation is reported with its code", async () => {
    const smdp = await start({ behaviours: [{ function: "getBoundProfilePackage", do: { kind: "wrong-mac" } }] });
    const operator = await startOperator();
    const progress = { "x-progress-url": operator.url };
    const { iccid } = await es2(smdp, "downloadOrder", { eid: testEid }, progress);
    await es2(smdp, "confirmOrder", { iccid, matchingId: "", releaseFlag: true });
    expect(await download(smdp, sharedPki)).toMatchObject({ ok: false, stage: "package" });
    await smdp.settled();
    expect(operator.reports.map((report) => report["notificationPointStatus"])).toMatchObject([
      { status: "Executed-Success" },
      { status: "Failed", statusCodeData: { subjectCode: "8.1", reasonCode: "4.2" } },
    ]);
  });

  it.each(curves)("with a TLS certificate on %s", async (curve) => {
    const pki = createPki({ curve });
    const smdp = await start({}, pki);
    smdp.placeOrder(testEid);
    const euicc = new EmulatedEuicc({ pki, state: { eid: testEid } });
    const post = httpsPost(smdp.address, smdp.ciRootPem);
    expect(await runModemDownload({ euicc, smdpAddress: smdp.address, post })).toMatchObject({ ok: true });
  });

  it("behind a forwarded port, under the name that devices call it by", async () => {
    const address = parseSmdpAddress("smdp.example.com", "the test");
    const listen = { host: "127.0.0.1", port: 0 };
    const smdp = await startFakeSmdp({ listen, address, pki: sharedPki, random: seededRandom(3) });
    open.push(smdp);
    const { iccid } = await es2(smdp, "downloadOrder", { eid: testEid });
    const confirmed = await es2(smdp, "confirmOrder", { iccid, eid: testEid, matchingId: "", releaseFlag: true });
    expect(confirmed["smdpAddress"]).toBe("smdp.example.com");
    const euicc = new EmulatedEuicc({ pki: sharedPki, state: { eid: testEid } });
    const post = httpsPost(new URL(smdp.es2plusUrl).host, smdp.ciRootPem);
    const result = await runModemDownload({ euicc, smdpAddress: address, post });
    expect(result).toEqual({ ok: true, iccid, notificationDelivered: true });
  });

  it("is not trusted by a client with another root", async () => {
    const smdp = await start();
    const euicc = new EmulatedEuicc({ pki: sharedPki, state: { eid: testEid } });
    const post = httpsPost(smdp.address, createPki().ciPem);
    const result = await runModemDownload({ euicc, smdpAddress: smdp.address, post });
    expect(result).toMatchObject({ ok: false, stage: "initiateAuthentication" });
    expect(JSON.stringify(result)).toContain("no answer");
  });
});

describe("the port", () => {
  it.each([
    {
      what: "ES9+ on plain HTTP",
      path: "/gsma/rsp2/es9plus/initiateAuthentication",
      method: "POST",
      headers: jsonHeaders,
      body: "{}",
      status: 403,
    },
    {
      what: "an unknown function",
      path: "/gsma/rsp2/es2plus/getEverything",
      method: "POST",
      headers: jsonHeaders,
      body: "{}",
      status: 404,
    },
    {
      what: "GET",
      path: "/gsma/rsp2/es2plus/downloadOrder",
      method: "GET",
      headers: jsonHeaders,
      body: "",
      status: 405,
    },
    {
      what: "no X-Admin-Protocol",
      path: "/gsma/rsp2/es2plus/downloadOrder",
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
      status: 400,
    },
    {
      what: "another content type",
      path: "/gsma/rsp2/es2plus/downloadOrder",
      method: "POST",
      headers: { ...jsonHeaders, "content-type": "text/plain" },
      body: "{}",
      status: 415,
    },
    {
      what: "a body that is not JSON",
      path: "/gsma/rsp2/es2plus/downloadOrder",
      method: "POST",
      headers: jsonHeaders,
      body: "{",
      status: 400,
    },
    {
      what: "a body beyond all sense",
      path: "/gsma/rsp2/es2plus/downloadOrder",
      method: "POST",
      headers: jsonHeaders,
      body: `"${"x".repeat(1_100_000)}"`,
      status: 413,
    },
    {
      what: "a progress URL elsewhere",
      path: "/gsma/rsp2/es2plus/downloadOrder",
      method: "POST",
      headers: { ...jsonHeaders, "x-progress-url": "http://example.com/" },
      body: "{}",
      status: 400,
    },
  ])("refuses $what with $status", async ({ path, method, headers, body, status }) => {
    const smdp = await start();
    const answer = await plainHttp(`http://${smdp.address}${path}`, { method, headers, body });
    expect(answer.status).toBe(status);
  });

  it.each([
    { what: "no header", fields: { header: undefined }, gives: "8.10/2.2" },
    { what: "a wrong EID", fields: { eid: "89" }, gives: "8.10/2.2" },
  ])("downloadOrder refuses $what with $gives", async ({ fields, gives }) => {
    const smdp = await start();
    const answer = await plainHttp(`${smdp.es2plusUrl}/downloadOrder`, {
      method: "POST",
      headers: jsonHeaders,
      body: JSON.stringify({ header: es2Header, ...fields }),
    });
    const { status, statusCodeData } = JSON.parse(answer.body).header.functionExecutionStatus;
    expect(`${status} ${statusCodeData.subjectCode}/${statusCodeData.reasonCode}`).toBe(`Failed ${gives}`);
  });

  it("closes while connections hang that never said a word", async () => {
    const smdp = await start();
    const [host = "", port = ""] = smdp.address.split(":");
    const socket = connect(Number(port), host);
    await new Promise((resolve) => socket.once("connect", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await smdp.close();
    await closed;
  });
});

describe("faults by scenario", () => {
  it.each<{
    what: string;
    behaviour: NonNullable<ScenarioInput["behaviours"]>[number];
    result: object;
    stateAfter: string;
  }>([
    {
      what: "HTTP 500 with HTML",
      behaviour: { function: "authenticateClient", nth: 1, do: { kind: "http" } },
      result: { ok: false, stage: "authenticateClient", reason: "HTTP 500" },
      stateAfter: "Released",
    },
    {
      what: "Failed",
      behaviour: {
        function: "initiateAuthentication",
        nth: 1,
        do: { kind: "failed", subjectCode: "8.8.2", reasonCode: "3.1" },
      },
      result: { ok: false, subjectCode: "8.8.2", reasonCode: "3.1" },
      stateAfter: "Released",
    },
    {
      what: "a cut connection",
      behaviour: { function: "getBoundProfilePackage", nth: 1, do: { kind: "cut" } },
      result: { ok: false, stage: "getBoundProfilePackage" },
      stateAfter: "Released",
    },
    {
      what: "a cut after the effect",
      behaviour: { function: "getBoundProfilePackage", nth: 1, do: { kind: "cut", executed: true } },
      result: { ok: false, stage: "getBoundProfilePackage" },
      stateAfter: "Downloaded",
    },
    {
      what: "a delay",
      behaviour: { function: "getBoundProfilePackage", nth: 1, do: { kind: "delay", ms: 20 } },
      result: { ok: true },
      stateAfter: "Installed",
    },
    {
      what: "a notification that is lost",
      behaviour: { function: "handleNotification", nth: 1, do: { kind: "http", status: 503 } },
      result: { ok: true, notificationDelivered: false },
      stateAfter: "Downloaded",
    },
  ])("$what, once; the next session is good", async ({ behaviour, result, stateAfter }) => {
    const smdp = await start({ behaviours: [behaviour] });
    smdp.placeOrder(testEid);
    expect(await download(smdp, sharedPki)).toMatchObject(result);
    expect(smdp.orders()[0]?.state).toBe(stateAfter);
    if (stateAfter !== "Installed") expect(await download(smdp, sharedPki)).toMatchObject({ ok: true });
  });

  it("the wrong ICCID is in metadata and package alike, so that only the reservation can tell", async () => {
    const smdp = await start({ behaviours: [{ function: "authenticateClient", nth: 1, do: { kind: "wrong-iccid" } }] });
    const { iccid } = smdp.placeOrder(testEid);
    const result = await download(smdp, sharedPki);
    expect(result.ok && result.iccid !== iccid).toBe(true);
  });
});

describe("a scenario", () => {
  it.each([
    {
      what: "an unknown function",
      input: { behaviours: [{ function: "nothing", do: { kind: "cut" } }] },
      says: "behaviours.0.function",
    },
    {
      what: "an unknown action",
      input: { behaviours: [{ function: "cancelSession", do: { kind: "dance" } }] },
      says: "behaviours.0.do.kind",
    },
    {
      what: "a MAC where there is none",
      input: { behaviours: [{ function: "cancelSession", do: { kind: "wrong-mac" } }] },
      says: "wrong-mac is for getBoundProfilePackage only",
    },
    { what: "a key too many", input: { singleShoot: true }, says: "singleShoot" },
    { what: "no object", input: [], says: "the test" },
  ])("with $what is refused, and the entry is named", ({ input, says }) => {
    expect(() => checkScenario(input, "the test")).toThrow(expect.objectContaining({ code: "scenario_invalid" }));
    expect(() => checkScenario(input, "the test")).toThrow(says);
  });

  it("comes by name as well; a name that is none lists those that are", () => {
    expect(loadScenario("single-shot")).toMatchObject({ singleShot: true, maxAttempts: 3 });
    expect(() => loadScenario("no-such-scenario")).toThrow(
      expect.objectContaining({ code: "scenario_invalid", hint: expect.stringContaining("single-shot") }),
    );
  });
});

describe("where progress may be reported", () => {
  it.each([
    ["http://127.0.0.1:8080/x", true],
    ["http://localhost/x", true],
    ["http://[::1]:9/x", true],
    ["https://127.0.0.1/x", false],
    ["http://127.0.0.1.example.com/", false],
    ["http://10.0.0.1/", false],
    ["http://user@127.0.0.1/", false],
    ["nonsense", false],
  ])("%s: %s", (url, allowed) => {
    expect(readProgressUrl(url) !== undefined).toBe(allowed);
  });
});
