import { createServer, type IncomingHttpHeaders } from "node:http";
import { describe, expect, it } from "vitest";
import { fakeApiDefaults } from "../../../src/emulator/api/fake-api.js";
import { clientOf, closeAfterTest, create, eid, fakeApi, never, reaches } from "./harness.js";

/** An SM-DP+ that answers ES2+ by the function's name, as told; it notes what it was asked. */
async function smdp(answers: Readonly<Record<string, (request: Record<string, unknown>) => unknown>>) {
  const calls: {
    readonly name: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: Record<string, unknown>;
  }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += String(chunk);
    });
    request.on("end", () => {
      const name = (request.url ?? "").replace("/gsma/rsp2/es2plus/", "");
      const body: Record<string, unknown> = JSON.parse(text);
      calls.push({ name, headers: request.headers, body });
      const answer = answers[name]?.(body);
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closeAfterTest(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return { host: `127.0.0.1:${address.port}`, calls };
}

const success = { functionExecutionStatus: { status: "Executed-Success" } };
const failed = {
  functionExecutionStatus: {
    status: "Failed",
    statusCodeData: { subjectCode: "8.2.5", reasonCode: "3.7", message: "no profile of this type" },
  },
};
const iccid = "89883070000000000012";
const good = {
  downloadOrder: () => ({ header: success, iccid }),
  confirmOrder: (request: Record<string, unknown>) => ({
    header: success,
    ...("eid" in request ? { eid: request["eid"] } : { matchingId: "AAAAA-BBBBB" }),
    smdpAddress: "localhost:8443",
  }),
  releaseProfile: () => ({ header: success }),
};

describe("an order at the SM-DP+", () => {
  it("for an EID: DownloadOrder and ConfirmOrder, with an empty matching id", async () => {
    const { host, calls } = await smdp(good);
    const api = await fakeApi({ smdp: { host } });
    const client = clientOf(api);
    const profile = await reaches(client, await create(client, { eid }), "available");
    expect(profile).toMatchObject({
      iccid,
      smdpAddress: "localhost:8443",
      matchingId: undefined,
      activationCode: undefined,
    });
    expect(calls.map(({ name, body: { header: _header, ...body } }) => ({ name, body }))).toEqual([
      { name: "downloadOrder", body: { eid, profileType: "esimd-emulated" } },
      { name: "confirmOrder", body: { iccid, eid, matchingId: "", releaseFlag: true } },
    ]);
    expect(calls[0]?.headers).toMatchObject({
      "x-progress-url": `${api.url}/gsma/rsp2/es2plus/handleDownloadProgressInfo`,
      "x-admin-protocol": "gsma/rsp/v2.2.0",
    });
  });

  it("with a matching id: the SM-DP+ makes it up, and the activation code has the host in capitals", async () => {
    const { host, calls } = await smdp(good);
    const api = await fakeApi({ smdp: { host } });
    const client = clientOf(api);
    const { sid } = await reaches(client, await create(client, { generateMatchingId: true }), "available");
    const response = await fetch(`${api.url}/v1/ESimProfiles/${sid}`, {
      headers: {
        authorization: `Basic ${Buffer.from(`${fakeApiDefaults.key}:${fakeApiDefaults.secret}`).toString("base64")}`,
      },
    });
    expect(await response.json()).toMatchObject({
      activation_code: "1$LOCALHOST:8443$AAAAA-BBBBB",
      matching_id: "AAAAA-BBBBB",
    });
    expect(calls.some(({ body }) => "eid" in body)).toBe(false);
  });

  it("may be released by a call of its own", async () => {
    const { host, calls } = await smdp(good);
    const client = clientOf(await fakeApi({ smdp: { host, releaseSeparately: true } }));
    await reaches(client, await create(client, { eid }), "available");
    expect(calls.map(({ name, body }) => [name, body["releaseFlag"]])).toEqual([
      ["downloadOrder", undefined],
      ["confirmOrder", false],
      ["releaseProfile", undefined],
    ]);
  });

  it.each([
    [
      "refuses the order",
      { ...good, downloadOrder: () => ({ header: failed }) },
      "Failed 8.2.5/3.7 no profile of this type",
    ],
    ["refuses to confirm", { ...good, confirmOrder: () => ({ header: failed }) }, "confirmOrder"],
    ["gives no ICCID", { ...good, downloadOrder: () => ({ header: success }) }, "iccid"],
    ["gives a malformed ICCID", { ...good, downloadOrder: () => ({ header: success, iccid: "12" }) }, "ICCID"],
    ["is none", {}, "HTTP 404"],
  ])("an SM-DP+ that %s: the reservation fails, nothing is charged", async (_name, answers, message) => {
    const { host } = await smdp(answers);
    const api = await fakeApi({ smdp: { host } });
    const client = clientOf(api);
    const profile = await reaches(client, await create(client, { eid }), "failed");
    expect(profile.errorMessage).toContain(message);
    expect(api.ledger()).toEqual([]);
  });
});

describe("an SM-DP+ that gives out an ICCID twice", () => {
  it("gets only one of the two charged", async () => {
    const { host } = await smdp(good);
    const api = await fakeApi({ smdp: { host } });
    const client = clientOf(api);
    await reaches(client, await create(client, { eid }), "available");
    const second = await reaches(client, await create(client, { eid }), "failed");
    expect(second.errorMessage).toContain("a second time");
    expect(api.ledger()).toHaveLength(1);
  });
});

describe("progress that the SM-DP+ reports", () => {
  async function available(...behaviours: Parameters<typeof fakeApi>[1][]) {
    const { host } = await smdp(good);
    const api = await fakeApi({ smdp: { host } }, ...behaviours);
    const client = clientOf(api);
    const profile = await reaches(client, await create(client, { generateMatchingId: true }), "available");
    const report = async (notificationPointId: number, status: string, changes: object = {}) => {
      const response = await fetch(`${api.url}/gsma/rsp2/es2plus/handleDownloadProgressInfo`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          header: { functionRequesterIdentifier: "smdp", functionCallIdentifier: "1" },
          eid,
          iccid,
          profileType: "esimd-emulated",
          timestamp: "2026-01-01T00:00:00Z",
          notificationPointId,
          notificationPointStatus: {
            status,
            ...(status === "Failed"
              ? { statusCodeData: { subjectCode: "8.1", reasonCode: "4.8", message: "no room" } }
              : {}),
          },
          ...changes,
        }),
      });
      return response.status;
    };
    return { report, read: () => client.getESimProfile(profile.sid, never) };
  }

  it("moves the reservation to downloaded, which fills in the EID, and to installed", async () => {
    const { report, read } = await available();
    expect(await report(1, "Executed-Success")).toBe(204);
    expect(await read()).toMatchObject({ status: "available", eid: undefined });
    expect(await report(3, "Executed-Success")).toBe(204);
    expect(await read()).toMatchObject({ status: "downloaded", eid });
    expect(await report(4, "Executed-Success")).toBe(204);
    expect(await read()).toMatchObject({ status: "installed" });
  });

  it("of a failure makes it failed, with code and words, and nothing brings it back", async () => {
    const { report, read } = await available();
    await report(3, "Executed-Success");
    await report(4, "Failed");
    expect(await read()).toMatchObject({ status: "failed", errorCode: "8.1/4.8", errorMessage: "no room" });
    await report(4, "Executed-Success");
    expect(await read()).toMatchObject({ status: "failed" });
  });

  it("never shows where the scenario says so", async () => {
    const { report, read } = await available({
      match: { method: "POST", path: "/v1/ESimProfiles" },
      actions: [{ do: "never-updates" }],
    });
    await report(3, "Executed-Success");
    await report(4, "Executed-Success");
    expect(await read()).toMatchObject({ status: "available" });
  });

  it("of another ICCID changes nothing, and a malformed report is refused", async () => {
    const { report, read } = await available();
    expect(await report(4, "Executed-Success", { iccid: "89883070000000000020" })).toBe(204);
    expect(await report(4, "Executed-Success", { iccid: "x" })).toBe(400);
    expect(await report(4, "Done")).toBe(400);
    expect(await read()).toMatchObject({ status: "available" });
  });
});
