import { describe, expect, it } from "vitest";
import type { DiskFailure } from "./files.js";
import type { Point } from "./points.js";
import { byCode, calmNames, isAt, ownLpa, Story, thePost, unwritableFrom, type Where } from "./story.js";

/** A disk that is full or read-only, before and after the money: what cannot be written down is not paid, and what was paid is used. */

const expected: Readonly<Record<Exclude<DiskFailure, "EIO">, object>> = {
  ENOSPC: {
    state: "failed",
    code: "disk_full",
    actor: "operator",
    exit: 74,
    hint: "Free some space on that file system.",
  },
  EROFS: {
    state: "failed",
    code: "state_unwritable",
    actor: "operator",
    exit: 74,
    hint: "Check the space, the mount and the owner of the state folder.",
  },
};

const done = ["intent", "created", "charged"];
const found = ["intent", "adopted", "charged"];

interface Moment {
  readonly name: string;
  readonly from: Where;
  /** Charges and POSTs while the disk was so. */
  readonly meanwhile: readonly [charges: number, posts: number];
  /** What the ledger has in the end. */
  readonly ledger: readonly string[];
}

const journalAfterIntent: Where = { state: "reserving", effect: "open(w) journal.json.new", nth: 2 };

/** Each with a POST in a run of its own, so that the reservation is available by the time that the disk has room again. */
const moments: readonly Moment[] = [
  { name: "from the start", from: { effect: "mkdir EID" }, meanwhile: [0, 0], ledger: done },
  { name: "before the intent", from: { effect: "open(a) ledger.jsonl" }, meanwhile: [0, 0], ledger: done },
  {
    // The list says after the settling time that nothing was made: that POST counts, and one more is allowed (on_unclear).
    name: "between the intent and the POST",
    from: journalAfterIntent,
    meanwhile: [0, 0],
    ledger: ["intent", "unclear", "intent", "created", "charged"],
  },
  { name: "while the POST is answered", from: thePost, meanwhile: [1, 1], ledger: found },
  {
    name: "before what was made is noted as charged",
    from: { state: "awaiting", effect: "open(a) ledger.jsonl" },
    meanwhile: [1, 1],
    ledger: done,
  },
  { name: "in the download", from: { effect: "getBoundProfilePackage" }, meanwhile: [1, 1], ledger: done },
];

describe.each(["ENOSPC", "EROFS"] as const)("a disk that says %s", (failure) => {
  it.each(moments)("$name, and is well again: one charge", async ({ from, meanwhile, ledger }) => {
    const story = await Story.begin(ownLpa);
    expect(await story.liveAndWait(unwritableFrom((point) => isAt(from, point), failure))).toMatchObject(
      expected[failure],
    );
    expect([story.charges, story.posts]).toEqual(meanwhile);
    // As long as it stays so, nothing is paid, however often it is tried.
    for (let run = 1; run <= 2; run++)
      expect(await story.liveAndWait(unwritableFrom(() => true, failure))).toMatchObject(expected[failure]);
    expect([story.charges, story.posts]).toEqual(meanwhile);
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    expect([story.charges, story.kinds()]).toEqual([1, ledger]);
    await story.isWell();
    await story.end();
  });

  it("between the intent and the POST of an activation code, of which no list can tell: held, and nothing was paid", async () => {
    const story = await Story.begin(byCode);
    await story.liveAndWait(unwritableFrom((point) => isAt(journalAfterIntent, point), failure));
    const told = await story.live();
    expect(told).toMatchObject({ state: "held", code: "reservation_unclear", exit: 79 });
    expect(told.hint).toContain("`esimd reservation release intent-1`");
    expect([story.charges, story.posts, story.kinds()]).toEqual([0, 0, ["intent"]]);
    await story.end();
  });

  // The sweep of faults has every step at the disk; here the ledger and the journal of each state.
  it("from any state on: never a second charge, and provisioned once it is well again", async () => {
    const points = (await calmNames(ownLpa)).filter(({ effect }) => /^write (ledger|journal)/.test(effect));
    expect(points.length).toBeGreaterThan(12);
    for (const point of points) await unwritableOnceFrom(point, failure);
  });
});

async function unwritableOnceFrom(point: Point, failure: DiskFailure): Promise<void> {
  const story = await Story.begin(ownLpa);
  const from: Where = { effect: point.effect, state: point.state };
  const told = await story.liveAndWait(unwritableFrom((now) => isAt(from, now), failure));
  // The end of a run can be told without the status file, which is for others.
  expect(told.code ?? "-").toMatch(/^(disk_full|state_unwritable|-)$/);
  expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
  expect(story.charges).toBe(1);
  await story.isWell();
  await story.end();
}
