import { describe, expect, it } from "vitest";
import { calmPoints, chosen, optionsFor, planOf } from "./cuts.js";
import { findings } from "./findings.js";
import {
  alwaysHolds,
  type Circumstances,
  holdsAfterHealing,
  holdsAfterPassingFault,
  holdsAtEnd,
  neverCancelsALoad,
  seenAtFirst,
} from "./invariants.js";
import { play } from "./play.js";
import { nameOf, type Point } from "./points.js";
import { sweepSeed } from "./seeds.js";
import { mainSetups, nameOfSetup, setups } from "./setups.js";
import { tasksOf } from "./tasks.js";
import { type Setup, SimWorld } from "./world.js";

/** The simulation, and its checks. The sweeps themselves are `npm run sweep`. */

const circumstances: Circumstances = {
  askedFor: 0,
  mayPayTwice: false,
  holdsWhenUnclear: false,
  diskLies: false,
  resultMayBeLost: false,
  before: [],
};

function firstSetup(): Setup {
  const [setup] = mainSetups;
  if (setup === undefined) throw new Error("there is no setup");
  return setup;
}

async function pointsOf(setup: Setup): Promise<readonly Point[]> {
  return calmPoints(optionsFor(setup));
}

describe("the simulation", () => {
  it("is deterministic: two runs have the same points, in the same order", async () => {
    expect(await pointsOf(firstSetup())).toEqual(await pointsOf(firstSetup()));
  });

  it.each(setups.map((setup) => [nameOfSetup(setup), setup] as const))(
    "has a hundred points and more, of every kind: %s",
    async (_name, setup) => {
      const points = await pointsOf(setup);
      expect(new Set(points.map(nameOf)).size).toBeGreaterThan(100);
      expect(new Set(points.map(({ room }) => room))).toEqual(new Set(["serial", "api", "smdp", "disk"]));
      expect(new Set(points.map(({ state }) => state)).size).toBeGreaterThanOrEqual(14);
    },
  );

  it("has every family and both methods in its tasks, and every one of them cut", () => {
    const cut = tasksOf("cuts", 1, 0).flatMap((task) => (task.kind === "cuts" ? [nameOfSetup(task.setup)] : []));
    expect([...cut].sort()).toEqual(setups.map(nameOfSetup).sort());
    expect(setups).toHaveLength(20);
  });
});

describe("a run that is cut", () => {
  const worst = [
    "reserving: disk: sync ledger.jsonl",
    "reserving: api: POST /v1/ESimProfiles",
    "downloading: smdp: getBoundProfilePackage",
    "downloading: serial: AT+CGLA STORE DATA 86 first",
    "downloading: smdp: handleNotification",
    "enabling: serial: AT+CGLA STORE DATA BF31",
  ];

  it.each(worst.flatMap((name) => (["before", "after"] as const).map((when) => [when, name] as const)))(
    "by a power cut %s %s ends well afterwards",
    async (when, name) => {
      const plan = planOf({ name, nth: 1, when, death: "power", cut: "strict" });
      expect(await play(optionsFor(firstSetup()), [plan])).toMatchObject({ violations: [], met: [true] });
    },
  );

  it("at its last point, of every name, is chosen", async () => {
    const points = await pointsOf(firstSetup());
    expect(new Set(chosen(points).map(nameOf))).toEqual(new Set(points.map(nameOf)));
  });
});

describe("random combinations", () => {
  it("of ten seeds violate nothing, and say the same again", async () => {
    const run = async () => {
      const found = findings();
      for (let seed = 1; seed <= 10; seed++) await sweepSeed(seed, found);
      return found.counts();
    };
    const first = await run();
    expect(first).toMatchObject({ seeds: 10, violations: [] });
    expect(await run()).toEqual(first);
  });
});

describe("the invariants", () => {
  async function provisioned(): Promise<{ world: SimWorld; end: Parameters<typeof holdsAtEnd> }> {
    const world = await SimWorld.create(optionsFor(firstSetup()));
    const ending = await world.live(() => undefined);
    if (ending.kind !== "ended") throw new Error(`the run ${ending.kind}`);
    return { world, end: [world, ending.result.report, ending.result.exitStatus] };
  }

  /** Another POST for the same EID, by whomever. */
  async function payAgain(world: SimWorld): Promise<void> {
    const { requests } = world.api;
    const [post] = requests().filter(({ method, path }) => method === "POST" && path === "/v1/ESimProfiles");
    if (post === undefined) throw new Error("nobody has reserved");
    const { method, path, query, body, contentType } = post;
    await world.clock.runUntil(
      world.api.answer({ method, path, query, body, contentType, authorization: world.authorization }),
    );
    await world.clock.advance(5_000);
  }

  it("are content with a run in which nothing happens", async () => {
    const { world, end } = await provisioned();
    expect([...alwaysHolds(world, circumstances, seenAtFirst(world))]).toEqual([]);
    expect([...holdsAtEnd(...end), ...holdsAfterHealing(world, end[1], circumstances)]).toEqual([]);
    await world.close();
  });

  it("see a second charge, but not one that a person asked for", async () => {
    const { world, end } = await provisioned();
    await payAgain(world);
    const seen = seenAtFirst(
      world,
      world.modem.euicc.profiles.map(({ iccid }) => iccid),
    );
    expect([...alwaysHolds(world, circumstances, seen)]).toEqual(["2 charges for one EID, 1 allowed"]);
    expect([...holdsAfterHealing(world, end[1], circumstances)]).toEqual(["2 charges"]);
    expect([...alwaysHolds(world, { ...circumstances, askedFor: 1 }, seen)]).toEqual([]);
    await world.close();
  });

  it("see a profile that is gone, and a run that says provisioned without it", async () => {
    const { world, end } = await provisioned();
    const [profile] = world.modem.euicc.profiles;
    if (profile === undefined) throw new Error("no profile was installed");
    const bare = await SimWorld.create(optionsFor(firstSetup()));
    expect([...alwaysHolds(bare, circumstances, seenAtFirst(bare, [profile.iccid]))]).toEqual([
      `the profile ${profile.iccid} is no longer on the eUICC`,
    ]);
    expect([...holdsAtEnd(bare, end[1], 0)]).toEqual(["provisioned, and the profile is not enabled"]);
    await world.close();
    await bare.close();
  });

  it("see a wrong exit status, a defect, and a state that is held without need", async () => {
    const { world, end } = await provisioned();
    const [, report] = end;
    const error = {
      code: "unexpected",
      message: "undefined is not a function",
      actor: "esimd",
      retry: "later",
      hint: "?",
    } as const;
    expect([...holdsAtEnd(world, { ...report, state: "failed", error }, 0)]).toEqual([
      "failed with exit status 0",
      "a defect: undefined is not a function",
      "no sentence: undefined is not a function",
    ]);
    const held = { ...report, state: "held" as const, error: { ...error, code: "budget_spent" } };
    expect([...holdsAfterHealing(world, held, circumstances)]).toEqual([
      "held, where the contract wants an end: budget_spent: undefined is not a function",
    ]);
    await world.close();
  });

  it("see a run that gives up for what passes, and a session that is cancelled in the middle of its package", async () => {
    const { world, end } = await provisioned();
    const error = { code: "x", message: "it went wrong", actor: "network", hint: "?" } as const;
    const failed = (retry: "never" | "later") => ({ ...end[1], state: "failed" as const, error: { ...error, retry } });
    expect([...holdsAfterPassingFault(world, failed("later"), circumstances)]).toEqual([]);
    expect([...holdsAfterPassingFault(world, failed("never"), circumstances)]).toEqual([
      "failed for what passes: x: it went wrong",
    ]);
    const points = ["BF38 first", "BF41", "BF38 first", "BF36", "more", "BF41"].map(
      (data, index): Point => ({
        number: index + 1,
        room: "serial",
        state: "downloading",
        effect: `AT+CGLA STORE DATA ${data}`,
        nth: 1,
      }),
    );
    expect([...neverCancelsALoad(points.slice(0, -1))]).toEqual([]);
    expect([...neverCancelsALoad(points)]).toEqual(["a session was cancelled when its package was being loaded"]);
    await world.close();
  });
});
