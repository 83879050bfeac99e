import { createHash, X509Certificate } from "node:crypto";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { parseSmdpAddress, type SmdpAddress } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { tlsServerOptions } from "../../../src/emulator/pki/tls.js";
import { createEs9PlusClient, type Es9PlusClient, readFailure } from "../../../src/lpa/es9plus/client.js";
import { smdpFailure } from "../../../src/lpa/es9plus/status-codes.js";

const pki = createPki();
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(
  listener: RequestListener,
  tls: SecureContextOptions = tlsServerOptions(pki),
  host = "127.0.0.1",
): Promise<SmdpAddress> {
  const server: Server = createServer(tls, listener);
  await new Promise<void>((done) => server.listen(0, host, done));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return parseSmdpAddress(`${host}:${(server.address() as AddressInfo).port}`, "test");
}

async function client(
  requestTimeoutMs = 5_000,
  ciRoots: readonly string[] = [pki.ciPem],
  pins: readonly string[] = [],
): Promise<Es9PlusClient> {
  const made = await createEs9PlusClient({
    ciRoots,
    pins,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    requestTimeoutMs,
  });
  closers.push(() => made.close());
  return made;
}

const never = new AbortController().signal;
const post = (es9: Es9PlusClient, to: SmdpAddress, signal = never) =>
  es9.post(to, "initiateAuthentication", "{}", signal);

describe("ES9+ over TLS", () => {
  it.each(["P-256", "brainpoolP256r1"] as const)("talks with a server whose certificate is on %s", async (curve) => {
    const world = createPki({ curve });
    const seen: string[] = [];
    const smdp = await serve((request, response) => {
      seen.push(
        `${request.method} ${request.url} ${request.headers["x-admin-protocol"]} ${request.headers["user-agent"]}`,
      );
      response.end('{"header":{"functionExecutionStatus":{"status":"Executed-Success"}}}');
    }, tlsServerOptions(world));
    const answer = await post(await client(5_000, [world.ciPem]), smdp);
    expect(answer).toMatchObject({ httpStatus: 200, failure: undefined });
    expect(seen).toEqual(["POST /gsma/rsp2/es9plus/initiateAuthentication gsma/rsp/v2.2.0 gsma-rsp-lpad"]);
  });

  it("does not talk with a stranger, and says that the root is missing", async () => {
    let asked = 0;
    const smdp = await serve((_request, response) => {
      asked++;
      response.end();
    }, tlsServerOptions(createPki()));
    await expect(post(await client(), smdp)).rejects.toMatchObject({ code: "smdp_untrusted", exitStatus: 78 });
    expect(asked).toBe(0);
  });

  it("does not believe a certificate of the right root for another name", async () => {
    // Loopback has many addresses; the certificate names the first one only.
    const smdp = await serve((_request, response) => response.end(), tlsServerOptions(pki), "127.0.0.2");
    await expect(post(await client(), smdp)).rejects.toMatchObject({ code: "smdp_untrusted" });
  });

  it.each([
    { certified: "smdp.example.org", outcome: "Executed-Success" },
    { certified: "other.example.org", outcome: "smdp_untrusted" },
  ])("a server found by other means than DNS must have a certificate for its name: $certified", async (row) => {
    const world = createPki({ tlsNames: [row.certified] });
    const body = '{"header":{"functionExecutionStatus":{"status":"Executed-Success"}}}';
    const at = await serve((_request, response) => response.end(body), tlsServerOptions(world));
    const es9 = await createEs9PlusClient({
      ciRoots: [world.ciPem],
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
      locate: ({ host, port }) => {
        expect([host, port]).toEqual(["smdp.example.org", 443]);
        return { host: "127.0.0.1", port: Number(at.split(":")[1]) };
      },
    });
    closers.push(() => es9.close());
    const named = parseSmdpAddress("smdp.example.org", "test");
    const got = await post(es9, named).then(
      (answer) => JSON.parse(answer.body).header.functionExecutionStatus.status,
      (error) => error.code,
    );
    expect(got).toBe(row.outcome);
  });

  it("believes a pinned certificate and no other", async () => {
    const tls = tlsServerOptions(pki);
    const smdp = await serve((_request, response) => response.end(), tls);
    const certificate = new X509Certificate(String(tls.cert));
    const pin = createHash("sha256").update(certificate.raw).digest("hex");
    expect(await post(await client(5_000, [pki.ciPem], [pin]), smdp)).toMatchObject({ httpStatus: 200 });
    const other = "0".repeat(64);
    await expect(post(await client(5_000, [pki.ciPem], [other]), smdp)).rejects.toMatchObject({
      code: "smdp_untrusted",
    });
  });

  it("gives a connection that is refused three tries, and then says so", async () => {
    const server = createTcpServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    await new Promise((done) => server.close(done));
    const gone = parseSmdpAddress(`127.0.0.1:${port}`, "test");
    await expect(post(await client(), gone)).rejects.toMatchObject({ code: "smdp_unreachable" });
  });

  it("does not repeat a request whose answer was cut: it may have been carried out", async () => {
    let asked = 0;
    const smdp = await serve((request) => {
      asked++;
      request.socket.destroy();
    });
    await expect(post(await client(), smdp)).rejects.toMatchObject({ code: "smdp_unreachable" });
    expect(asked).toBe(1);
  });

  it("gives up on an answer that never comes, or never ends", async () => {
    const silent = await serve(() => undefined);
    await expect(post(await client(300), silent)).rejects.toMatchObject({ code: "deadline" });
    const endless = await serve((_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 0x41);
      const more = (): void => {
        if (response.destroyed) return;
        response.write(chunk, more);
      };
      more();
    });
    await expect(post(await client(), endless)).rejects.toMatchObject({ code: "smdp_protocol" });
  });

  it("follows no redirect", async () => {
    let stranger = 0;
    const other = await serve((_request, response) => {
      stranger++;
      response.end();
    });
    const smdp = await serve((_request, response) => response.writeHead(302, { location: `https://${other}/` }).end());
    expect(await post(await client(), smdp)).toMatchObject({ httpStatus: 302 });
    expect(stranger).toBe(0);
  });
});

describe("a function's own failure", () => {
  const failed = (subjectCode: string, reasonCode: string): string =>
    JSON.stringify({
      header: {
        functionExecutionStatus: { status: "Failed", statusCodeData: { subjectCode, reasonCode, message: "no" } },
      },
    });

  it("is found in an HTTP 200", () => {
    expect(readFailure(failed("8.2.6", "3.8"))).toEqual({ subjectCode: "8.2.6", reasonCode: "3.8", message: "no" });
  });

  it.each([
    "",
    "<html>",
    "[]",
    '{"header":{}}',
    '{"header":{"functionExecutionStatus":{"status":"Executed-WithWarning"}}}',
  ])("is not in %j", (body) => {
    expect(readFailure(body)).toBeUndefined();
  });

  it.each([
    ["8.2.6", "3.8", false, "smdp_refused"],
    ["8.2.6", "3.8", true, "no_profile_waiting"],
    ["8.1.1", "3.8", true, "smdp_refused"],
    ["8.8.5", "6.4", true, "smdp_refused"],
    ["8.8.5", "4.10", true, "smdp_refused"],
    ["8.1", "4.8", true, "euicc_full"],
    ["8.2", "1.2", true, "smdp_error"],
    ["9.9", "9.9", true, "smdp_error"],
  ])("%s/%s (by EID: %s) is %s", (subjectCode, reasonCode, byEid, code) => {
    const smdp = parseSmdpAddress("smdp.example", "test");
    expect(smdpFailure(smdp, { subjectCode, reasonCode, message: undefined }, byEid).code).toBe(code);
  });
});
