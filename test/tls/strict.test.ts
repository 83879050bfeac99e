import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiled } from "../support/compiled.js";
import { authority, type Peer, selfSigned, startPeer } from "./peers.js";

/**
 * Which servers the compiled program talks with, in an ordinary environment and in one that asks for less: Node reads these variables at its
 * start, so that each environment is a process. The roots that are given are those of `ours`.
 */

/** Asks every server by the API's transport, by the SM-DP+'s and by Node's own as the environment leaves it; prints what came of it. */
const probe = `
  import { connect } from "node:tls";
  const { createHttpTransport } = await import("${compiled("api/transport.js")}");
  const { createEs9PlusClient } = await import("${compiled("lpa/es9plus/client.js")}");
  const { systemClock: clock } = await import("${compiled("base/clock.js")}");
  const { silentLog: log } = await import("${compiled("base/logging.js")}");
  const { ports, root } = JSON.parse(process.env.PROBE);
  const signal = new AbortController().signal;
  const transport = createHttpTransport({ clock, connectTimeoutMs: 5000, requestTimeoutMs: 5000 });
  const es9 = await createEs9PlusClient({ ciRoots: [root], clock, random: { next: () => 0 }, log, requestTimeoutMs: 20000 });
  const byNode = (port) => new Promise((done) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("secureConnect", () => { socket.destroy(); done("talks"); });
    socket.once("error", (error) => done(error.code));
  });
  const results = {};
  for (const [name, port] of Object.entries(ports)) {
    const answer = await transport.exchange({ method: "GET", url: new URL("https://127.0.0.1:" + port + "/v1"), headers: {} }, signal);
    const posted = await es9.post("127.0.0.1:" + port, "initiateAuthentication", "{}", signal).catch((error) => error);
    results[name] = {
      api: answer.kind === "answer" ? "talks" : answer.error.code + (answer.sent ? " sent" : ""),
      smdp: posted.httpStatus === 200 ? "talks" : posted.code,
      node: await byNode(port),
    };
  }
  await transport.close();
  await es9.close();
  console.log(JSON.stringify(results));
`;

type Verdicts = Readonly<Record<string, { readonly api: string; readonly smdp: string; readonly node: string }>>;

const folder = mkdtempSync(join(tmpdir(), "esimd-tls-"));
const ours = authority("Ours");
const theirs = authority("Theirs");
const peers = new Map<string, Peer>();
/** What a request would come to that goes by way of a proxy. */
let proxied = 0;
const proxy = createServer((socket) => {
  proxied++;
  socket.destroy();
});

beforeAll(async () => {
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
  const served = {
    good: ours.issue(),
    expired: ours.issue({ notAfter: new Date("2020-01-01T00:00:00Z") }),
    "of another name": ours.issue({ name: { kind: "dns", name: "other.example" } }),
    "self-signed": selfSigned(),
    "of another root": theirs.issue(),
    "with TLS 1.1 at most": { ...ours.issue(), ...old },
  };
  for (const [name, options] of Object.entries(served)) peers.set(name, await startPeer(options));
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
});
afterAll(() => {
  for (const peer of peers.values()) peer.close();
  proxy.close();
  rmSync(folder, { recursive: true, force: true });
});

async function verdicts(env: Readonly<Record<string, string>>): Promise<Verdicts> {
  const ports = Object.fromEntries([...peers].map(([name, { port }]) => [name, port]));
  const child = spawn(process.execPath, ["--input-type=module", "-e", probe], {
    env: { PATH: process.env["PATH"], PROBE: JSON.stringify({ ports, root: ours.pem }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`the probe ended with ${child.exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}

function roots(name: string, ...pems: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, pems.join("\n"));
  return path;
}

/** What both clients must say whatever the environment asks for; the API's root comes to it by NODE_EXTRA_CA_CERTS. */
const strict = {
  good: { api: "talks", smdp: "talks" },
  expired: { api: "api_unreachable", smdp: "smdp_untrusted" },
  "of another name": { api: "api_unreachable", smdp: "smdp_untrusted" },
  "self-signed": { api: "api_unreachable", smdp: "smdp_untrusted" },
  "of another root": { api: "api_unreachable", smdp: "smdp_untrusted" },
  "with TLS 1.1 at most": { api: "api_unreachable", smdp: "smdp_unreachable" },
};

describe("API and SM-DP+ over TLS", () => {
  it("talk with a server that is who it says it is, and with no other; nothing is sent to those", async () => {
    expect(await verdicts({ NODE_EXTRA_CA_CERTS: roots("ours.pem", ours.pem) })).toMatchObject(strict);
    const asked = Object.fromEntries([...peers].map(([name, peer]) => [name, peer.requests()]));
    expect(asked).toEqual(Object.fromEntries([...peers.keys()].map((name) => [name, name === "good" ? 2 : 0])));
  });

  it("let no variable of the environment take the verification or the floor of TLS 1.2 away", async () => {
    const told = await verdicts({
      NODE_EXTRA_CA_CERTS: roots("ours.pem", ours.pem),
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
      NODE_OPTIONS: "--tls-min-v1.0 --tls-cipher-list=ALL:@SECLEVEL=0 --no-warnings",
    });
    // It is an environment in which a program that says nothing of TLS talks with everybody.
    expect(Object.values(told).map(({ node }) => node)).toEqual([...peers].map(() => "talks"));
    expect(told).toMatchObject(strict);
  });

  it("differ where the host adds roots: the API's may be the host's, an SM-DP+'s are those of ci_roots alone", async () => {
    const told = await verdicts({ NODE_EXTRA_CA_CERTS: roots("both.pem", ours.pem, theirs.pem) });
    expect(told["of another root"]).toMatchObject({ api: "talks", smdp: "smdp_untrusted" });
  });

  it("go by way of no proxy that the environment names", async () => {
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const names = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
    const told = await verdicts({
      NODE_EXTRA_CA_CERTS: roots("ours.pem", ours.pem),
      NODE_USE_ENV_PROXY: "1",
      ...Object.fromEntries(names.map((name) => [name, url])),
    });
    expect(told).toMatchObject(strict);
    expect(proxied).toBe(0);
  });
});
