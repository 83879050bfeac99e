import { describe, expect, it } from "vitest";
import type { Sim } from "../../src/api/resources.js";
import { sleep } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { parseIccid } from "../../src/base/identifiers.js";
import { SmallWorld } from "../support/small-world.js";

/** What a run asks of the provider, and what it takes on trust: its own POST's answer, and nothing of the Sim that somebody may have moved. */

const plain = ["listESimProfiles", "createESimProfile", "getESimProfile", "updateSim", "getSim", "getESimProfile"];

/** The provider's profile is there within the first pause. */
function quickWorld(): SmallWorld {
  const world = new SmallWorld();
  world.provider.availableMs = 800;
  world.provider.simScheduledMs = 400;
  return world;
}

/** Somebody at the provider's console, before esimd's change of the Sim arrives. */
function meanwhile(world: SmallWorld, status: Sim["status"]): void {
  const { provider } = world;
  const update = provider.updateSim.bind(provider);
  provider.updateSim = (sid, change) => {
    const sim = provider.sims.get(sid);
    if (sim !== undefined && sim.status === "new") sim.status = status;
    return update(sid, change);
  };
}

describe("the look at the world before a POST", () => {
  it("asks the provider while the modem answers", async () => {
    const world = quickWorld();
    const { provider, euicc, clock } = world;
    const profiles = euicc.listProfiles.bind(euicc);
    euicc.listProfiles = () => sleep(clock, 600).then(profiles);
    const list = provider.listESimProfiles.bind(provider);
    provider.listESimProfiles = (filter) => sleep(clock, 1_000).then(() => list(filter));
    const { state, timings } = await world.run();
    expect([state, timings.surveying]).toEqual(["provisioned", 1_000]);
  });

  it("calls the question off when the modem fails, and nothing is paid", async () => {
    const world = quickWorld();
    const { provider, euicc, clock } = world;
    euicc.listProfiles = () =>
      sleep(clock, 600).then(() => Promise.reject(new EsimdError("modem_silent", "no answer")));
    let ended: unknown;
    provider.listESimProfiles = (_filter, signal) =>
      sleep(clock, 30_000, signal).then(
        () => [],
        (error: unknown) => {
          ended = error;
          throw error;
        },
      );
    expect(await world.run()).toMatchObject({ state: "failed", error: { code: "modem_silent" } });
    expect(ended).toMatchObject({ code: "cancelled" });
    expect(provider.posts).toBe(0);
  });

  it("is not over before the provider has answered, however soon the modem has", async () => {
    const world = quickWorld();
    const { provider, clock } = world;
    provider.listESimProfiles = async () => {
      await sleep(clock, 1_000);
      throw new EsimdError("api_protocol", "page 2 is HTML");
    };
    expect(await world.run()).toMatchObject({ state: "failed", error: { code: "api_protocol" } });
    expect(provider.posts).toBe(0);
  });
});

describe("the requests of a run on a new device", () => {
  it.each(["eid", "activation-code"] as const)("are six, with a queued change of the Sim, by %s", async (method) => {
    const world = quickWorld();
    world.policy = { ...world.policy, method };
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { sim: { status: "ready" } } });
    expect(world.provider.asked).toEqual(plain);
  });

  it("are five where the change is in force at once, and four where the Sim is left alone", async () => {
    const atOnce = quickWorld();
    atOnce.provider.simScheduledMs = 0;
    expect(await atOnce.run()).toMatchObject({ facts: { sim: { status: "ready" } } });
    expect(atOnce.provider.asked).toEqual(plain.filter((call) => call !== "getSim"));
    const alone = quickWorld();
    alone.policy = { ...alone.policy, sim: { ...alone.policy.sim, activate: "none" } };
    await alone.run();
    expect(alone.provider.asked).toEqual(plain.filter((call) => !call.endsWith("Sim")));
  });

  it("are one more for a profile that is there already, which may be ours", async () => {
    const world = quickWorld();
    world.euicc.profiles.push({ iccid: parseIccid("8988303000000000017", "test"), enabled: true });
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect([...world.provider.asked].sort()).toEqual([...plain, "findSimByIccid"].sort());
  });

  it("are twelve where the profile takes a minute", async () => {
    const world = quickWorld();
    world.provider.availableMs = 60_000;
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider.asked.length).toBeLessThanOrEqual(12);
  });

  it("come no sooner than the provider's Retry-After lets them, between two looks at the reservation", async () => {
    const world = quickWorld();
    const { provider, clock } = world;
    const askedAtMs: number[] = [];
    const get = provider.getESimProfile.bind(provider);
    provider.getESimProfile = (sid) => {
      askedAtMs.push(clock.monotonicMs());
      if (askedAtMs.length > 1) return get(sid);
      throw new EsimdError("api_rate_limited", "429", { retryAfterMs: 90_000 });
    };
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    const [first = 0, second = 0] = askedAtMs;
    expect(second - first).toBeGreaterThanOrEqual(90_000);
  });

  it("have the account's Fleets before the Sim is moved, where none is configured, and not after a refusal", async () => {
    const world = quickWorld();
    world.policy = { ...world.policy, sim: { ...world.policy.sim, fleet: undefined } };
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.provider.asked.filter((call) => call === "updateSim")).toHaveLength(1);
    expect(world.provider.sims.get("HS1")).toMatchObject({ status: "ready", fleetSid: "HF1" });
  });
});

describe("the Sim of a reservation that the run has made", () => {
  it("is left as it is when somebody was quicker, and made it active", async () => {
    const world = quickWorld();
    meanwhile(world, "active");
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { sim: { status: "active" } } });
  });

  it("is not moved when somebody was quicker, and made it inactive", async () => {
    const world = quickWorld();
    meanwhile(world, "inactive");
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "sim_inactive" } });
    expect(world.provider.sims.get("HS1")?.status).toBe("inactive");
  });

  it("is asked to move once, where the provider does not move it though it is new", async () => {
    const world = quickWorld();
    const { provider } = world;
    let asked = 0;
    provider.updateSim = () => {
      asked++;
      throw new EsimdError("sim_refused", "83010");
    };
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "held", error: { code: "sim_refused" }, facts: { sim: { status: "new" } } });
    expect(asked).toBe(1);
  });

  it("is looked at first where it is to become active, which would move an inactive one, too", async () => {
    const world = quickWorld();
    world.policy = { ...world.policy, sim: { ...world.policy.sim, activate: "active" } };
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { sim: { status: "active" } } });
    const { asked } = world.provider;
    expect(asked.indexOf("getSim")).toBeLessThan(asked.indexOf("updateSim"));
  });

  it("is looked at first by a run that finds the reservation made", async () => {
    const world = quickWorld();
    world.policy = { ...world.policy, availableWaitMs: 1 };
    expect(await world.run()).toMatchObject({ state: "failed", error: { code: "deadline" } });
    world.policy = { ...world.policy, availableWaitMs: 300_000 };
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    const { asked } = world.provider;
    expect(asked.indexOf("getSim")).toBeLessThan(asked.indexOf("updateSim"));
  });
});

describe("the Sim that is activated while the profile is loaded", () => {
  function loadingWorld(loadMs: number): SmallWorld {
    const world = quickWorld();
    world.policy = { ...world.policy, sim: { ...world.policy.sim, when: "during-download" } };
    world.euicc.loadMs = loadMs;
    return world;
  }

  it("is ready when the profile is there, for as many requests", async () => {
    const world = loadingWorld(20_000);
    world.provider.simScheduledMs = 15_000;
    const { timings } = await world.run();
    expect(world.provider.asked).toEqual(plain);
    expect((timings.downloading ?? 0) + (timings.activating ?? 0) + (timings.registering ?? 0)).toBe(20_000);
  });

  it("is asked for only once the offer is the reservation's", async () => {
    const world = loadingWorld(1_000);
    world.euicc.offers = parseIccid("8988307000000009999", "test");
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "wrong_profile" } });
    expect(world.provider.asked).not.toContain("updateSim");
  });

  it("costs the download nothing when it fails, and is asked for again behind it", async () => {
    const world = loadingWorld(1_000);
    const { provider } = world;
    const update = provider.updateSim.bind(provider);
    let asked = 0;
    provider.updateSim = (sid, change) => {
      if (++asked > 1) return update(sid, change);
      throw new EsimdError("api_unavailable", "503");
    };
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { sim: { status: "ready" } } });
    expect([asked, world.euicc.sessions]).toEqual([2, 1]);
  });

  it("is waited for where the provider takes longer than the card", async () => {
    const world = loadingWorld(100);
    const { provider, clock } = world;
    const update = provider.updateSim.bind(provider);
    provider.updateSim = async (sid, change) => {
      await sleep(clock, 3_000);
      return update(sid, change);
    };
    const { state, timings } = await world.run();
    expect(state).toBe("provisioned");
    expect(timings.activating).toBe(2_900);
  });

  it("is nothing that a run which ends before leaves running", async () => {
    const world = loadingWorld(100);
    world.policy = { ...world.policy, downloadAttempts: 1 };
    world.euicc.sessionFaults.push("ok-but-absent");
    const { provider, clock } = world;
    let ended: unknown;
    provider.updateSim = async (_sid, _change, signal) => {
      await sleep(clock, 600_000, signal).catch((error: unknown) => {
        ended = error;
        throw error;
      });
      throw new Error("nobody may wait so long");
    };
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "install_unconfirmed" } });
    expect(ended).toMatchObject({ code: "cancelled" });
  });
});

describe("a change of the Sim that the provider queued", () => {
  it("is carried out while the profile is enabled, and then looked at", async () => {
    const world = quickWorld();
    const enable = world.euicc.enableProfile.bind(world.euicc);
    let before: readonly string[] = [];
    world.euicc.enableProfile = (iccid) => {
      before = [...world.provider.asked];
      return enable(iccid);
    };
    const { timings } = await world.run();
    expect(before).toEqual(plain.slice(0, 4));
    expect(timings.activating).toBe(0);
  });

  it("is waited for before another profile is left, which may be the host's way to the provider", async () => {
    const world = quickWorld();
    world.euicc.profiles.push({ iccid: parseIccid("8988303000000000017", "test"), enabled: true });
    const enable = world.euicc.enableProfile.bind(world.euicc);
    let status: string | undefined;
    world.euicc.enableProfile = (iccid) => {
      status = world.provider.sims.get("HS1")?.status;
      return enable(iccid);
    };
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(status).toBe("ready");
  });

  it("leaves the modem its whole time to register, which is when the Sim may", async () => {
    const world = quickWorld();
    world.provider.simScheduledMs = 100_000;
    world.answers.set("AT+CEREG?", ["+CEREG: 0,2", "OK"]);
    world.clock.setTimer(130_000, () => world.answers.set("AT+CEREG?", ["+CEREG: 0,1", "OK"]));
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "provisioned", facts: { registration: { registered: true } } });
    expect(outcome.timings.registering).toBeGreaterThan(world.policy.registrationWaitMs);
  });

  it("that comes to something else is held, as one that was refused", async () => {
    const world = quickWorld();
    const { provider, clock } = world;
    const update = provider.updateSim.bind(provider);
    provider.updateSim = async (sid, change) => {
      const answer = await update(sid, change);
      clock.setTimer(500, () => Object.assign(provider.sims.get(sid) ?? {}, { status: "new" }));
      return answer;
    };
    expect(await world.run()).toMatchObject({ state: "held", error: { code: "sim_refused" } });
  });

  it("that never ends is no reason to wait for ever", async () => {
    const world = quickWorld();
    world.provider.simScheduledMs = 86_400_000;
    const outcome = await world.run();
    expect(outcome).toMatchObject({ state: "failed", error: { code: "deadline" } });
    expect(outcome.timings.registering).toBe(180_000);
  });

  it("is found by the next run, where this one ended before it was looked at", async () => {
    const world = quickWorld();
    world.provider.simScheduledMs = 5_000;
    const stop = new AbortController();
    const enable = world.euicc.enableProfile.bind(world.euicc);
    world.euicc.enableProfile = (iccid) => {
      stop.abort(new EsimdError("cancelled", "stopped"));
      return enable(iccid);
    };
    expect(await world.run(stop.signal)).toMatchObject({ state: "failed", facts: { sim: { status: "scheduled" } } });
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { sim: { status: "ready" } } });
    expect(world.provider).toMatchObject({ posts: 1, charges: 1 });
  });
});
