import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { exitStatusOf } from "../../src/provision/runner.js";
import { SmallWorld } from "../support/small-world.js";

function codeOf(world: { error: EsimdError | undefined }): string | undefined {
  return world.error?.code;
}

describe("a run from nothing", () => {
  it.each(["eid", "activation-code"] as const)("goes through every state and pays once, by %s", async (method) => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, method };
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", error: undefined, facts: { changed: true } });
    expect(world.states).toEqual([
      "connecting",
      "identifying",
      "clocking",
      "reaching",
      "surveying",
      "reserving",
      "awaiting",
      "downloading",
      "verifying",
      "delivering",
      "activating",
      "enabling",
      "refreshing",
      "registering",
      "checking",
      "notifying",
      "confirming",
      "provisioned",
    ]);
    expect(world.provider.charges).toBe(1);
    expect(world.provider.sims.get("HS1")).toMatchObject({ status: "ready", fleetSid: "default" });
    expect(exitStatusOf(outcome)).toBe(0);
  });

  it("is provisioned though the provider never says whether it heard of it", async () => {
    const world = new SmallWorld();
    const ask = world.provider.getESimProfile.bind(world.provider);
    world.provider.getESimProfile = (sid) =>
      world.states.at(-1) === "confirming" ? new Promise(() => undefined) : ask(sid);
    expect(await world.run()).toMatchObject({ state: "provisioned", error: undefined });
    expect(world.clock.monotonicMs()).toBeLessThan(180_000);
  });

  it.each(["eid", "activation-code"] as const)(
    "finds nothing to do the second time, with and without its state, by %s",
    async (method) => {
      const world = new SmallWorld();
      world.policy = { ...world.policy, method };
      await world.run();
      expect(await world.run()).toMatchObject({ state: "provisioned", facts: { changed: false } });
      world.disk.files.clear();
      expect(await world.run()).toMatchObject({ state: "provisioned", facts: { changed: false } });
      expect(world.provider).toMatchObject({ posts: 1, charges: 1 });
      expect(world.euicc.sessions).toBe(1);
    },
  );

  it("is provisioned without the API when eUICC and journal agree", async () => {
    const world = new SmallWorld();
    await world.run();
    world.provider.down = new EsimdError("api_unreachable", "no route");
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { changed: false } });
    world.disk.files.clear();
    expect(codeOf(await world.run())).toBe("api_unreachable");
  });

  it("uses the account's only Fleet when none is configured", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, sim: { ...world.policy.sim, fleet: undefined } };
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider.sims.get("HS1")?.fleetSid).toBe("HF1");
  });

  it("activates the Sim before the download when asked to, once the offer is known to be the reservation's", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, sim: { ...world.policy.sim, when: "before-download" } };
    world.euicc.sessionFaults.push("ok-but-absent");
    world.policy = { ...world.policy, downloadAttempts: 1 };
    expect(codeOf(await world.run())).toBe("install_unconfirmed");
    expect(world.provider.sims.get("HS1")?.status).toBe("ready");
  });
});

describe("money, when the POST goes wrong", () => {
  it("posts again when it was provably not processed", async () => {
    const world = new SmallWorld();
    world.provider.postFaults.push("not-processed", "not-processed");
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider).toMatchObject({ posts: 3, charges: 1 });
  });

  it("adopts what an unclear POST made, when the list shows it ten minutes late", async () => {
    const world = new SmallWorld();
    world.provider.postFaults.push("unclear-made");
    world.provider.listLagMs = 600_000;
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider).toMatchObject({ posts: 1, charges: 1 });
    expect(world.states).toContain("settling");
  });

  it("posts once more when the settling time shows nothing, and then holds", async () => {
    const world = new SmallWorld();
    world.provider.postFaults.push("unclear-lost", "unclear-lost", "unclear-lost");
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "held", error: { code: "reservation_unclear" } });
    expect(world.provider).toMatchObject({ posts: 2, charges: 0 });
    expect(outcome.finishedAtMs - outcome.startedAtMs).toBeGreaterThanOrEqual(2 * 900_000);
    expect(codeOf(await world.run())).toBe("reservation_unclear");
    expect(world.provider.posts).toBe(2);
  });

  it("holds at once after the settling time when told to", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, onUnclear: "hold" };
    world.provider.postFaults.push("unclear-lost");
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "reservation_unclear" } });
    expect(world.provider.posts).toBe(1);
  });

  it("holds an unclear POST by activation code, now and in every later run", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, method: "activation-code" };
    world.provider.postFaults.push("unclear-made");
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "reservation_unclear" } });
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "reservation_unclear" } });
    expect(world.provider.posts).toBe(1);
  });

  it("never posts while the list cannot be read", async () => {
    const world = new SmallWorld();
    world.provider.down = new EsimdError("api_protocol", "page 2 is HTML");
    expect(await world.run()).toMatchObject({ state: "failed", error: { code: "api_protocol" } });
    expect(world.provider.posts).toBe(0);
  });

  it("says that there is no stock, and pays when there is some later", async () => {
    const world = new SmallWorld();
    world.provider.postFaults.push("stock-out");
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "failed", error: { code: "no_stock" } });
    expect(exitStatusOf(outcome)).toBe(75);
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider.charges).toBe(1);
  });

  it("tries another day when the reservation failed and was not charged", async () => {
    const world = new SmallWorld();
    world.clock.setTimer(1_000, () => {
      const [profile] = world.provider.profiles;
      if (profile !== undefined) Object.assign(profile, { status: "failed", errorCode: "83500" });
    });
    expect(await world.run()).toMatchObject({ state: "failed", error: { code: "no_stock" } });
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider).toMatchObject({ posts: 2, charges: 1 });
  });

  it("stops waiting for a reservation that never becomes available, and takes it up again", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, availableWaitMs: 1_500 };
    expect(await world.run()).toMatchObject({ state: "failed", error: { code: "deadline" } });
    world.policy = { ...world.policy, availableWaitMs: 60_000 };
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider.posts).toBe(1);
  });
});

describe("a profile, when the download goes wrong", () => {
  it("is found on the list although the modem said that it failed", async () => {
    const world = new SmallWorld();
    world.euicc.sessionFaults.push("fails-but-there");
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.euicc.sessions).toBe(1);
  });

  it("is downloaded in a new session when the first one failed, or only claimed to have worked", async () => {
    for (const fault of ["fails", "ok-but-absent"] as const) {
      const world = new SmallWorld();
      world.euicc.sessionFaults.push(fault);
      expect(await world.run(), fault).toMatchObject({ state: "provisioned" });
      expect(world.euicc.sessions).toBe(2);
      expect(world.provider.charges).toBe(1);
    }
  });

  it("is kept for the next run when the sessions of this one are used up", async () => {
    const world = new SmallWorld();
    world.euicc.sessionFaults.push("fails", "fails");
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "failed", error: { code: "download_failed" } });
    expect(exitStatusOf(outcome)).toBe(75);
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider.charges).toBe(1);
  });

  it("is held when modem and list contradict each other for good", async () => {
    const world = new SmallWorld();
    world.euicc.sessionFaults.push("ok-but-absent", "ok-but-absent");
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "install_unconfirmed" } });
  });

  it("is held when the SM-DP+ refuses it, and nothing more is paid", async () => {
    const world = new SmallWorld();
    world.euicc.sessionFaults.push("refused", "refused");
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "smdp_refused" } });
    expect(await world.run()).toMatchObject({ state: "held" });
    expect(world.provider.posts).toBe(1);
  });

  it("is held for good after an install error, whatever the provider still says", async () => {
    const world = new SmallWorld();
    world.euicc.sessionFaults.push("install-error");
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "install_failed" } });
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "install_failed" } });
    expect(world.euicc.sessions).toBe(1);
    expect(world.provider.posts).toBe(1);
  });

  it("is held when somebody deleted it from the eUICC", async () => {
    const world = new SmallWorld();
    await world.run();
    world.euicc.profiles.length = 0;
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "reservation_installed" } });
    expect(world.provider.posts).toBe(1);
  });
});

describe("the Sim", () => {
  it("is not reactivated unasked", async () => {
    const world = new SmallWorld();
    await world.run();
    const sim = world.provider.sims.get("HS1");
    if (sim !== undefined) sim.status = "inactive";
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "sim_inactive" } });
    world.policy = { ...world.policy, sim: { ...world.policy.sim, reactivate: true } };
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { changed: true } });
    expect(sim?.status).toBe("active");
  });

  it("that cannot be moved is held for a person", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, sim: { ...world.policy.sim, activate: "none" } };
    await world.run();
    expect(world.provider.sims.get("HS1")?.status).toBe("new");
  });
});

describe("an end from outside", () => {
  it("is reported as cancelled, and the next run goes on", async () => {
    const world = new SmallWorld();
    const stop = new AbortController();
    world.clock.setTimer(1_000, () => stop.abort(new EsimdError("cancelled", "SIGTERM")));
    const outcome = await world.run(stop.signal);
    expect(outcome).toMatchObject({ state: "failed", error: { code: "cancelled" } });
    expect(exitStatusOf(outcome)).toBe(75);
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider.posts).toBe(1);
  });
});

describe("a modem that may be silent for longer than most", () => {
  it("is given the whole of modem.wake_wait before the run ends", async () => {
    const world = new SmallWorld();
    world.policy = { ...world.policy, wakeWaitMs: 300_000 };
    world.wakesAfterMs = 290_000;
    expect(await world.run()).toMatchObject({ state: "provisioned" });
  });
});
