import { describe, expect, it } from "vitest";
import { parseEid } from "../../src/base/identifiers.js";
import { byCode, ownLpa, Story, thePost, there, type Where } from "./story.js";
import type { Setup } from "./world.js";

/** A state folder that came from another device: its disk was cloned, or a person renamed what was in it. */

const otherEid = parseEid("89049032000001000000000000000074", "the story");

/** A device whose power went at the point, and another one beside it, that has an eUICC of its own. */
async function two(setup: Setup, where: Where, charges: number): Promise<readonly [Story, Story]> {
  const circumstances = { askedFor: charges - 1 };
  const one = await Story.begin(setup, {}, circumstances);
  await one.liveUntil(where);
  return [one, await Story.begin(setup, { beside: one.world, eid: otherEid }, circumstances)];
}

function copy(from: Story, to: Story, rename: (path: string) => string = (path) => path): void {
  for (const [path, content] of from.world.files.contents()) to.world.files.seed(rename(path), content);
}

const done = ["intent", "created", "charged"];
const available: Where = { state: "downloading", effect: "initiateAuthentication" };
const moments: readonly (readonly [string, Where])[] = [
  ["while its POST is without an answer", { state: "reserving", effect: "POST /v1/ESimProfiles" }],
  ["while its reservation is available", available],
  ["after it was done", { state: "confirming", effect: "GET /v1/ESimProfiles/:sid" }],
];

describe.each([ownLpa, byCode])("a state folder of another device, reserving by $method", (setup) => {
  it.each(moments)("cloned %s: nothing of it is used, and each pays for itself", async (_name, where) => {
    const [one, other] = await two(setup, where, 2);
    copy(one, other);
    const cloned = other.file(one.ledgerFile);
    expect(await other.live()).toMatchObject({ state: "provisioned", exit: 0 });
    expect(other.kinds()).toEqual(done);
    expect(other.file(one.ledgerFile)).toBe(cloned);
    const [, charge] = other.world.api.ledger();
    expect(charge?.eid).toBe(setup.method === "eid" ? otherEid : null);
    await other.isWell();
    // The first device goes on with what it paid for; by activation code a POST without its answer stays a person's to decide.
    const isInDoubt = setup.method === "activation-code" && where.state === "reserving";
    expect(await one.live()).toMatchObject({ state: isInDoubt ? "held" : "provisioned" });
    expect([one.charges, one.posts]).toEqual([2, 2]);
    await other.end();
    await one.end();
  });

  it.each(moments)("renamed to this EID %s: refused, nothing touched and nothing paid", async (_name, where) => {
    const [one, other] = await two(setup, where, 1);
    copy(one, other, (path) => path.replace(one.world.eid, otherEid));
    await one.world.clock.advance(60_000);
    const before = filesOf(other);
    const [charges, posts] = [one.charges, one.posts];
    for (let run = 1; run <= 2; run++) {
      const told = await other.liveAndWait();
      expect(told).toMatchObject({
        state: "failed",
        code: "state_foreign",
        actor: "operator",
        exit: 78,
        changed: false,
      });
      expect(told.message).toBe(`${other.journalFile} is the journal of another eUICC, whose EID is 8904…1235`);
      expect(told.hint).toContain("Rename that folder back to the EID that its journal names");
      expect(filesOf(other)).toEqual(before);
    }
    expect([one.charges, one.posts]).toEqual([charges, posts]);
    expect(other.world.modem.euicc.profiles).toEqual([]);
    await other.end();
    await one.end();
  });
});

it("a ledger that came without its journal: what it names is for another EID, and is neither used nor paid again", async () => {
  const [one, other] = await two(ownLpa, available, 1);
  other.world.files.seed(other.ledgerFile, one.file(one.ledgerFile) ?? "");
  const told = await other.live();
  expect(told).toMatchObject({ state: "held", code: "budget_spent", exit: 79 });
  expect(told.message).toMatch(
    /^the reservation HP[0-9a-f]{32}, which this eUICC's ledger names, is for the EID 8904…1235$/,
  );
  expect([one.charges, one.posts, other.kinds()]).toEqual([1, 1, done]);
  await other.end();
  expect(await one.live()).toMatchObject({ state: "provisioned" });
  await one.end();
});

it("a folder that is lost with its power: by EID the provider knows what was paid, and nothing is paid again", async () => {
  const story = await Story.begin(ownLpa);
  await story.live(there(thePost, { kind: "death", when: "after", death: "killed" }));
  const replaced = await Story.begin(ownLpa, { beside: story.world });
  expect(await replaced.live()).toMatchObject({ state: "provisioned", exit: 0 });
  expect([replaced.charges, replaced.kinds()]).toEqual([1, ["adopted", "charged"]]);
  await replaced.isWell();
  await replaced.end();
  await story.end();
});

function filesOf(story: Story): readonly (readonly [string, string])[] {
  return [...story.world.files.contents()]
    .filter(([path]) => path.startsWith(story.folder) && !path.endsWith("/lock"))
    .sort();
}
