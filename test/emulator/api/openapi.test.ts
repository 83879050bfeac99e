import { describe, expect, it } from "vitest";
import { clientOf, closeAfterTest, create, eid, fakeApi, never, reaches } from "./harness.js";
import { createJudge, hasDocuments } from "./openapi.js";
import { type RecordedExchange, startRecordingProxy } from "./recording-proxy.js";

/** Everything that our client can ask, on the fake API: both methods, every status, lists of several pages, refusals. */
async function wholeTour(provider: "twilio" | "kore"): Promise<readonly RecordedExchange[]> {
  const match = { method: "POST", path: "/v1/ESimProfiles" } as const;
  const api = await fakeApi({}, { match: { ...match, nth: 3 }, actions: [{ do: "reservation-fails" }] });
  const proxy = await startRecordingProxy(api.url);
  closeAfterTest(() => proxy.close());
  const tokenUrl = `${proxy.url}/api-services/v1/auth/token`;
  const options = { provider, baseUrl: proxy.url, tokenUrl } as const;
  const client = clientOf(api, { ...options, callbackUrl: "https://127.0.0.1:1/cb?unit=1", callbackMethod: "POST" });
  const byEid = await reaches(client, await create(client, { eid }), "available");
  await reaches(client, await create(client, { generateMatchingId: true }), "available");
  await reaches(client, await create(client, { eid }), "failed");
  await client.listESimProfiles({ eid }, never);
  await client.listESimProfiles({}, never);
  const { iccid, simSid } = byEid;
  if (iccid === undefined || simSid === undefined) throw new Error("no Sim");
  await client.listESimProfiles({ simSid }, never);
  await client.findSimByIccid(iccid, never);
  await client.updateSim(simSid, { uniqueName: "unit-1" }, never);
  await client.updateSim(simSid, { status: "ready", fleet: "default" }, never);
  await client.getSim(simSid, never);
  for (let n = 0; n < 100; n++) await create(client, { generateMatchingId: true });
  expect(await client.listESimProfiles({}, never)).toHaveLength(103);
  await client.listFleets(never);
  await clientOf(api, { ...options, secret: "wrong" })
    .listFleets(never)
    .catch(() => undefined);
  return proxy.exchanges;
}

describe.skipIf(!hasDocuments)("the vendors' OpenAPI documents (skipped without ../shared)", () => {
  it.each(["twilio", "kore"] as const)("find no fault with what is said as %s", async (provider) => {
    const exchanges = await wholeTour(provider);
    const resources = exchanges.filter(({ target }) => target.startsWith("/v1/"));
    const tokens = exchanges.filter(({ target }) => !target.startsWith("/v1/"));
    expect(tokens.map(({ status }) => status)).toEqual(provider === "kore" ? [200, 401] : []);
    expect(new Set(resources.map(({ method, status }) => `${method} ${status}`))).toEqual(
      new Set(["POST 201", "GET 200", "POST 200", "POST 202", ...(provider === "twilio" ? ["GET 401"] : [])]),
    );
    for (const name of ["twilio", "kore"] as const) {
      const judge = createJudge(name);
      expect(resources.flatMap((exchange) => judge.faultsOf(exchange))).toEqual([]);
    }
    const tokenJudge = createJudge("token");
    expect(tokens.flatMap((exchange) => tokenJudge.faultsOf(exchange))).toEqual([]);
  });

  it("do find faults where there are some", () => {
    const judge = createJudge("twilio");
    const sid = `HP${"0".repeat(32)}`;
    const exchange = {
      method: "GET",
      target: `/v1/ESimProfiles/${sid}`,
      requestBody: "",
      status: 200,
      contentType: "application/json",
      body: JSON.stringify({ sid, status: "available", smdp_plus_address: "sm-dp-plus.twilio.com", iccid: null }),
    };
    const faults = (changes: Partial<RecordedExchange>) => judge.faultsOf({ ...exchange, ...changes }).length;
    expect(faults({})).toBe(0);
    expect(faults({ body: JSON.stringify({ sid: "HP1" }) })).toBeGreaterThan(0);
    expect(faults({ body: JSON.stringify({ sid, status: "lost" }) })).toBe(1);
    expect(faults({ body: JSON.stringify({ sid, callback_url: "x" }) })).toBe(1);
    expect(faults({ body: JSON.stringify({ sid, date_created: "yesterday" }) })).toBe(1);
    expect(faults({ body: JSON.stringify({ sid, url: "/v1/x" }) })).toBe(1);
    expect(faults({ status: 202 })).toBe(1);
    expect(faults({ target: "/v1/EsimProfiles/x" })).toBe(1);
    expect(faults({ target: `/v1/ESimProfiles/${sid}?Eid=1` })).toBe(1);
    const list = { target: "/v1/ESimProfiles?PageSize=0", body: JSON.stringify({ esim_profiles: [], meta: {} }) };
    expect(faults(list)).toBe(1);
  });
});
