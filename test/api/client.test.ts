import { createServer } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { createProviderApi, type ProviderApiOptions } from "../../src/api/client.js";
import type { ProviderApi } from "../../src/api/resources.js";
import { systemClock, VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { parseEid, parseIccid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { answer, cut, type RawBehaviour, type RawServer, silence, startRawServer } from "./raw-server.js";

const eid = parseEid("89049032123451234512345678901235", "test");
const iccid = parseIccid("89883070000123456789", "test");
const hp = (n: number) => `HP${String(n).padStart(32, "0")}`;
const hs = `HS${"1".repeat(32)}`;
const fresh = { sid: hp(1), status: "new", eid };
const never = new AbortController().signal;

// Loaded with the first request otherwise, whose 300 ms are about the server.
beforeAll(() => import("undici"));

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function serve(...behaviours: readonly RawBehaviour[]): Promise<RawServer> {
  const server = await startRawServer(...behaviours);
  open.push(() => server.close());
  return server;
}

function client(baseUrl: string, changes: Partial<ProviderApiOptions> = {}): ProviderApi {
  const api = createProviderApi({
    provider: "twilio",
    baseUrl,
    key: "SK0",
    secret: "top-secret",
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    requestTimeoutMs: 300,
    retry: { attempts: 3, backoff: { firstMs: 5, maxMs: 10 }, longestRetryAfterMs: 60_000 },
    ...changes,
  });
  open.push(() => api.close());
  return api;
}

/** The error's code and what its sentence must contain. */
async function failure(promise: Promise<unknown>): Promise<EsimdError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof EsimdError)) throw new Error(`expected an EsimdError, got ${String(error)}`);
  return error;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}

describe("what is known after the POST that costs money", () => {
  const problem = { type: "about:blank", title: "Bad", status: 400, code: 20001, detail: "Eid is not an EID" };
  const table: readonly (readonly [string, RawBehaviour, "created" | "not-processed" | "unclear", string])[] = [
    ["201 with the resource", answer(201, fresh), "created", ""],
    [
      "201, already reserving, without nullable fields",
      answer(201, { sid: hp(1), status: "reserving" }),
      "created",
      "",
    ],
    ["201 about another EID", answer(201, { ...fresh, eid: "1".repeat(32) }), "unclear", "api_protocol"],
    ["201 with broken JSON", answer(201, '{"sid":"HP'), "unclear", "api_protocol"],
    ["201 with an empty body", answer(201, ""), "unclear", "api_protocol"],
    ["200 with HTML (a captive portal)", answer(200, "<html>log in</html>"), "unclear", "api_protocol"],
    ["a redirect", answer(302, "", { location: "http://portal.example/" }), "unclear", "api_protocol"],
    [
      "400 in the vendor's shape",
      answer(400, { code: 20001, message: "bad", status: 400 }),
      "not-processed",
      "api_rejected",
    ],
    ["400 after RFC 9457", answer(400, problem), "not-processed", "api_rejected"],
    ["400, out of stock", answer(400, { code: 83500, message: "none" }), "not-processed", "no_stock"],
    ["503, but the vendor says that it is out of stock", answer(503, { code: 83500 }), "not-processed", "no_stock"],
    ["401", answer(401, { code: 20003, message: "Authenticate" }), "not-processed", "api_credentials"],
    ["403 with HTML", answer(403, "<html>"), "not-processed", "api_credentials"],
    ["404 with HTML", answer(404, "<html>"), "not-processed", "api_missing"],
    ["429", answer(429, { code: 20429 }), "not-processed", "api_rate_limited"],
    ["408, which a proxy gives too", answer(408, ""), "unclear", "api_rejected"],
    ["500", answer(500, { code: 20500 }), "unclear", "api_unavailable"],
    ["502 with HTML", answer(502, "<html>"), "unclear", "api_unavailable"],
    ["cut before an answer", cut, "unclear", "api_unreachable"],
    ["silence", silence, "unclear", "deadline"],
    ["not HTTP", (socket) => socket.end("SSH-2.0-OpenSSH\r\n"), "unclear", "api_protocol"],
    [
      "201, cut within the body",
      (socket) => socket.end('HTTP/1.1 201 X\r\ncontent-length: 99\r\n\r\n{"sid"'),
      "unclear",
      "api_unreachable",
    ],
    [
      "400, cut within the body",
      (socket) => socket.end("HTTP/1.1 400 X\r\ncontent-length: 99\r\n\r\n{"),
      "not-processed",
      "api_unreachable",
    ],
    [
      "201, then silence within the body",
      (socket) => socket.write("HTTP/1.1 201 X\r\ncontent-length: 99\r\n\r\n{"),
      "unclear",
      "deadline",
    ],
    ["201 with more than 1 MiB", answer(201, " ".repeat(1024 * 1024 + 1)), "unclear", "api_protocol"],
  ];

  it.each(table)("%s", async (_name, behaviour, kind, code) => {
    const server = await serve(behaviour);
    const outcome = await client(server.url).createESimProfile({ eid }, never);
    expect(outcome.kind).toBe(kind);
    expect(outcome.kind === "created" ? "" : outcome.error.code).toBe(code);
    expect(server.requests).toHaveLength(1);
  });

  it("nothing listens: not processed", async () => {
    const outcome = await client(`http://127.0.0.1:${await closedPort()}`).createESimProfile({ eid }, never);
    expect(outcome).toMatchObject({ kind: "not-processed", error: { code: "api_unreachable" } });
  });

  it("the name does not resolve: not processed", async () => {
    const outcome = await client("https://nowhere.invalid", { requestTimeoutMs: 5000 }).createESimProfile(
      { eid },
      never,
    );
    expect(outcome).toMatchObject({ kind: "not-processed", error: { code: "api_unreachable" } });
  });

  it("TLS fails: not processed", async () => {
    const server = await serve(silence);
    const outcome = await client(`https://localhost:${server.port}`, { connectTimeoutMs: 150 }).createESimProfile(
      { eid },
      never,
    );
    expect(outcome).toMatchObject({ kind: "not-processed", error: { code: "api_unreachable" } });
    expect(server.requests).toEqual([]);
  });

  it("cancelled before a byte is written: not processed; after: unclear", async () => {
    const before = AbortSignal.abort(new EsimdError("cancelled", "stopped"));
    const server = await serve(silence);
    expect(await client(server.url).createESimProfile({ eid }, before)).toMatchObject({
      kind: "not-processed",
      error: { code: "cancelled" },
    });
    expect(server.requests).toEqual([]);

    const during = new AbortController();
    const cutting = await serve(() => during.abort());
    expect(await client(cutting.url).createESimProfile({ eid }, during.signal)).toMatchObject({
      kind: "unclear",
      error: { code: "cancelled" },
    });
  });

  it("sends what the vendor documents, on a connection of its own", async () => {
    const server = await serve(answer(201, fresh));
    const api = client(server.url, { callbackUrl: "https://x.example/cb?a=1&b=2", callbackMethod: "POST" });
    await api.createESimProfile({ generateMatchingId: true }, never);
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", target: "/v1/ESimProfiles" });
    expect(request?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from("SK0:top-secret").toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    });
    expect(request?.body).toBe(
      "GenerateMatchingId=true&CallbackUrl=https%3A%2F%2Fx.example%2Fcb%3Fa%3D1%26b%3D2&CallbackMethod=POST",
    );
  });
});

describe("reads", () => {
  it("try again after the network, 5xx and 429, and then give the resource", async () => {
    const server = await serve(cut, answer(503, "<html>"), answer(200, fresh));
    await expect(client(server.url).getESimProfile(hp(1), never)).resolves.toMatchObject({ sid: hp(1), status: "new" });
    expect(server.requests).toHaveLength(3);
  });

  it("wait at least as long as Retry-After says", async () => {
    const server = await serve(answer(429, { code: 20429 }, { "retry-after": "7" }), answer(200, fresh));
    const clock = new VirtualClock();
    const api = client(server.url, { clock, requestTimeoutMs: 3_600_000, connectTimeoutMs: 3_600_000 });
    const profile = api.getESimProfile(hp(1), never);
    while (clock.nextDueMs() === undefined || (clock.nextDueMs() ?? 0) > 60_000) await new Promise(setImmediate);
    await clock.advance(6_900);
    expect(server.requests).toHaveLength(1);
    // Chance comes on top: a quarter at the most.
    await clock.advance(1_900);
    await expect(profile).resolves.toMatchObject({ sid: hp(1) });
  });

  it.each([
    [
      "a longer Retry-After than is waited for here",
      answer(429, { code: 20429 }, { "retry-after": "600" }),
      "api_rate_limited",
      600_000,
    ],
    [
      "a Retry-After with a date, by the server's clock",
      answer(503, "", { date: "Thu, 01 Jan 2026 00:00:00 GMT", "retry-after": "Thu, 01 Jan 2026 01:00:00 GMT" }),
      "api_unavailable",
      3_600_000,
    ],
  ] as const)("%s goes to the caller", async (_name, behaviour, code, retryAfterMs) => {
    const server = await serve(behaviour);
    expect(await failure(client(server.url).getESimProfile(hp(1), never))).toMatchObject({ code, retryAfterMs });
    expect(server.requests).toHaveLength(1);
  });

  it("give up after their attempts with the last error and the request's id", async () => {
    const server = await serve(
      answer(500, { code: 20500, message: "Internal" }, { "twilio-request-id": `RQ${"a".repeat(32)}` }),
    );
    const error = await failure(client(server.url).getESimProfile(hp(1), never));
    expect(error.code).toBe("api_unavailable");
    expect(error.message).toBe(
      `GET /v1/ESimProfiles/${hp(1)}: 500, code 20500, "Internal" (request RQ${"a".repeat(32)})`,
    );
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    ["404", answer(404, { code: 20404 }), "api_missing"],
    ["401", answer(401, ""), "api_credentials"],
    ["403 for a restricted key", answer(403, { code: 70051 }), "api_credentials"],
    ["HTML under 200", answer(200, "<html>"), "api_protocol"],
    ["a redirect", answer(301, "", { location: "https://portal.example/login?token=1" }), "api_protocol"],
    ["another resource than was asked for", answer(200, { ...fresh, sid: hp(2) }), "api_protocol"],
  ] as const)("%s is final", async (_name, behaviour, code) => {
    const server = await serve(behaviour);
    expect((await failure(client(server.url).getESimProfile(hp(1), never))).code).toBe(code);
    expect(server.requests).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])("follow no redirect: %i, be the other place there", async (status) => {
    const foreign = await serve(answer(200, fresh));
    const location = `${foreign.url}/v1/ESimProfiles/${hp(1)}`;
    const server = await serve(answer(status, "", { location }));
    expect((await failure(client(server.url).getESimProfile(hp(1), never))).code).toBe("api_protocol");
    const token = await serve(answer(status, "", { location }));
    const kore = client(server.url, { provider: "kore", tokenUrl: `${token.url}/token` });
    await failure(kore.getESimProfile(hp(1), never));
    expect([server.requests.length, token.requests.length, foreign.requests.length]).toEqual([1, 1, 0]);
  });

  it("end at once when cancelled, with the caller's reason", async () => {
    const reason = new EsimdError("deadline", "the whole run took too long");
    const controller = new AbortController();
    const server = await serve(() => controller.abort(reason));
    expect(await failure(client(server.url).getESimProfile(hp(1), controller.signal))).toBe(reason);
    expect(server.requests).toHaveLength(1);
  });

  it("name the field and the resource that cannot be read", async () => {
    const server = await serve(answer(200, { ...fresh, status: "available", iccid: "8988307aaaaaaaaaaaaa" }));
    const error = await failure(client(server.url).getESimProfile(hp(1), never));
    expect(error.code).toBe("api_protocol");
    expect(error.message).toContain(`ESimProfile ${hp(1)}, iccid: "8988307aaaaaaaaaaaaa" is not an ICCID`);
  });
});

describe("lists", () => {
  const page = (items: readonly unknown[], next: unknown) =>
    answer(200, { esim_profiles: items, meta: { next_page_url: next } });

  it("are followed to their end by path and query alone: the host of next_page_url is never contacted", async () => {
    const foreign = await serve(answer(200, fresh));
    const server = await serve(
      page([fresh], `${foreign.url}/v1/ESimProfiles?PageSize=1&Page=1&PageToken=PAx`),
      page([{ sid: hp(2), status: "failed", eid }], null),
    );
    const profiles = await client(server.url).listESimProfiles({ eid }, never);
    expect(profiles.map(({ sid }) => sid)).toEqual([hp(1), hp(2)]);
    expect(server.requests.map(({ target }) => target)).toEqual([
      `/v1/ESimProfiles?Eid=${eid}&PageSize=100`,
      "/v1/ESimProfiles?PageSize=1&Page=1&PageToken=PAx",
    ]);
    expect(foreign.requests).toEqual([]);
  });

  it.each([
    ["a page that points to itself", page([fresh], `/v1/ESimProfiles?Eid=${eid}&PageSize=100`)],
    [
      "pages without end",
      (socket, request) =>
        page([], `/v1/ESimProfiles?Page=${Number(/Page=(\d+)$/.exec(request.target)?.[1] ?? 0) + 1}`)(socket, request),
    ],
    ["a next page of another resource", page([fresh], "https://supersim.twilio.com/v1/Sims?Page=1")],
    ["a next page that is no URL", page([fresh], "http://[")],
    ["no meta", answer(200, { esim_profiles: [fresh] })],
    ["no items", answer(200, { meta: { next_page_url: null } })],
    [
      "a full page that does not say whether it goes on",
      answer(200, { esim_profiles: Array(100).fill(fresh), meta: {} }),
    ],
    ["an item without a sid", page([{ status: "new" }], null)],
    ["an item of another EID", page([fresh, { sid: hp(2), eid: "1".repeat(32) }], null)],
  ] as readonly (readonly [string, RawBehaviour])[])("%s makes the list unknown", async (_name, behaviour) => {
    const server = await serve(behaviour);
    const error = await failure(client(server.url).listESimProfiles({ eid }, never));
    expect(error.code).toBe("api_protocol");
    expect(error.message).toMatch(/^GET \/v1\/ESimProfiles: /);
    expect(server.requests.length).toBeLessThanOrEqual(50);
  });

  it("a later page that fails makes the whole list unknown", async () => {
    const server = await serve(page([fresh], "/v1/ESimProfiles?Page=1"), answer(500, ""));
    expect((await failure(client(server.url).listESimProfiles({ eid }, never))).code).toBe("api_unavailable");
  });

  it("a gateway that leaves nulls out still ends a short page", async () => {
    const server = await serve(answer(200, { esim_profiles: [fresh], meta: { page: 0 } }));
    await expect(client(server.url).listESimProfiles({ eid }, never)).resolves.toHaveLength(1);
  });
});

describe("the Sim of an ICCID", () => {
  const sims = (...items: readonly unknown[]) => answer(200, { sims: items, meta: { next_page_url: null } });

  it("is undefined only when a complete list says so", async () => {
    await expect(client((await serve(sims())).url).findSimByIccid(iccid, never)).resolves.toBeUndefined();
    expect((await failure(client((await serve(answer(200, {}))).url).findSimByIccid(iccid, never))).code).toBe(
      "api_protocol",
    );
  });

  it.each([
    ["one of another ICCID", sims({ sid: hs, iccid: "89883070000000000001", status: "new" })],
    ["two of them", sims({ sid: hs, iccid, status: "new" }, { sid: `HS${"2".repeat(32)}`, iccid, status: "new" })],
  ])("is not guessed from %s", async (_name, behaviour) => {
    const error = await failure(client((await serve(behaviour)).url).findSimByIccid(iccid, never));
    expect(error.code).toBe("api_protocol");
    expect(error.message).not.toContain(iccid);
  });
});

describe("updates of a Sim", () => {
  const sim = { sid: hs, iccid, status: "scheduled", unique_name: "", fleet_sid: null };

  it("send PascalCase names and take 202 as success", async () => {
    const server = await serve(answer(202, sim));
    await expect(
      client(server.url).updateSim(hs, { status: "ready", fleet: "my fleet", uniqueName: "unit-1" }, never),
    ).resolves.toEqual({ sid: hs, iccid, status: "scheduled", fleetSid: undefined, uniqueName: undefined });
    expect(server.requests[0]?.body).toBe("Status=ready&Fleet=my+fleet&UniqueName=unit-1");
  });

  it("try again after 429, but not where the first try may have worked", async () => {
    const limited = await serve(answer(429, ""), answer(200, sim));
    await expect(client(limited.url).updateSim(hs, { status: "ready" }, never)).resolves.toMatchObject({ sid: hs });
    for (const behaviour of [cut, answer(500, ""), silence]) {
      const server = await serve(behaviour);
      await failure(client(server.url).updateSim(hs, { status: "ready" }, never));
      expect(server.requests).toHaveLength(1);
    }
  });

  it.each([
    [83006, "fleet_unknown"],
    [83007, "fleet_missing"],
    [83009, "api_unavailable"],
    [83010, "sim_refused"],
    [83005, "api_missing"],
    [83011, "api_rejected"],
  ])("the vendor's code %i is %s", async (code, expected) => {
    const server = await serve(answer(400, { code, message: "no", status: 400 }));
    const api = client(server.url, {
      retry: { attempts: 1, backoff: { firstMs: 1, maxMs: 1 }, longestRetryAfterMs: 0 },
    });
    expect((await failure(api.updateSim(hs, { status: "ready" }, never))).code).toBe(expected);
  });
});

describe("KORE's token", () => {
  const token = (value: string, expiresIn = 3600) =>
    answer(200, { access_token: value, expires_in: expiresIn, token_type: "Bearer" });
  const expired = answer(403, {
    message: "User is not authorized to access this resource",
    error: "Invalid or expired token",
  });

  function kore(server: RawServer, changes: Partial<ProviderApiOptions> = {}): ProviderApi {
    return client(server.url, { provider: "kore", tokenUrl: `${server.url}/api-services/v1/auth/token`, ...changes });
  }

  it("is fetched once and kept until shortly before it expires", async () => {
    const server = await serve(
      token("t1", 100),
      answer(200, fresh),
      answer(200, fresh),
      token("t2"),
      answer(200, fresh),
    );
    const clock = new VirtualClock();
    const api = kore(server, { clock });
    await api.getESimProfile(hp(1), never);
    await clock.advance(89_000);
    await api.getESimProfile(hp(1), never);
    await clock.advance(2_000);
    await api.getESimProfile(hp(1), never);
    expect(server.requests.map(({ method, headers }) => `${method} ${headers["authorization"] ?? "-"}`)).toEqual([
      "POST -",
      "GET Bearer t1",
      "GET Bearer t1",
      "POST -",
      "GET Bearer t2",
    ]);
    expect(server.requests[0]?.body).toBe("grant_type=client_credentials&client_id=SK0&client_secret=top-secret");
  });

  it("is renewed once after a 403 that calls it invalid, also for the POST that costs money", async () => {
    const server = await serve(token("old"), expired, token("new"), answer(201, fresh));
    await expect(kore(server).createESimProfile({ eid }, never)).resolves.toMatchObject({ kind: "created" });
  });

  it("is not renewed twice, nor for a 403 about permission", async () => {
    const twice = await serve(token("a"), expired, token("b"), expired);
    expect((await failure(kore(twice).getESimProfile(hp(1), never))).code).toBe("api_credentials");
    expect(twice.requests).toHaveLength(4);
    const permission = await serve(token("a"), answer(403, { message: "Forbidden" }));
    expect((await failure(kore(permission).getESimProfile(hp(1), never))).code).toBe("api_credentials");
    expect(permission.requests).toHaveLength(2);
  });

  it.each([
    ["401", answer(401, { error: "unauthorized_client", error_description: "Invalid client" }), "api_credentials"],
    ["400 invalid_client", answer(400, { error: "invalid_client" }), "api_credentials"],
    ["500", answer(500, { code: 500, message: "x" }), "api_unavailable"],
    ["no token in the answer", answer(200, { token_type: "Bearer" }), "api_protocol"],
    ["a cut connection", cut, "api_unreachable"],
  ] as const)("%s at the token endpoint: the reservation was not processed", async (_name, behaviour, code) => {
    const server = await serve(behaviour);
    expect(await kore(server).createESimProfile({ eid }, never)).toMatchObject({
      kind: "not-processed",
      error: { code },
    });
    expect(server.requests.map(({ target }) => target)).toEqual(["/api-services/v1/auth/token"]);
  });
});

describe("the configuration", () => {
  it.each([
    ["no URL", { baseUrl: "supersim.twilio.com" }, "config_invalid"],
    ["http: to another machine", { baseUrl: "http://supersim.twilio.com" }, "config_invalid"],
    ["a path", { baseUrl: "https://supersim.twilio.com/v1" }, "config_invalid"],
    ["credentials in the URL", { baseUrl: "https://a:b@supersim.twilio.com" }, "config_invalid"],
    ["http: for the token", { provider: "kore", tokenUrl: "http://example.com/token" }, "config_invalid"],
    [
      "a callback by GET with kore",
      { provider: "kore", callbackUrl: "https://x.example/", callbackMethod: "GET" },
      "config_invalid",
    ],
    ["a callback that is no URL", { callbackUrl: "x.example" }, "config_invalid"],
    ["an empty secret", { secret: "" }, "credentials_missing"],
  ] as readonly (readonly [string, Partial<ProviderApiOptions>, string])[])("refuses %s", (_name, changes, code) => {
    expect(() => client("https://supersim.twilio.com", changes)).toThrow(expect.objectContaining({ code }));
  });
});
