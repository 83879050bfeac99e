import { describe, expect, it } from "vitest";
import { byCode, dayMs, ownLpa, Story } from "./story.js";
import type { Setup } from "./world.js";

/** Two devices of which each says that it has the other's EID: a cloned or mislabelled eUICC. Each has a state folder of its own. */

async function twins(setup: Setup, charges = 1): Promise<readonly [Story, Story]> {
  const circumstances = { askedFor: charges - 1 };
  const one = await Story.begin(setup, {}, circumstances);
  return [one, await Story.begin(setup, { beside: one.world }, circumstances)];
}

const held = { state: "held", code: "reservation_installed", actor: "operator", exit: 79 };

async function ended(...stories: readonly Story[]): Promise<void> {
  for (const story of stories.toReversed()) await story.end();
}

describe("two devices with one EID", () => {
  it.each([ownLpa, byCode])(
    "the second after the first is done, by $method: held, and never a second charge",
    async (setup) => {
      const [one, other] = await twins(setup);
      const first = await one.liveAndWait();
      expect(first).toMatchObject({ state: "provisioned", exit: 0 });
      for (const waitMs of [0, dayMs]) {
        await one.world.clock.advance(waitMs);
        const told = await other.live();
        expect(told).toMatchObject(held);
        expect(told.message).toBe(
          `the provider says that ${first.sid} is installed, but its profile is not on this eUICC, and this device never saw it there`,
        );
        expect(told.hint).toContain("Another device may have this EID (a cloned or mislabelled eUICC)");
        expect(told.hint).toContain(`\`esimd reservation release ${first.sid} --port `);
      }
      expect([one.charges, one.posts]).toEqual([1, 1]);
      expect(other.file(other.ledgerFile)).toBeUndefined();
      // The first one is left as it is.
      expect(await one.live()).toMatchObject({ state: "provisioned", changed: false, exit: 0 });
      await ended(one, other);
    },
  );

  it("the second while the first downloads: one of them gets the profile that was paid for, and the other is held", async () => {
    const [one, other] = await twins(ownLpa);
    await one.liveUntil({ effect: "getBoundProfilePackage" });
    const second = await other.liveAndWait();
    expect(second).toMatchObject({ state: "provisioned", exit: 0 });
    for (let run = 1; run <= 2; run++) {
      const told = await one.liveAndWait();
      expect(told).toMatchObject(held);
      expect(told.message).toContain(`${second.sid} is installed`);
      expect(told.hint).toContain("Another device may have this EID");
    }
    expect([one.charges, one.posts]).toEqual([1, 1]);
    expect([one.kinds(), other.kinds()]).toEqual([
      ["intent", "created", "charged"],
      ["adopted", "charged"],
    ]);
    await ended(one, other);
  });

  // Neither the provider nor the eUICC tells one from the other, and no list shows a POST that is on its way.
  it.each([ownLpa, byCode])(
    "both at once, by $method: each pays once, which nobody could know, and never again",
    async (setup) => {
      const [one, other] = await twins(setup, 2);
      const both = await one.world.clock.runUntil(Promise.all([one.start(), other.start()]));
      for (const told of both) expect(told).toMatchObject({ state: "provisioned", exit: 0 });
      expect([one.charges, one.posts]).toEqual([2, 2]);
      for (const story of [one, other]) expect(story.kinds().slice(0, 3)).toEqual(["intent", "created", "charged"]);
      for (let day = 1; day <= 2; day++) {
        await one.world.clock.advance(dayMs);
        for (const story of [one, other])
          expect(await story.live()).toMatchObject({ state: "provisioned", changed: false, exit: 0 });
      }
      expect([one.charges, one.posts]).toEqual([2, 2]);
      await ended(one, other);
    },
  );
});
