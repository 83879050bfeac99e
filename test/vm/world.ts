import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { type Clock, systemClock } from "../../src/base/clock.js";
import { parseSmdpAddress } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { systemRandom } from "../../src/base/random.js";
import { type FakeApi, fakeApiDefaults, startFakeApi } from "../../src/emulator/api/fake-api.js";
import { type FakeModem, startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import { createPki, type Pki } from "../../src/emulator/pki/pki.js";
import { tlsServerOptions } from "../../src/emulator/pki/tls.js";
import { type FakeSmdp, startFakeSmdp } from "../../src/emulator/smdp/fake-smdp.js";
import { peers } from "./recipe.js";

/**
 * What the machine is surrounded by: the fake modem on a Unix socket, which is its USB port, and the fake API and SM-DP+ on the host's
 * loopback, both by HTTPS under the names that the machine dials. They live in this process: a power cut is none to them, as the eUICC
 * keeps what is on it.
 */
export interface World {
  readonly modem: FakeModem;
  readonly modemSocket: string;
  readonly smdp: FakeSmdp;
  readonly api: FakeApi;
  /** On the host's loopback. */
  readonly ports: Readonly<Record<keyof typeof peers, number>>;
  readonly caPem: string;
  readonly apiUrl: string;
  readonly credentials: { readonly key: string; readonly secret: string };
  readonly fleet: string;
  close(): Promise<void>;
}

/** Larger than a test profile: a download that can be cut in its middle. */
const profileSizeBytes = 24_000;

/** @throws EsimdError of the emulators. */
export async function startWorld(clock: Clock = systemClock): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-vm-world-"));
  const closing: (() => Promise<void>)[] = [() => rm(dir, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    const pki = createPki({ tlsNames: Object.values(peers).map(({ name }) => name) });
    const common = { clock, random: systemRandom, log: silentLog };
    const listen = { host: "127.0.0.1", port: 0 };
    const address = parseSmdpAddress(peers.smdp.name, "the fake SM-DP+");
    const smdp = await startFakeSmdp({ ...common, listen, pki, address, profileSizeBytes });
    closing.push(() => smdp.close());
    const es2plus = new URL(smdp.es2plusUrl);
    const api = await startFakeApi({ ...common, listen, smdp: { host: es2plus.host } });
    closing.push(() => api.close());
    const front = await httpsFront(pki, Number(new URL(api.url).port));
    closing.push(front.close);
    const modemSocket = join(dir, "modem");
    const wire = { kind: "socket", listen: { kind: "unix", path: modemSocket } } as const;
    const modem = await startFakeModem({ ...common, pki, dialect: "etsi-apdu", wire, defaultSmdpAddress: address });
    closing.push(() => modem.close());
    return {
      modem,
      modemSocket,
      smdp,
      api,
      ports: { api: front.port, smdp: Number(es2plus.port) },
      caPem: pki.ciPem,
      apiUrl: `https://${peers.api.name}`,
      credentials: { key: fakeApiDefaults.key, secret: fakeApiDefaults.secret },
      fleet: fakeApiDefaults.fleets[0],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The fake API speaks plain HTTP on loopback only, and no device is on this loopback: a TLS server stands before it, as before real ones. */
async function httpsFront(pki: Pki, plainPort: number): Promise<{ readonly port: number; close: () => Promise<void> }> {
  const open = new Set<Socket>();
  const front = createTlsServer(tlsServerOptions(pki), (secured) => {
    const plain = connect(plainPort, "127.0.0.1");
    open.add(secured).add(plain);
    for (const [one, other] of [
      [secured, plain],
      [plain, secured],
    ] as const) {
      one.pipe(other);
      // A machine that lost its power leaves its connections half done.
      one.on("error", () => other.destroy());
      one.once("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  front.on("tlsClientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    front.once("error", reject);
    front.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (front.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
