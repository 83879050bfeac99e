import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { type Iccid, parseIccid } from "../../src/base/identifiers.js";
import type { RunOutcome } from "../../src/provision/runner.js";
import { exitStatusOf } from "../../src/provision/runner.js";
import { SmallWorld } from "../support/small-world.js";

/** What a device does that came with a profile which works, and gets one that may not. */

const bootstrap = parseIccid("8999970000000000019", "the test");
const hourMs = 3_600_000;

/** The modem is registered while the eUICC has one of these enabled. */
class World extends SmallWorld {
  served: (iccid: Iccid | undefined) => boolean = (iccid) => iccid === bootstrap;
  /** What was enabled, in its order. */
  readonly switches: string[] = [];

  constructor() {
    super();
    this.euicc.profiles.push({ iccid: bootstrap, enabled: true });
    const enable = this.euicc.enableProfile.bind(this.euicc);
    this.euicc.enableProfile = async (iccid) => {
      this.switches.push(iccid === bootstrap ? "back" : "to the new one");
      await enable(iccid);
    };
    const answer = this.answers.get.bind(this.answers);
    this.answers.get = (text) =>
      text === "AT+CEREG?" ? [`+CEREG: 0,${this.served(this.enabled) ? 1 : 3}`, "OK"] : answer(text);
  }

  get enabled(): Iccid | undefined {
    return this.euicc.profiles.find(({ enabled }) => enabled)?.iccid;
  }
}

const noService = { state: "failed", error: { code: "profile_no_service" } } as const;

async function later(world: World, ms: number): Promise<RunOutcome> {
  await world.clock.advance(ms);
  return world.run();
}

describe("a new profile without service", () => {
  it("leaves the device on the profile that worked, registered, with all that was paid for", async () => {
    const world = new World();
    const outcome = await world.run();
    expect(outcome).toMatchObject(noService);
    expect(exitStatusOf(outcome)).toBe(75);
    expect(outcome.error?.message).toMatch(/denied\); the device is back on 8999…0019, registered \(home\)$/);
    expect(outcome.facts).toMatchObject({
      fallback: bootstrap,
      registration: { registered: true },
      service: { up: false },
    });
    expect(world.enabled).toBe(bootstrap);
    expect(world.states.slice(-7)).toEqual([
      "refreshing",
      "registering",
      "checking",
      "reverting",
      "recovering",
      "notifying",
      "failed",
    ]);
    expect(world.euicc.profiles).toHaveLength(2);
    expect(world.provider.charges).toBe(1);
  });

  it("is tried three times in a day and not once more, and each day anew", async () => {
    const world = new World();
    for (let run = 1; run <= 30; run++) expect(await later(world, 1_000)).toMatchObject(noService);
    expect(world.switches).toEqual(["to the new one", "back", "to the new one", "back", "to the new one", "back"]);
    const rests = await world.run();
    expect(rests.error?.message).toContain("had no service at 3 tries within a day; the device stays on 8999…0019");
    expect(rests.error?.retryAfterMs).toBeGreaterThan(23 * hourMs);
    expect(rests.facts).toMatchObject({ fallback: bootstrap, registration: { registered: true } });
    await later(world, 24 * hourMs);
    expect(world.switches).toHaveLength(8);
    expect(world.provider).toMatchObject({ posts: 1, charges: 1 });
    expect(world.euicc.sessions).toBe(1);
  });

  it("says when to come again: after an hour, four, and once a day is over", async () => {
    const world = new World();
    const pauses = [await world.run(), await later(world, hourMs), await later(world, 4 * hourMs)];
    expect(pauses.map(({ error }) => Math.round((error?.retryAfterMs ?? 0) / hourMs))).toEqual([1, 4, 19]);
  });

  it("and a date that jumps do not make more switches", async () => {
    const world = new World();
    for (let run = 1; run <= 8; run++) {
      await world.run();
      world.clock.jumpWallTo(world.clock.nowMs() + (run % 2 === 0 ? 40 : -30) * 24 * hourMs);
    }
    expect(world.switches).toHaveLength(6);
  });

  it("is kept as soon as it has service, and the one of before is not come back to", async () => {
    const world = new World();
    await world.run();
    world.served = () => true;
    expect(await later(world, hourMs)).toMatchObject({ state: "provisioned", error: undefined });
    expect(world.enabled).not.toBe(bootstrap);
    // In a tunnel, a year later.
    world.served = () => false;
    const outcome = await later(world, hourMs);
    expect(outcome).toMatchObject({ state: "provisioned", facts: { changed: false } });
    expect(exitStatusOf(outcome)).toBe(11);
    expect(world.enabled).not.toBe(bootstrap);
  });

  it("is given its time: a modem that registers within connectivity.wait keeps it", async () => {
    const world = new World();
    world.served = (iccid) => iccid === bootstrap || world.clock.monotonicMs() > 300_000;
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { service: { up: true } } });
    expect(world.switches).toEqual(["to the new one"]);
  });
});

describe("no way back", () => {
  it("is taken in a factory without coverage: the old profile had no network either", async () => {
    const world = new World();
    world.served = () => false;
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", error: undefined });
    expect(exitStatusOf(outcome)).toBe(11);
    await world.run();
    expect(world.switches).toEqual(["to the new one"]);
  });

  it.each([
    { check: "registration", rollback: false, switchesPerDay: 3 },
    { check: "none", rollback: true, switchesPerDay: 3 },
  ] as const)("is taken where it is not wanted: %j", async (connectivity) => {
    const world = new World();
    world.policy = { ...world.policy, connectivity };
    const outcome = await world.run();
    expect(outcome.state).toBe("provisioned");
    expect(exitStatusOf(outcome)).toBe(11);
    expect(world.switches).toEqual(["to the new one"]);
  });

  it("is taken where the device came without an enabled profile", async () => {
    const world = new World();
    world.euicc.profiles.length = 0;
    world.served = () => false;
    expect(exitStatusOf(await world.run())).toBe(11);
    expect(world.states).not.toContain("reverting");
  });

  it("is there any more when a person deleted the old profile", async () => {
    const world = new World();
    world.served = (iccid) => {
      if (iccid !== bootstrap && world.euicc.profiles.length === 2) world.euicc.profiles.shift();
      return iccid === bootstrap;
    };
    const outcome = await world.run();
    expect(outcome.state).toBe("provisioned");
    expect(exitStatusOf(outcome)).toBe(11);
  });
});

describe("a Sim that may have no service", () => {
  it("is not the profile's fault: it stays, is looked at again, and is judged once the Sim is ready", async () => {
    const world = new World();
    world.policy = { ...world.policy, sim: { ...world.policy.sim, activate: "none" } };
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", facts: { unjudged: true, service: { up: false } } });
    expect(outcome.facts.service).toMatchObject({ why: expect.stringContaining("the Sim is new at the provider") });
    expect(exitStatusOf(outcome)).toBe(11);
    const [sim] = world.provider.sims.values();
    if (sim !== undefined) sim.status = "ready";
    expect(await later(world, hourMs)).toMatchObject(noService);
    expect(world.enabled).toBe(bootstrap);
  });

  it("that cannot be asked for leaves the judgement to what the modem says", async () => {
    const world = new World();
    const enable = world.euicc.enableProfile;
    world.euicc.enableProfile = async (iccid) => {
      await enable(iccid);
      // The device's only way to the provider was the profile that it had.
      world.provider.down = iccid === bootstrap ? undefined : new EsimdError("api_unreachable", "no route");
    };
    expect(await world.run()).toMatchObject(noService);
    expect(world.enabled).toBe(bootstrap);
  });
});

describe("a trial that a power cut left open", () => {
  it("is judged before anything asks for a network", async () => {
    const world = new World();
    const stop = new AbortController();
    const isStopped = world.run(stop.signal);
    world.clock.setTimer(100_000, () => stop.abort(new EsimdError("cancelled", "the power went")));
    await isStopped;
    expect(world.enabled).not.toBe(bootstrap);
    world.states.length = 0;
    world.provider.down = new EsimdError("api_unreachable", "no route");
    expect(await world.run()).toMatchObject(noService);
    expect(world.enabled).toBe(bootstrap);
    expect(world.states.slice(0, 4)).toEqual(["connecting", "identifying", "refreshing", "registering"]);
  });

  it("and that ends well goes on with the whole journey", async () => {
    const world = new World();
    const stop = new AbortController();
    world.clock.setTimer(100_000, () => stop.abort(new EsimdError("cancelled", "the power went")));
    await world.run(stop.signal);
    world.served = () => true;
    expect(await world.run()).toMatchObject({
      state: "provisioned",
      facts: { reservation: { status: "installed" }, sim: { status: "ready" } },
    });
    expect(world.provider.charges).toBe(1);
  });

  it("with no profile enabled at all ends on the one that the device came with", async () => {
    const world = new World();
    await world.run();
    for (const profile of world.euicc.profiles) profile.enabled = false;
    expect(await later(world, hourMs)).toMatchObject({ state: "failed", error: { code: "enable_failed" } });
    expect(world.enabled).toBe(bootstrap);
  });
});

describe("an eUICC that disables the old profile and does not enable the new one", () => {
  it("gets the old one back, with or without rollback", async () => {
    for (const rollback of [true, false]) {
      const world = new World();
      world.policy = { ...world.policy, connectivity: { ...world.policy.connectivity, rollback } };
      const enable = world.euicc.enableProfile;
      world.euicc.enableProfile = async (iccid) => {
        await enable(iccid);
        for (const profile of world.euicc.profiles) if (profile.iccid !== bootstrap) profile.enabled = false;
      };
      expect(await world.run()).toMatchObject({ state: "failed", error: { code: "enable_failed" } });
      expect(world.enabled).toBe(bootstrap);
    }
  });
});

describe("a data check", () => {
  const data = { check: "data", rollback: true, switchesPerDay: 3 } as const;
  const attached: readonly (readonly [string, string[]])[] = [
    ["AT+CGATT?", ["+CGATT: 1", "OK"]],
    ["AT+CGCONTRDP", ['+CGCONTRDP: 1,5,"super","192.0.2.17.255.255.255.0","192.0.2.1"', "OK"]],
  ];

  it.each([
    ["the modem is not attached", "AT+CGATT?", ["+CGATT: 0", "OK"], "+CGATT: 0"],
    ["no context has an address", "AT+CGCONTRDP", ["OK"], "+CGCONTRDP"],
  ])("goes back when %s", async (_name, command, lines, said) => {
    const world = new World();
    world.served = () => true;
    world.policy = { ...world.policy, connectivity: data };
    for (const [text, answer] of attached) world.answers.set(text, answer);
    world.answers.set(command, lines);
    const outcome = await world.run();
    expect(outcome).toMatchObject(noService);
    expect(outcome.error?.message).toContain(said);
    expect(world.enabled).toBe(bootstrap);
  });

  it("keeps a profile with an address, and one whose modem refuses to tell", async () => {
    for (const contexts of [attached[1]?.[1] ?? [], ["ERROR"]]) {
      const world = new World();
      world.served = () => true;
      world.policy = { ...world.policy, connectivity: data };
      world.answers.set("AT+CGATT?", ["+CGATT: 1", "OK"]);
      world.answers.set("AT+CGCONTRDP", contexts);
      expect(await world.run()).toMatchObject({ state: "provisioned", facts: { service: { up: true } } });
    }
  });

  it("without a way back is reported, and its exit status is that of a profile without a network", async () => {
    const world = new World();
    world.euicc.profiles.length = 0;
    world.served = () => true;
    world.policy = { ...world.policy, connectivity: data };
    world.answers.set("AT+CGATT?", ["+CGATT: 0", "OK"]);
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", facts: { service: { up: false } } });
    expect(exitStatusOf(outcome)).toBe(11);
  });

  it("of the host's own decides as well, and one that cannot be made does not", async () => {
    const world = new World();
    world.served = () => true;
    const looks: string[] = [];
    world.probes = [
      {
        name: "hook",
        look: async ({ iccid }) => {
          looks.push(iccid);
          return { up: false, why: "no route over the modem" };
        },
      },
    ];
    const outcome = await world.run();
    expect(outcome).toMatchObject(noService);
    expect(outcome.error?.message).toContain("no route over the modem");
    // Within connectivity.wait it is asked again and again, of the new profile.
    expect(looks.length).toBeGreaterThan(10);
    expect(new Set(looks)).not.toContain(bootstrap);
    world.probes = [{ name: "hook", look: async () => ({ up: undefined, why: "there is no such file" }) }];
    expect(await later(world, hourMs)).toMatchObject({ state: "provisioned" });
  });
});
