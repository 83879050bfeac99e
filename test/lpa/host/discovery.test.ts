import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { AtChannel } from "../../../src/at/channel.js";
import { systemClock } from "../../../src/base/clock.js";
import { parseMatchingId, type SmdpAddress } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import type { FakeSmds } from "../../../src/emulator/smds/fake-smds.js";
import { type FakeWorld, type FakeWorldOptions, startFakeWorld } from "../../../src/emulator/world.js";
import { noSegmentMemory } from "../../../src/lpa/apdu/segment-size.js";
import { createEs9PlusClient, type Es9PlusClient } from "../../../src/lpa/es9plus/client.js";
import { HostLpa } from "../../../src/lpa/host-lpa.js";
import { bringUp } from "../../../src/modem/bring-up.js";
import { openPort } from "../../../src/serial/open.js";
import { otherEid } from "../../support/rsp-world.js";

const never = new AbortController().signal;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Bench {
  readonly world: FakeWorld;
  readonly lpa: HostLpa;
}

function smdsOf(world: FakeWorld): FakeSmds {
  if (world.smds === undefined) throw new Error("the world has no SM-DS");
  return world.smds;
}

/** What the SM-DS says to authenticateClient, in place of its own answer. */
interface BenchOptions extends Partial<FakeWorldOptions> {
  readonly says?: object;
  readonly ciRoots?: readonly string[];
}

async function bench(options: BenchOptions = {}): Promise<Bench> {
  const { says, ciRoots, ...more } = options;
  const dir = await mkdtemp(join(tmpdir(), "esimd-smds-"));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  const parts = { clock: systemClock, random: seededRandom(3), log: silentLog };
  const world = await startFakeWorld({
    dir,
    ...parts,
    dialect: "etsi-apdu",
    discovery: true,
    wire: { kind: "socket", listen: { kind: "unix", path: join(dir, "modem.sock") } },
    modemWorld: { simBusyMs: 100, registrationMs: 100 },
    ...more,
  });
  closers.push(() => world.close());
  const channel = new AtChannel(await openPort(world.port, never), parts.clock, silentLog);
  closers.push(() => channel.close());
  const line = { channel, clock: parts.clock, random: parts.random };
  await bringUp(line, 5_000, never);
  const real = await createEs9PlusClient({ ciRoots: ciRoots ?? [world.smdp.ciRootPem], ...parts });
  closers.push(() => real.close());
  const es9Plus = says === undefined ? real : answering(real, smdsOf(world).address, says);
  const segments = noSegmentMemory;
  return { world, lpa: new HostLpa({ line, es9Plus, imei: undefined, segments, clock: parts.clock, log: silentLog }) };
}

/** The real client, but for what this server says in the end. */
function answering(real: Es9PlusClient, server: SmdpAddress, says: object): Es9PlusClient {
  const body = JSON.stringify({ header: { functionExecutionStatus: { status: "Executed-Success" } }, ...says });
  return {
    post: (smdp, name, json, signal) =>
      smdp === server && name === "authenticateClient"
        ? Promise.resolve({ httpStatus: 200, body, failure: undefined })
        : real.post(smdp, name, json, signal),
    close: () => real.close(),
  };
}

describe("discovery at the root SM-DS", () => {
  it.each<[string, BenchOptions]>([
    ["over AT+CGLA", {}],
    ["on brainpoolP256r1", { curve: "brainpoolP256r1" }],
    ["on a modem that takes short segments only", { modemWorld: { maxApduBytes: 70 } }],
  ])("gives the events of this eUICC and of no other: %s", async (_name, options) => {
    const { world, lpa } = await bench(options);
    const smds = smdsOf(world);
    const { smdpAddress } = world;
    const first = world.smdp.announceOrder(world.modem.euicc.eid);
    const second = world.smdp.announceOrder(world.modem.euicc.eid);
    smds.register({
      eid: otherEid,
      eventId: parseMatchingId("SOMEBODY-ELSES", "test"),
      rspServerAddress: world.smdp.address,
    });
    expect(await lpa.discover(never)).toEqual([
      { smdpAddress, matchingId: first.matchingId },
      { smdpAddress, matchingId: second.matchingId },
    ]);
    expect(smds.discoveries).toBe(1);
  });

  it("says that nothing waits, by the failure that an SM-DS gives and by an empty list", async () => {
    const { lpa } = await bench();
    await expect(lpa.discover(never)).rejects.toMatchObject({
      code: "no_profile_waiting",
      message: expect.stringMatching(/^the SM-DS .*no event for this eUICC \(8\.9\.5\/3\.9/),
    });
    const { lpa: second } = await bench({ says: { eventEntries: [] } });
    await expect(second.discover(never)).rejects.toMatchObject({
      code: "no_profile_waiting",
      message: expect.stringContaining("has no event for this EID"),
    });
  });

  it.each([
    ["no list", {}],
    ["a list that is none", { eventEntries: "EVENT-1" }],
    ["an entry without its server", { eventEntries: [{ eventId: "EVENT-1" }] }],
    ["only events that cannot be read", { eventEntries: [{ eventId: "E V", rspServerAddress: "smdp.example" }] }],
  ])("takes no answer with %s", async (_name, says) => {
    const { lpa } = await bench({ says });
    await expect(lpa.discover(never)).rejects.toMatchObject({
      code: "smdp_protocol",
      message: expect.stringContaining("the SM-DS"),
    });
  });

  it("passes over an event that cannot be read, and keeps the others", async () => {
    const eventEntries = [
      { eventId: "EVENT-1", rspServerAddress: "http://smdp.example/" },
      { eventId: "EVENT-2", rspServerAddress: "smdp.example" },
    ];
    const { lpa } = await bench({ says: { eventEntries } });
    expect(await lpa.discover(never)).toEqual([{ smdpAddress: "smdp.example", matchingId: "EVENT-2" }]);
  });

  it("trusts no SM-DS whose TLS certificate is a stranger's", async () => {
    const { world, lpa } = await bench({ ciRoots: [createPki().ciPem] });
    world.smdp.announceOrder(world.modem.euicc.eid);
    await expect(lpa.discover(never)).rejects.toMatchObject({ code: "smdp_untrusted" });
    expect(smdsOf(world).discoveries).toBe(0);
  });

  it("asks nobody where no root SM-DS stands on the eUICC", async () => {
    const { lpa } = await bench({ discovery: false });
    expect(await lpa.discover(never)).toBeUndefined();
  });
});
