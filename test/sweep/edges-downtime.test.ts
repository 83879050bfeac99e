import { describe, expect, it } from "vitest";
import { type BehaviourInput, parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { release } from "./desk.js";
import { byCode, dayMs, hourMs, ownLpa, Story, thePost, type Where } from "./story.js";
import type { Setup } from "./world.js";

/** Months without power in the middle of it, and a world that changed meanwhile. */

const offMs = 200 * dayMs;
const paid: Where = { state: "awaiting", effect: "open(a) ledger.jsonl" };
const posted = (...actions: BehaviourInput["actions"]): readonly BehaviourInput[] => [
  { match: { method: "POST", path: "/v1/ESimProfiles", nth: 1 }, actions },
];

async function begin(setup: Setup, behaviours: readonly BehaviourInput[] = []): Promise<Story> {
  return Story.begin(setup, { apiBehaviours: parseBehaviours(behaviours, "a story") });
}

async function isPaidOnce(story: Story, ledger: readonly string[]): Promise<void> {
  expect([story.charges, story.posts, story.kinds()]).toEqual([1, 1, ledger]);
  await story.isWell();
  expect(await story.live()).toMatchObject({ state: "provisioned", changed: false });
  await story.end();
}

const kore: Setup = { ...ownLpa, provider: "kore" };

describe("two hundred days without power", () => {
  it.each([ownLpa, kore])("after the POST, by EID at $provider: what it made is found and used", async (setup) => {
    const story = await begin(setup);
    await story.liveUntil(thePost, offMs);
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    await isPaidOnce(story, ["intent", "adopted", "charged"]);
  });

  it("after a POST by activation code: it cannot be known whose it is, and it stays a person's to decide", async () => {
    const story = await begin(byCode);
    await story.liveUntil(thePost, offMs);
    const told = await story.live();
    expect(told).toMatchObject({ state: "held", code: "reservation_unclear", actor: "operator", exit: 79 });
    expect(told.hint).toContain("`esimd reservation release intent-1`");
    expect([story.charges, story.posts]).toEqual([1, 1]);
    await story.end();
  });

  it.each([ownLpa, byCode])("after the reservation was made, by $method", async (setup) => {
    const story = await begin(setup);
    await story.liveUntil(paid, offMs);
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    await isPaidOnce(story, ["intent", "created", "charged"]);
  });

  it.each<[string, Where]>([
    ["in the middle of the package", { effect: "getBoundProfilePackage" }],
    ["after the download, before it is judged", { state: "verifying", effect: "open(w) journal.json.new" }],
    ["before the profile is enabled", { state: "enabling", effect: "open(w) journal.json.new" }],
    ["before the modem uses it", { state: "refreshing", effect: "open(w) journal.json.new" }],
  ])("%s", async (_name, where) => {
    const story = await begin(ownLpa);
    await story.liveUntil(where, offMs);
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    await isPaidOnce(story, ["intent", "created", "charged"]);
  });

  it.each<[string, Setup, Where]>([
    ["by EID, before the device saw it available", ownLpa, thePost],
    ["by EID, after it was noted as made", ownLpa, paid],
    ["by activation code", byCode, paid],
    ["in the middle of the package", ownLpa, { effect: "getBoundProfilePackage" }],
  ])(
    "and the reservation expired meanwhile, %s: held, and given up by a person it is paid once more",
    async (_name, setup, where) => {
      const expired = posted({
        do: "fails-after-available",
        ms: dayMs,
        code: "83501",
        message: "The profile expired",
      });
      const story = await Story.begin(setup, { apiBehaviours: parseBehaviours(expired, "a story") }, { askedFor: 1 });
      await story.liveUntil(where, offMs);
      const [first] = story.world.api.ledger();
      const sid = first?.sid ?? "";
      for (let run = 1; run <= 2; run++) {
        const told = await story.liveAndWait();
        expect(told).toMatchObject({ state: "held", code: "reservation_lost", actor: "operator", exit: 79 });
        expect(told.message).toBe(`the reservation ${sid} was charged and has failed: 83501 The profile expired`);
        expect(told.hint).toContain(`\`esimd reservation release ${sid}\``);
      }
      expect([story.charges, story.posts]).toEqual([1, 1]);
      expect(await release(story.world, sid, "the provider refunds it")).toMatchObject({ changed: true });
      expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
      expect([story.charges, story.posts]).toEqual([2, 2]);
      await story.isWell();
      await story.end();
    },
  );

  it.each<[string, Setup, Where]>([
    ["after the POST", ownLpa, thePost],
    ["after the POST, with a token", kore, thePost],
    ["before the download", ownLpa, { effect: "initiateAuthentication" }],
    ["before the profile is enabled", ownLpa, { state: "enabling", effect: "open(w) journal.json.new" }],
  ])(
    "and the credentials were rotated meanwhile, %s: told to the operator, and with the new ones it goes on",
    async (_name, setup, where) => {
      const story = await begin(setup);
      await story.liveUntil(where, offMs);
      story.world.configure({}, "the-secret-of-before");
      for (let run = 1; run <= 2; run++) {
        const told = await story.live();
        expect(told).toMatchObject({ state: "failed", code: "api_credentials", actor: "operator", exit: 77 });
        expect(told.hint).toContain("Check key, secret and account");
        await story.world.clock.advance(hourMs);
      }
      expect([story.charges, story.posts]).toEqual([1, 1]);
      story.world.configure({});
      expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
      await isPaidOnce(story, where === thePost ? ["intent", "adopted", "charged"] : ["intent", "created", "charged"]);
    },
  );

  it("a token that is taken back in the middle of a run is asked for anew, and the POST is made once", async () => {
    const story = await begin(kore);
    const told = await story.live((point) => {
      if (["POST /v1/ESimProfiles", "GET /v1/ESimProfiles/:sid"].includes(point.effect) && point.nth === 1)
        story.world.api.revokeTokens();
      return undefined;
    });
    expect(told).toMatchObject({ state: "provisioned", exit: 0 });
    expect(story.charges).toBe(1);
    await story.end();
  });
});
