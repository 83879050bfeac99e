import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type Clock, sleep, systemClock, VirtualClock } from "../../../src/base/clock.js";
import { parseSmdpAddress, type SmdpAddress } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { tlsServerOptions } from "../../../src/emulator/pki/tls.js";
import { createEs9PlusClient, type Es9PlusClient } from "../../../src/lpa/es9plus/client.js";

const pki = createPki();
const never = new AbortController().signal;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Smdp {
  readonly address: SmdpAddress;
  /** Of every connection whose handshake is done. */
  readonly sockets: Socket[];
  readonly requests: string[];
}

async function serve(tls = tlsServerOptions(pki)): Promise<Smdp> {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server: Server = createServer(tls, (request, response) => {
    requests.push(`${request.url}`);
    response.end("{}");
  });
  server.on("secureConnection", (socket) => sockets.push(socket));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: parseSmdpAddress(`127.0.0.1:${port}`, "test"), sockets, requests };
}

async function client(clock: Clock = systemClock): Promise<Es9PlusClient> {
  const parts = { ciRoots: [pki.ciPem], clock, random: seededRandom(1), log: silentLog };
  const made = await createEs9PlusClient(parts);
  closers.push(() => made.close());
  return made;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(systemClock, 2);
}

const post = (es9: Es9PlusClient, smdp: Smdp) => es9.post(smdp.address, "initiateAuthentication", "{}", never);

describe("a connection to an SM-DP+ that is made ahead", () => {
  it("is there before the first request, carries it, and the next one too", async () => {
    const smdp = await serve();
    const es9 = await client();
    es9.prepare?.(smdp.address);
    await until(() => smdp.sockets.length === 1);
    expect(smdp.requests).toEqual([]);
    expect(await post(es9, smdp)).toMatchObject({ httpStatus: 200 });
    expect(await post(es9, smdp)).toMatchObject({ httpStatus: 200 });
    expect(smdp.sockets).toHaveLength(1);
  });

  it("is one, however often it is asked for, and is waited for where it is still being made", async () => {
    const smdp = await serve();
    const es9 = await client();
    es9.prepare?.(smdp.address);
    expect(await post(es9, smdp)).toMatchObject({ httpStatus: 200 });
    expect(smdp.sockets).toHaveLength(1);
    const other = await client();
    other.prepare?.(smdp.address);
    await until(() => smdp.sockets.length === 2);
    other.prepare?.(smdp.address);
    expect(await post(other, smdp)).toMatchObject({ httpStatus: 200 });
    expect(smdp.sockets).toHaveLength(2);
  });

  it("is not used once the server has closed it: the request makes another", async () => {
    const smdp = await serve();
    const es9 = await client();
    es9.prepare?.(smdp.address);
    await until(() => smdp.sockets.length === 1);
    const [socket] = smdp.sockets;
    const closed = new Promise((done) => socket?.once("close", done));
    socket?.end();
    await closed;
    expect(await post(es9, smdp)).toMatchObject({ httpStatus: 200 });
    expect(smdp.sockets).toHaveLength(2);
  });

  it("is not used when it is so old that a server may be about to close it", async () => {
    const smdp = await serve();
    const clock = new VirtualClock();
    const es9 = await client(clock);
    es9.prepare?.(smdp.address);
    await until(() => smdp.sockets.length === 1);
    await clock.advance(5_000);
    expect(await post(es9, smdp)).toMatchObject({ httpStatus: 200 });
    expect(smdp.sockets).toHaveLength(2);
  });

  it("fails nobody by failing, and a stranger is told by the request", async () => {
    const smdp = await serve(tlsServerOptions(createPki()));
    const es9 = await client();
    es9.prepare?.(smdp.address);
    await expect(post(es9, smdp)).rejects.toMatchObject({ code: "smdp_untrusted" });
    expect(smdp.requests).toEqual([]);
  });

  it("is closed with its client when nobody took it", async () => {
    const smdp = await serve();
    const es9 = await client();
    es9.prepare?.(smdp.address);
    await until(() => smdp.sockets.length === 1);
    const [socket] = smdp.sockets;
    const closed = new Promise((done) => socket?.once("close", done));
    await es9.close();
    await closed;
    expect(smdp.requests).toEqual([]);
  });
});
