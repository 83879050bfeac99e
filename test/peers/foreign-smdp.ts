import { spawn } from "node:child_process";
import { request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { sleep, systemClock } from "../../src/base/clock.js";
import { parseSmdpAddress, type SmdpAddress } from "../../src/base/identifiers.js";
import type { Pki } from "../../src/emulator/pki/pki.js";
import { tlsServerOptions } from "../../src/emulator/pki/tls.js";
import type { Locate } from "../../src/lpa/es9plus/tls.js";

/** A foreign SM-DP+: one that runs already, or osmo-smdpp of pySim, started here on loopback. */
export interface ForeignSmdp {
  readonly label: string;
  /** What it calls itself, and its certificate. */
  readonly address: SmdpAddress;
  readonly locate: Locate | undefined;
  close(): void;
}

/** The name that osmo-smdpp has built in, and compares with what it is called. */
const osmoName = "testsmdpplus1.example.com";
const startTimeoutMs = 90_000;

/** `at` is HOST:PORT; `name` is given where the server calls itself by another. */
export function runningSmdp(at: string, name: string | undefined): ForeignSmdp {
  const server = parseSmdpAddress(at, "ESIMD_PEER_SMDP");
  const [host = "", port = "443"] = server.split(":");
  const locate: Locate = () => ({ host, port: Number(port) });
  return {
    label: "the SM-DP+ of ESIMD_PEER_SMDP",
    address: name === undefined ? server : parseSmdpAddress(name, "ESIMD_PEER_SMDP_NAME"),
    locate: name === undefined ? undefined : locate,
    close: () => undefined,
  };
}

/**
 * Starts osmo-smdpp with its own flags, on plain HTTP, and puts a TLS server in front whose certificate the CI of `pki` issues: the
 * certificates that it brings along are of one year. @throws Error when it does not serve within a minute and a half.
 */
export async function startOsmoSmdpp(command: string, name: string | undefined, pkiOf: PkiFor): Promise<ForeignSmdp> {
  const plainPort = await freePort();
  const flags = `-H 127.0.0.1 -p ${plainPort} --nossl --in-memory`;
  // A group of its own, so that what the command starts ends with it.
  const child = spawn("/bin/sh", ["-c", `exec ${command} ${flags}`], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  let ended: string | undefined;
  const listen = (chunk: Buffer): void => {
    said = `${said}${chunk.toString("utf8")}`.slice(-2000);
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  child.once("exit", (code, signal) => {
    ended = `it ended with ${code ?? signal}: ${said.trim().split("\n").at(-1) ?? ""}`;
  });
  child.once("error", (error) => {
    ended = error.message;
  });
  const stop = (): void => {
    if (child.pid === undefined || ended !== undefined) return;
    process.kill(-child.pid, "SIGTERM");
  };
  process.once("exit", stop);
  try {
    const untilMs = systemClock.monotonicMs() + startTimeoutMs;
    let server = await serverHeader(plainPort);
    for (; server === undefined; server = await serverHeader(plainPort)) {
      if (ended !== undefined) throw new Error(`osmo-smdpp could not be started: ${ended}`);
      if (systemClock.monotonicMs() > untilMs) throw new Error("osmo-smdpp does not serve within 90 s");
      await sleep(systemClock, 200);
    }
    const address = parseSmdpAddress(name ?? osmoName, "ESIMD_PEER_SMDP_NAME");
    const front = await tlsFront(pkiOf([address.split(":")[0] ?? ""]), plainPort);
    return {
      label: `osmo-smdpp (no version of its own; ${server})`,
      address,
      locate: () => ({ host: "127.0.0.1", port: front.port }),
      close: () => {
        front.close();
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

/** The PKI whose TLS certificate is for these names. */
export type PkiFor = (tlsNames: readonly string[]) => Pki;

async function tlsFront(pki: Pki, plainPort: number): Promise<{ readonly port: number; close(): void }> {
  const open = new Set<Socket>();
  const front = createTlsServer(tlsServerOptions(pki), (secured) => {
    const plain = connect(plainPort, "127.0.0.1");
    open.add(secured).add(plain);
    for (const [one, other] of [
      [secured, plain],
      [plain, secured],
    ] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.once("close", () => open.delete(one));
    }
  });
  const port = await listenOn(front);
  return {
    port,
    close: () => {
      front.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** What the server says that it is; undefined while none answers. */
function serverHeader(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path: "/" }, (response) => {
      response.resume();
      resolve(`${response.headers["server"] ?? "unknown server"}`);
    });
    asked.once("error", () => resolve(undefined));
    asked.end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listenOn(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
