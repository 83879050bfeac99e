import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { parseSmdpAddress } from "../../src/base/identifiers.js";
import { exitStatusOf } from "../../src/provision/runner.js";
import { SmallWorld } from "../support/small-world.js";

/** A device that has just started: the time is wrong, the network is not there yet, and what a run makes of it. All in virtual time. */

const minute = 60_000;
const truth = Date.UTC(2026, 0, 1);

function cclk(ms: number): readonly string[] {
  const iso = new Date(ms).toISOString();
  return [`+CCLK: "${iso.slice(2, 10).replaceAll("-", "/")},${iso.slice(11, 19)}+00"`, "OK"];
}

/** Unsynchronised, with a modem whose clock no network has set. */
function fresh(): SmallWorld {
  const world = new SmallWorld();
  world.isMarked = false;
  world.answers.set("AT+CCLK?", ['+CCLK: "80/01/06,00:00:12+00"', "OK"]);
  return world;
}

const noRoute = new EsimdError(
  "api_unreachable",
  "api.example:443 cannot be reached: its name is not found (ENOTFOUND)",
);

describe("the clock of a device that has just started", () => {
  it("is waited for, in 1970, until NTP sets it in minute 4", async () => {
    const world = fresh();
    world.clock.jumpWallTo(0);
    let setMs = 0;
    world.clock.setTimer(4 * minute, () => {
      world.clock.jumpWallTo(truth + 4 * minute);
      world.isMarked = true;
      setMs = world.clock.monotonicMs();
    });
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", error: undefined });
    expect(world.waits).toEqual([
      "Waiting for the right time, for 5 min at most: the clock says 1970-01-01, before this esimd was made.",
    ]);
    // A jump ends the wait at the next look, not at the next question.
    expect(outcome.timings.clocking).toBeGreaterThanOrEqual(setMs - 1_000);
    expect(outcome.timings.clocking).toBeLessThanOrEqual(setMs + 1_000);
    expect(world.provider.charges).toBe(1);
  });

  it("is vouched for by the modem's alone, at once", async () => {
    const world = fresh();
    world.answers.set("AT+CCLK?", cclk(truth + 20 * 3_600_000));
    const outcome = await world.run();
    expect(outcome.state).toBe("provisioned");
    expect([world.waits, outcome.timings.clocking]).toEqual([[], 0]);
  });

  it("is vouched for by a network that sets the modem's clock a while later", async () => {
    const world = fresh();
    world.clock.setTimer(2 * minute, () => world.answers.set("AT+CCLK?", cclk(truth)));
    const outcome = await world.run();
    expect(outcome.state).toBe("provisioned");
    expect(outcome.timings.clocking).toBeGreaterThanOrEqual(2 * minute - 10_000);
    expect(outcome.timings.clocking).toBeLessThanOrEqual(2 * minute + 10_000);
  });

  it("is vouched for by the kernel, where chrony leaves no mark", async () => {
    const world = fresh();
    world.isSynchronised = true;
    const outcome = await world.run();
    expect([outcome.state, world.waits]).toEqual(["provisioned", []]);
  });

  it("that nobody vouches for ends the run with 75 and the reason, and nothing was asked or paid", async () => {
    const world = fresh();
    world.isSynchronised = false;
    const outcome = await world.run();
    expect(outcome).toMatchObject({
      state: "failed",
      error: {
        code: "clock_insane",
        message: "the clock says 2026-01-01 and is not synchronised, and no network has set the modem's clock",
        hint: expect.stringContaining("boot.clock_trust"),
      },
    });
    expect(exitStatusOf(outcome)).toBe(75);
    expect(outcome.timings.clocking).toBe(5 * minute);
    expect([world.provider.posts, world.reached]).toEqual([0, []]);
  });

  it("a day and more from the modem's is not taken, and is when the operator says so", async () => {
    const world = fresh();
    world.answers.set("AT+CCLK?", cclk(truth + 40 * 24 * 3_600_000));
    world.policy = { ...world.policy, clockWaitMs: 0 };
    expect(await world.run()).toMatchObject({ state: "failed", error: { code: "clock_insane" } });
    world.policy = { ...world.policy, clockTrust: "build-date" };
    expect(await world.run()).toMatchObject({ state: "provisioned" });
  });

  it("is not waited for past the run's own deadline", async () => {
    const world = fresh();
    const stop = new AbortController();
    world.clock.setTimer(minute, () => stop.abort(new EsimdError("deadline", "the run did not finish within 60 s")));
    const outcome = await world.run(stop.signal);
    expect(outcome.error?.code).toBe("deadline");
    expect(outcome.finishedAtMs - outcome.startedAtMs).toBe(minute);
  });
});

describe("the network of a device that has just started", () => {
  it("is waited for until it is there after three minutes, and no request is spent on it", async () => {
    const world = new SmallWorld();
    world.unreachable = noRoute;
    world.clock.setTimer(3 * minute, () => {
      world.unreachable = undefined;
    });
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", error: undefined });
    expect(outcome.timings.reaching).toBeGreaterThanOrEqual(3 * minute);
    expect(outcome.timings.reaching).toBeLessThanOrEqual(3 * minute + 15_000);
    expect(world.waits).toEqual([
      "Waiting for the network, for 5 min at most: api.example:443 cannot be reached: its name is not found (ENOTFOUND).",
    ]);
    expect(world.reached.length).toBeLessThan(25);
    expect(world.provider.charges).toBe(1);
  });

  it("that finds names and nothing more is told as such, and ends the run when it stays so", async () => {
    const world = new SmallWorld();
    world.unreachable = noRoute;
    const later = new EsimdError(
      "api_unreachable",
      "api.example:443: its name is known and the connection is not made",
    );
    world.clock.setTimer(minute, () => {
      world.unreachable = later;
    });
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "failed", error: { code: "api_unreachable", message: later.message } });
    expect(world.waits.map((sentence) => /not found|not made/.exec(sentence)?.[0])).toEqual(["not found", "not made"]);
    expect(outcome.timings.reaching).toBe(5 * minute);
    expect(world.provider.posts).toBe(0);
  });

  it("is asked once for the API and never again, when it is there", async () => {
    const world = new SmallWorld();
    await world.run();
    expect(world.reached).toEqual(["https://api.example"]);
  });

  it("has to reach the SM-DP+ where there is no API: the configured one, or the eUICC's default", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, provider: "none" };
    world.euicc.defaultAddress = parseSmdpAddress("smdp.euicc.example", "test");
    await world.run();
    world.policy = { ...world.policy, smdpAddress: parseSmdpAddress("smdp.configured.example", "test") };
    await world.run();
    expect(world.reached).toEqual(["smdp.euicc.example", "smdp.configured.example"]);
  });

  it("is the modem's own, and no concern of the host, where the modem downloads and there is no API", async () => {
    const world = fresh();
    world.policy = { ...world.policy, provider: "none" };
    world.euicc.kind = "modem-network";
    world.unreachable = noRoute;
    await world.run();
    expect(world.states).not.toContain("reaching");
    expect(world.reached).toEqual([]);
  });
});

describe("a provisioned device", () => {
  it("does nothing more: in 1970 and without a network it is provisioned, at once, and says nothing alarming", async () => {
    const world = new SmallWorld();
    await world.run();
    world.states.length = 0;
    world.reached.length = 0;
    world.isMarked = false;
    world.clock.jumpWallTo(0);
    world.unreachable = noRoute;
    world.provider.down = noRoute;
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", error: undefined, facts: { changed: false } });
    expect(exitStatusOf(outcome)).toBe(0);
    expect([world.waits, world.reached]).toEqual([[], []]);
    expect(world.states).not.toContain("reaching");
    expect([outcome.timings.clocking, outcome.timings.surveying]).toEqual([0, 0]);
  });

  it("whose profile was disabled by hand is not provisioned, and waits like any other", async () => {
    const world = new SmallWorld();
    await world.run();
    for (const profile of world.euicc.profiles) profile.enabled = false;
    world.unreachable = noRoute;
    world.clock.setTimer(minute, () => {
      world.unreachable = undefined;
    });
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", facts: { changed: true } });
    expect(outcome.timings.reaching).toBeGreaterThanOrEqual(minute);
  });
});

describe("the default SM-DP+ on the eUICC", () => {
  const address = parseSmdpAddress("smdp.ours.example", "test");
  const others = parseSmdpAddress("smdp.vendor.example", "test");

  async function runWith(set: "never" | "missing" | "always", before: typeof address | undefined): Promise<SmallWorld> {
    const world = new SmallWorld();
    world.policy = { ...world.policy, defaultSmdp: { address, set } };
    world.euicc.defaultAddress = before;
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    return world;
  }

  it.each([
    ["never", undefined, undefined, 0],
    ["never", others, others, 0],
    ["missing", undefined, address, 1],
    ["missing", others, others, 0],
    ["missing", address, address, 0],
    ["always", undefined, address, 1],
    ["always", others, address, 1],
    ["always", address, address, 0],
  ] as const)("with consent %s and %s on it ends as %s", async (set, before, after, writes) => {
    const { euicc, states } = await runWith(set, before);
    expect([euicc.defaultAddress, euicc.addressWrites]).toEqual([after, writes]);
    expect(states.includes("addressing")).toBe(set !== "never");
  });

  it("that the eUICC keeps as it was does not end the run, which goes to the configured one", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, provider: "none", defaultSmdp: { address, set: "always" } };
    world.euicc.defaultAddress = others;
    world.euicc.addressIsLocked = true;
    await world.run();
    expect(world.euicc.defaultAddress).toBe(others);
    expect(world.reached).toEqual([address]);
  });

  it("is written once, and a run that finds nothing else to do leaves it alone", async () => {
    const world = await runWith("missing", undefined);
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { changed: false } });
    expect(world.euicc.addressWrites).toBe(1);
  });
});

describe("an SM-DP+ that refuses the EID itself (8.1.1/3.8)", () => {
  it("has no order yet, where a back end orders, and is asked once in a run", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, provider: "none", smdpAddress: parseSmdpAddress("smdp.example", "test") };
    world.euicc.sessionFaults.push("other-eid", "other-eid");
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "failed", error: { code: "no_profile_waiting" } });
    expect([exitStatusOf(outcome), world.euicc.sessions]).toEqual([75, 1]);
  });

  it("is for a person, where the order was paid for here", async () => {
    const world = new SmallWorld();
    world.euicc.sessionFaults.push("other-eid");
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "smdp_refused" } });
    expect(world.euicc.sessions).toBe(1);
  });
});
