import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { AtChannel } from "../../../src/at/channel.js";
import { sleep, systemClock } from "../../../src/base/clock.js";
import { EsimdError } from "../../../src/base/errors.js";
import { parseSmdpAddress } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { builtInScenarios, checkScenario } from "../../../src/emulator/smdp/scenario.js";
import { type FakeWorld, type FakeWorldOptions, startFakeWorld } from "../../../src/emulator/world.js";
import { noSegmentMemory } from "../../../src/lpa/apdu/segment-size.js";
import { createEs9PlusClient, type Es9PlusClient } from "../../../src/lpa/es9plus/client.js";
import { HostLpa } from "../../../src/lpa/host-lpa.js";
import type { DownloadRequest } from "../../../src/lpa/lpa.js";
import { bringUp } from "../../../src/modem/bring-up.js";
import { openPort } from "../../../src/serial/open.js";

const never = new AbortController().signal;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Bench {
  readonly world: FakeWorld;
  readonly lpa: HostLpa;
  readonly learned: () => number | undefined;
  /** Lines of a kind that the host sent. */
  sent(pattern: RegExp): readonly string[];
  request(more?: Partial<DownloadRequest>): DownloadRequest;
}

type Tamper = (client: Es9PlusClient) => Es9PlusClient;

async function bench(options: Partial<FakeWorldOptions> = {}, tamper: Tamper = (client) => client): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-host-"));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  const clock = systemClock;
  const random = seededRandom(3);
  const world = await startFakeWorld({
    dir,
    clock,
    random,
    log: silentLog,
    wire: { kind: "socket", listen: { kind: "unix", path: join(dir, "modem.sock") } },
    modemWorld: { simBusyMs: 100, registrationMs: 100 },
    ...options,
  });
  closers.push(() => world.close());
  const channel = new AtChannel(await openPort(world.port, never), clock, silentLog);
  closers.push(() => channel.close());
  const line = { channel, clock, random };
  await bringUp(line, 5_000, never);
  const client = await createEs9PlusClient({ ciRoots: [world.smdp.ciRootPem], clock, random, log: silentLog });
  closers.push(() => client.close());
  const es9Plus = tamper(client);
  let learned: number | undefined;
  const segments = {
    ...noSegmentMemory,
    recall: () => Promise.resolve(learned),
    remember: (bytes: number) => {
      learned = bytes;
      return Promise.resolve();
    },
  };
  const lpa = new HostLpa({ line, es9Plus, imei: undefined, segments, clock, log: silentLog });
  return {
    world,
    lpa,
    learned: () => learned,
    sent: (pattern) =>
      world.modem.transcript.filter(({ from, text }) => from === "host" && pattern.test(text)).map(({ text }) => text),
    request: (more = {}) => ({
      activationCode: {
        smdpAddress: parseSmdpAddress(world.smdpAddress, "test"),
        matchingId: undefined,
        smdpOid: undefined,
        confirmationCodeRequired: false,
      },
      confirmationCode: undefined,
      expectedIccid: undefined,
      timeoutMs: 60_000,
      onOffer: () => Promise.resolve(),
      onProgress: () => undefined,
      ...more,
    }),
  };
}

describe("our own LPA", () => {
  it.each<[string, Partial<FakeWorldOptions>, RegExp]>([
    ["over AT+CGLA", {}, /^AT\+CGLA=/],
    ["over AT+CSIM, on a modem without logical channels", { modemWorld: { cardAccess: "csim" } }, /^AT\+CSIM=/],
    ["on brainpoolP256r1", { curve: "brainpoolP256r1" }, /^AT\+CGLA=/],
    ["with a profile of 150 kB", { profileSizeBytes: 150_000 }, /^AT\+CGLA=/],
  ])("downloads, tells the SM-DP+ and enables: %s", async (_name, options, way) => {
    const { world, lpa, sent, request } = await bench({ dialect: "etsi-apdu", ...options });
    const order = world.smdp.placeOrder(world.modem.euicc.eid);
    const progress: number[] = [];
    const onProgress: DownloadRequest["onProgress"] = (stage, doneBytes) => {
      if (stage === "loading") progress.push(doneBytes);
    };
    const session = await lpa.download(request({ onProgress }), never);
    expect(session).toMatchObject({ reported: "installed", resultDelivery: "delivered", error: undefined });
    expect(session.offer?.iccid).toBe(order.iccid);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(await lpa.listProfiles(never)).toEqual([{ iccid: order.iccid, enabled: false }]);
    await lpa.enableProfile(order.iccid, never);
    expect(await listed(lpa)).toEqual([{ iccid: order.iccid, enabled: true }]);
    expect(await lpa.deliverNotifications(order.iccid, [], never)).toEqual({
      delivered: 1,
      kept: [],
      error: undefined,
    });
    expect(world.smdp.orders()).toMatchObject([{ state: "Installed" }]);
    expect(world.smdp.notifications().map(({ kind, verified }) => [kind, verified])).toEqual([
      ["install", true],
      ["enable", true],
    ]);
    expect(sent(way).length).toBeGreaterThan(50);
  });

  it("finds out by itself how long a segment the modem takes, and remembers", async () => {
    const { world, lpa, request, learned } = await bench({ modemWorld: { maxApduBytes: 130 } });
    world.smdp.placeOrder(world.modem.euicc.eid);
    expect(await lpa.download(request(), never)).toMatchObject({ reported: "installed" });
    expect(learned()).toBe(120);
  });

  it("tries a size again that was refused once: an accident must not make every later download longer", async () => {
    const { world, lpa, request, learned } = await bench();
    world.smdp.placeOrder(world.modem.euicc.eid);
    world.modem.prependBehaviour({ command: "80E21101FF", nth: 1, do: { kind: "error" } });
    expect(await lpa.download(request(), never)).toMatchObject({ reported: "installed" });
    expect(learned()).toBe(255);
  });

  it.each(["initiateAuthentication", "authenticateClient"])(
    "is refused by the eUICC when the certificate in the answer to %s is another CI's; the order lives",
    async (name) => {
      const { dpAuth, dpPb } = createPki().smdp();
      const stranger = name === "initiateAuthentication" ? dpAuth : dpPb;
      const field = name === "initiateAuthentication" ? "serverCertificate" : "smdpCertificate";
      const { world, lpa, request } = await bench({}, (client) => ({
        ...client,
        post: async (smdp, called, json, signal) => {
          const answer = await client.post(smdp, called, json, signal);
          if (called !== name) return answer;
          const certificate = Buffer.from(stranger.certificate.der).toString("base64");
          return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), [field]: certificate }) };
        },
      }));
      world.smdp.placeOrder(world.modem.euicc.eid);
      const session = await lpa.download(request(), never);
      expect(session).toMatchObject({
        reported: "failed",
        installResult: undefined,
        error: { code: "download_failed" },
      });
      expect(session.error?.message).toMatch(/certificate/);
      expect(world.smdp.orders()).toMatchObject([{ state: "Released" }]);
      expect(await lpa.listProfiles(never)).toEqual([]);
    },
  );

  it("keeps the order when the offer is not wanted: it cancels as postponed, before anything is loaded", async () => {
    const { world, lpa, request } = await bench();
    world.smdp.placeOrder(world.modem.euicc.eid);
    const refusal = new EsimdError("wrong_profile", "not ours");
    const session = await lpa.download(request({ onOffer: () => Promise.reject(refusal) }), never);
    expect(session).toMatchObject({ reported: "failed", error: { code: "wrong_profile" } });
    expect(world.smdp.orders()).toMatchObject([{ state: "Released" }]);
    expect(await lpa.download(request(), never)).toMatchObject({ reported: "installed" });
  });

  it("does not tell the SM-DP+ of an install error by itself; asked to, it does, and the order ends", async () => {
    const { world, lpa, request } = await bench({ smdpScenario: checkScenario(builtInScenarios["wrong-mac"], "test") });
    const order = world.smdp.placeOrder(world.modem.euicc.eid);
    const session = await lpa.download(request(), never);
    expect(session).toMatchObject({
      reported: "failed",
      resultDelivery: "undelivered",
      installResult: { outcome: { kind: "error" } },
      error: { code: "install_failed" },
    });
    expect(world.smdp.notifications()).toEqual([]);
    expect(await lpa.deliverNotifications(order.iccid, [], never)).toMatchObject({ delivered: 1, kept: [] });
    expect(world.smdp.orders()).toMatchObject([{ state: "Error" }]);
  });

  it("leaves the install result on the eUICC while the SM-DP+ does not take it", async () => {
    const refused = { function: "handleNotification", nth: 1, do: { kind: "http", status: 503 } } as const;
    const { world, lpa, request } = await bench({ smdpScenario: checkScenario({ behaviours: [refused] }, "test") });
    const order = world.smdp.placeOrder(world.modem.euicc.eid);
    expect(await lpa.download(request(), never)).toMatchObject({
      reported: "installed",
      resultDelivery: "undelivered",
    });
    expect(await lpa.deliverNotifications(order.iccid, [], never)).toMatchObject({ delivered: 1, kept: [] });
    expect(world.smdp.orders()).toMatchObject([{ state: "Installed" }]);
  });

  it("asks an SM-DP+ that has no room for a session again, in the same session", async () => {
    const busy = { function: "initiateAuthentication", nth: 1, do: { kind: "http", status: 503 } } as const;
    const { world, lpa, request } = await bench({ smdpScenario: checkScenario({ behaviours: [busy] }, "test") });
    world.smdp.placeOrder(world.modem.euicc.eid);
    expect(await lpa.download(request(), never)).toMatchObject({ reported: "installed", error: undefined });
  });

  it("says that the SM-DP+ is busy when it is for long, and how long it asks to wait", async () => {
    const answers: number[] = [];
    const { lpa, request } = await bench({}, (client) => ({
      ...client,
      post: (smdp, name, json, signal) => {
        if (name !== "initiateAuthentication") return client.post(smdp, name, json, signal);
        answers.push(429);
        return Promise.resolve({ httpStatus: 429, body: "", failure: undefined, retryAfterMs: 600_000 });
      },
    }));
    const { reported, error } = await lpa.download(request(), never);
    expect([reported, error?.code, error?.retryAfterMs, answers]).toEqual(["failed", "smdp_busy", 600_000, [429]]);
  });

  it("says that the card is not to be reached when no channel opens", async () => {
    const { lpa } = await bench({ modemWorld: { euicc: "absent" } });
    await expect(lpa.listProfiles(never)).rejects.toMatchObject({ code: "modem_refused" });
  });
});

/** While the card restarts there is no channel. */
async function listed(lpa: HostLpa) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await lpa.listProfiles(never);
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(systemClock, 20);
    }
  }
}
