import { describe, expect, it } from "vitest";
import { type BehaviourInput, parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { account, adopt, budget, release } from "./desk.js";
import { byCode, isAt, lostAnswer, lostRequest, minuteMs, ownLpa, Story, type Told, thePost, there } from "./story.js";
import type { At, Setup, SimOptions } from "./world.js";

/** What each failure uses of the budget, what a person adds to it, and what was paid and no ledger names. */

const post = { method: "POST", path: "/v1/ESimProfiles" } as const;
const postNo = (nth: number, ...actions: BehaviourInput["actions"]): BehaviourInput => ({
  match: { ...post, nth },
  actions,
});
const expires: BehaviourInput["actions"][number] = { do: "fails-after-available", ms: 1 };

interface Failure {
  readonly name: string;
  readonly options: Partial<SimOptions> & { readonly api?: readonly BehaviourInput[] };
  readonly at?: At;
  readonly ends: Partial<Told>;
  /** Charges by then, and of the budget of two: spent, allowed, left. */
  readonly used: readonly [charges: number, spent: number, allowed: number, left: number];
  /** Charges once a later run has ended provisioned. */
  readonly finally: number;
}

const failures: readonly Failure[] = [
  {
    name: "no stock at once",
    options: { api: [postNo(1, { do: "stock-out" })] },
    ends: { state: "failed", code: "no_stock", exit: 75 },
    used: [0, 0, 2, 2],
    finally: 1,
  },
  {
    name: "a reservation that failed before it was available",
    options: { api: [postNo(1, { do: "reservation-fails" })] },
    ends: { state: "failed", code: "no_stock", exit: 75 },
    used: [0, 0, 2, 2],
    finally: 1,
  },
  {
    name: "a POST that was refused",
    options: {},
    at: there(thePost, { kind: "network", fault: { do: "status", status: 403, effect: false } }),
    ends: { state: "failed", code: "api_credentials", exit: 77 },
    used: [0, 0, 2, 2],
    finally: 1,
  },
  {
    name: "a reservation that failed after it was available",
    options: { api: [postNo(1, expires)] },
    ends: { state: "held", code: "reservation_lost", exit: 79 },
    used: [1, 1, 2, 1],
    finally: 2,
  },
  {
    name: "an installation that failed",
    options: {
      smdpScenario: { behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "wrong-mac" } }] },
    },
    ends: { state: "held", code: "install_failed", exit: 79 },
    used: [1, 1, 2, 1],
    finally: 2,
  },
  {
    // In doubt: it counts, and `on_unclear` allows another one besides, which was made in the same run.
    name: "a POST that got lost",
    options: {},
    at: there(thePost, lostRequest),
    ends: { state: "provisioned", exit: 0 },
    used: [1, 2, 3, 1],
    finally: 1,
  },
  {
    name: "a POST whose answer got lost",
    options: {},
    at: there(thePost, lostAnswer),
    ends: { state: "provisioned", exit: 0 },
    used: [1, 1, 2, 1],
    finally: 1,
  },
];

async function begin(setup: Setup, { api = [], ...options }: Failure["options"], askedFor: number): Promise<Story> {
  return Story.begin(setup, { ...options, apiBehaviours: parseBehaviours(api, "a story") }, { askedFor });
}

const two = { "reservation.max_reservations": 2 };

describe("a budget of two reservations", () => {
  it.each(failures)("$name", async ({ name, options, at, ends, used, finally: charges }) => {
    const story = await begin(ownLpa, { ...options, config: two }, 1);
    if (name.startsWith("an installation")) story.expects = /was moved to Error/;
    expect(await story.liveAndWait(at)).toMatchObject(ends);
    const { spent, allowed, left } = await budget(story.world);
    expect([story.charges, spent, allowed, left]).toEqual(used);
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    expect(story.charges).toBe(charges);
    await story.isWell();
    await story.end();
  });

  it("both lost: held, and each that a person gives up allows one more", async () => {
    const api = [1, 2, 3].map((nth) => postNo(nth, expires));
    const story = await begin(ownLpa, { api, config: two }, 3);
    for (let run = 1; run <= 4; run++)
      expect(await story.liveAndWait()).toMatchObject({ state: "held", code: "reservation_lost", exit: 79 });
    expect([story.charges, story.posts]).toEqual([2, 2]);
    for (const [index, charges] of [3, 4].entries()) {
      const sid = story.world.api.ledger()[index]?.sid ?? "";
      expect(await release(story.world, sid, "refunded")).toMatchObject({ changed: true });
      expect(await release(story.world, sid, "refunded")).toMatchObject({ changed: false });
      expect(await budget(story.world)).toMatchObject({ left: 1 });
      for (let run = 1; run <= 2; run++) await story.liveAndWait();
      expect([story.charges, story.posts]).toEqual([charges, charges]);
    }
    expect(await story.live()).toMatchObject({ state: "provisioned", changed: false });
    const why = story.entries().flatMap((entry) => (entry.kind === "intent" ? [entry.why] : []));
    expect(why.slice(2)).toEqual(["a person gave up an earlier one", "a person gave up an earlier one"]);
    await story.isWell();
    await story.end();
  });
});

describe("a reservation that no ledger names", () => {
  it("of a disk that was replaced, by activation code: it is paid again, and shown as nobody's", async () => {
    const story = await Story.begin(byCode, {}, { askedFor: 1 });
    await story.live(there(thePost, { kind: "death", when: "after", death: "killed" }));
    const replaced = await Story.begin(byCode, { beside: story.world }, { askedFor: 1 });
    expect(await replaced.liveAndWait()).toMatchObject({ state: "provisioned", exit: 0 });
    const [first, second] = replaced.world.api.ledger();
    expect(replaced.charges).toBe(2);
    const { orphans, error } = await account(replaced.world);
    expect(error).toBeUndefined();
    expect(orphans?.map(({ reservation, post: near }) => [reservation.sid, near])).toEqual([[first?.sid, undefined]]);
    expect(second?.sid).not.toBe(first?.sid);
    await replaced.end();
    await story.end();
  });

  it("of a POST whose answer was lost: held, shown with that POST, and taken up by a person it is used, one charge", async () => {
    const story = await Story.begin(byCode);
    expect(await story.liveAndWait((point) => (isAt(thePost, point) ? lostAnswer : undefined))).toMatchObject({
      state: "held",
      code: "reservation_unclear",
      exit: 79,
    });
    await story.world.clock.advance(minuteMs);
    const [paid] = story.world.api.ledger();
    const { orphans } = await account(story.world);
    expect(orphans).toMatchObject([
      { reservation: { sid: paid?.sid }, post: { id: "intent-1", eid: story.world.eid } },
    ]);
    expect(await adopt(story.world, paid?.sid ?? "", "made at its second")).toMatchObject({ changed: true });
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0, sid: paid?.sid });
    expect([story.charges, story.posts, story.kinds()]).toEqual([1, 1, ["intent", "adopted", "charged"]]);
    expect((await account(story.world)).orphans).toEqual([]);
    await story.isWell();
    await story.end();
  });
});
