import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep, systemClock } from "../../src/base/clock.js";
import type { Behaviour } from "../../src/emulator/modem/behaviours.js";
import { loadPki } from "../../src/emulator/pki/pki.js";
import type { ScenarioInput } from "../../src/emulator/smdp/scenario.js";
import type { Report } from "../../src/report/schema.js";
import { startEagerClock } from "../support/eager-clock.js";
import { type HostRun, type HostRunOptions, startHostRun } from "../support/host-run.js";
import { modemFaults } from "../sweep/modem-faults.js";

/**
 * One fault at one exchange after the other of a provision by our own LPA: from the first look at the EID to the last
 * notification. The run that meets it may recover or fail, but nothing is held that need not be, nothing is lost, and the next run, in a
 * world that is well again, ends provisioned with one charge.
 */

let pki: string;

beforeAll(async () => {
  pki = await mkdtemp(join(tmpdir(), "esimd-pki-"));
  loadPki(pki, {});
  // The first run has real time, since loading the program's modules is nothing that the eager clock can see.
  const calm = await startHostRun({ pki, clock: systemClock });
  expect((await calm.provision()).report.state).toBe("provisioned");
  await calm.close();
});
afterAll(() => rm(pki, { recursive: true, force: true }));

/** `npm run sweep` tries each fault at each exchange, in memory; here, over sockets and HTTPS, every fourth, beginning with another each time. */
const stride = 4;
const command = "^AT\\+(CCHO|CGLA|CCHC|CSIM)=";
interface Met {
  /** How the two runs ended. */
  readonly ends: string;
  /** What the rules do not allow; empty when all is well. */
  readonly complaints: readonly string[];
}

/** Two runs, the first with a fault. Undefined when it never came to the fault. */
async function meet(options: HostRunOptions, isMet: (run: HostRun) => boolean): Promise<Met | undefined> {
  const run = await startHostRun({ pki, ...options });
  try {
    const first = await run.provision();
    if (!isMet(run)) return undefined;
    const complaints = [...complaintsAfterFault(run, first.report)];
    // Whatever hangs has come back by then.
    await sleep(run.clock, 300_000);
    const second = await run.provision();
    complaints.push(...complaintsAtEnd(run, second.report));
    return { ends: `${endOf(first.report)}, then ${endOf(second.report)}`, complaints };
  } finally {
    await run.close();
  }
}

function endOf({ state, error }: Report): string {
  return error === null ? state : `${state} (${error.code})`;
}

/** No fault of ours is a reason to hold anything, to end the order, or to pay again. */
function* complaintsAfterFault(run: HostRun, { state, error }: Report): Iterable<string> {
  if (run.charges() > 1) yield `${run.charges()} charges after the fault`;
  if (state === "held") yield `held: ${error?.message}`;
  if (error !== null && (error.code === "unexpected" || error.retry === "never"))
    yield `${error.code}: ${error.message}`;
  if (error !== null && /undefined|\[object|[{}]/.test(error.message)) yield `no sentence: ${error.message}`;
  if (orderState(run) === "Error") yield "the fault ended the order";
}

/** The second run: provisioned, paid once, the profile enabled on the eUICC, and nothing left to tell. */
function* complaintsAtEnd(run: HostRun, { state, iccid, error }: Report): Iterable<string> {
  if (state !== "provisioned") yield `then ${state}: ${error?.message}`;
  if (run.charges() !== 1) yield `${run.charges()} charges`;
  if (orderState(run) !== "Installed") yield `the order is ${orderState(run)}`;
  const { profiles, notifications } = run.world.modem.euicc.toJSON();
  const listed = profiles.map((profile) => `${profile.iccid} ${profile.state}`).join();
  if (listed !== `${iccid} enabled`) yield `on the eUICC: ${listed}`;
  if (notifications.length > 0) yield `${notifications.length} notifications are left`;
  const told = run.world.smdp.notifications().filter(({ outcome, verified }) => outcome === "success" && verified);
  if (told.length === 0) yield "the SM-DP+ never heard of the success";
}

function orderState(run: HostRun): string {
  return run.world.smdp
    .orders()
    .map(({ state }) => state)
    .join();
}

describe("an exchange with the card that", () => {
  let points = 0;
  it.each(Object.entries(modemFaults).map(([name, fault], index) => [name, fault, 1 + (index % stride)] as const))(
    "%s",
    { timeout: 240_000 },
    async (_name, fault, first) => {
      const bad: object[] = [];
      for (let nth = first; ; nth += stride) {
        const met = await meet({ modem: [{ ...fault, command, nth }] }, (run) => run.cardCommands().length >= nth);
        if (met === undefined) break;
        points++;
        if (met.complaints.length > 0) bad.push({ nth, ...met });
      }
      expect(bad).toEqual([]);
    },
  );
  it("was swept in full", () => {
    process.stdout.write(`${points} faults at exchanges with the card were met\n`);
    expect(points).toBeGreaterThan(150);
  });
});

describe("a request to the SM-DP+ that", () => {
  const functions = [
    "initiateAuthentication",
    "authenticateClient",
    "getBoundProfilePackage",
    "handleNotification",
  ] as const;
  const actions = {
    "is answered by an HTML page with 500": { kind: "http" },
    "is answered so although it was carried out": { kind: "http", executed: true },
    "loses its connection": { kind: "cut" },
    "loses its connection once it was carried out": { kind: "cut", executed: true },
    "is answered after 90 s": { kind: "delay", ms: 90_000 },
    "fails as the server is overloaded": { kind: "failed", subjectCode: "8.8", reasonCode: "5.1" },
  } as const;
  const cases = Object.entries(actions).flatMap(([name, action]) => functions.map((fn) => [name, fn, action] as const));
  it.each(cases)("%s: %s", async (_name, fn, action) => {
    const smdp: ScenarioInput = { behaviours: [{ function: fn, nth: 1, do: action }] };
    expect(await meet({ smdp }, () => true)).toMatchObject({ complaints: [] });
  });
});

describe("an SM-DP+ that is not what it should be", () => {
  it("sends a package with a wrong MAC: the eUICC's error result is told, and a person has to decide", async () => {
    const behaviour = { function: "getBoundProfilePackage", nth: 1, do: { kind: "wrong-mac" } } as const;
    const run = await startHostRun({ pki, smdp: { behaviours: [behaviour] } });
    const first = await run.provision();
    expect(first.report).toMatchObject({ state: "held", error: { code: "install_failed" } });
    expect(orderState(run)).toBe("Error");
    expect((await run.provision()).report).toMatchObject({ state: "held" });
    expect(run.charges()).toBe(1);
    expect(run.world.modem.euicc.toJSON()).toMatchObject({ profiles: [], notifications: [] });
    await run.close();
  });

  it("shows the TLS certificate of a stranger: no session begins, and with the right roots the next run ends well", async () => {
    const stranger = await strangersPki();
    const ciRoots = await mkdtemp(join(tmpdir(), "esimd-roots-"));
    await cp(join(stranger, "ci.pem"), join(ciRoots, "ci.pem"));
    const run = await startHostRun({ pki });
    expect((await run.provision({ ciRoots })).report).toMatchObject({
      state: "failed",
      error: { code: "smdp_untrusted", actor: "operator" },
    });
    expect(run.world.smdp.orders()).toMatchObject([{ state: "Released", attempts: 0 }]);
    expect([...complaintsAtEnd(run, (await run.provision()).report)]).toEqual([]);
    await run.close();
    for (const folder of [stranger, ciRoots]) await rm(folder, { recursive: true, force: true });
  });

  it("has a certificate that has expired by our clock: no session goes on, and with the clock set right the next run ends well", async () => {
    const clock = startEagerClock(Date.UTC(2090, 0, 1));
    const run = await startHostRun({ pki, clock });
    // Without a witness the run would wait for a better clock; here a person has vouched for a wrong one.
    const { report } = await run.provision({ clockTrust: "build-date" });
    expect(report).toMatchObject({ state: "failed", error: { code: "smdp_untrusted" } });
    expect(report.error?.message).toMatch(/valid from .+ to .+, and not today/);
    clock.jumpWallTo(Date.now());
    expect([...complaintsAtEnd(run, (await run.provision()).report)]).toEqual([]);
    await run.close();
    clock.stop();
  });
});

async function strangersPki(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "esimd-pki-"));
  loadPki(folder, {}).smdp();
  return folder;
}

describe("channels that processes left open when they died", () => {
  it.each([
    ["channels", "^AT\\+CGLA="],
    ["csim", '^AT\\+CSIM=\\d+,"8[123]E2'],
  ] as const)("are closed when no other is free, on a modem with %s", async (cardAccess, onChannel) => {
    const died: Behaviour = {
      command: onChannel,
      times: 5,
      do: { kind: "unplug", when: "executed", keepsPower: true, replugAfterMs: 2_000 },
    };
    const run = await startHostRun({ pki, modem: [died], modemWorld: { cardAccess } });
    for (let death = 1; death <= 5; death++) {
      expect((await run.provision()).report).toMatchObject({ error: { code: "serial_gone" } });
      await sleep(run.clock, 5_000);
    }
    expect([...complaintsAtEnd(run, (await run.provision()).report)]).toEqual([]);
    await run.close();
  });
});
