import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { verifyKoreWebhook, verifyTwilioWebhook } from "../../../src/api/webhook-signature.js";
import { fakeApiDefaults } from "../../../src/emulator/api/fake-api.js";
import { clientOf, closeAfterTest, create, eid, fakeApi, reaches, until } from "./harness.js";

describe("callbacks", () => {
  interface Call {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: string;
  }

  /** A back end that answers the first calls with the given statuses, and 204 from then on. */
  async function backEnd(...statuses: readonly number[]): Promise<{ url: string; calls: Call[] }> {
    const calls: Call[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += String(chunk);
      });
      request.on("end", () => {
        calls.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
        response.writeHead(statuses[calls.length - 1] ?? 204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closeAfterTest(() => new Promise((resolve) => server.close(() => resolve())));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no TCP address");
    return { url: `http://127.0.0.1:${address.port}/hook?unit=1`, calls };
  }

  const header = ({ headers }: Call, name: string) => String(headers[name]);

  it("tell that a reservation became available, with both vendors' signatures, and once", async () => {
    const { url, calls } = await backEnd();
    const api = await fakeApi();
    const client = clientOf(api, { callbackUrl: `${url}#cbs=kore` });
    const profile = await reaches(client, await create(client, { eid }), "available");
    await until(
      async () => calls.length,
      (count) => count > 0,
    );
    const [call] = calls;
    if (call === undefined) throw new Error("no callback");
    const parameters = Object.fromEntries(new URLSearchParams(call.body));
    expect(parameters).toEqual({
      ESimProfileSid: profile.sid,
      SimSid: profile.simSid,
      SimIccid: profile.iccid,
      ESimProfileStatus: "available",
      Eid: eid,
      SmdpPlusAddress: "sm-dp-plus.example.com",
      ErrorCode: "",
      ErrorMessage: "",
    });
    const { secret } = fakeApiDefaults;
    const signature = header(call, "x-twilio-signature");
    expect(verifyTwilioWebhook({ authToken: secret, url, parameters, signature })).toBe(true);
    expect(
      verifyKoreWebhook({ secret, method: "POST", url, rawBody: call.body, signature: header(call, "kore-signature") }),
    ).toBe(true);
    expect(calls).toHaveLength(1);
  });

  it("by GET have their parameters in the query, and come again after 503 with the same token", async () => {
    const { url, calls } = await backEnd(503);
    const client = clientOf(await fakeApi(), { callbackUrl: url, callbackMethod: "GET" });
    await create(client, { eid });
    await until(
      async () => calls.length,
      (count) => count > 1,
    );
    const [first, second] = calls;
    if (first === undefined || second === undefined) throw new Error("no callbacks");
    expect(first.method).toBe("GET");
    expect(first.url).toMatch(/^\/hook\?unit=1&ESimProfileSid=HP/);
    expect(header(second, "i-twilio-idempotency-token")).toBe(header(first, "i-twilio-idempotency-token"));
    const signedUrl = `${url.replace(/\/hook.*$/, "")}${first.url}`;
    const signature = header(first, "x-twilio-signature");
    expect(verifyTwilioWebhook({ authToken: fakeApiDefaults.secret, url: signedUrl, parameters: {}, signature })).toBe(
      true,
    );
  });
});
