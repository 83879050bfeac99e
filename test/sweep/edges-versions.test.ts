import { describe, expect, it } from "vitest";
import { byCode, ownLpa, Story, thePost, there, type Where } from "./story.js";
import type { Setup } from "./world.js";

/** Files of an older and of a newer esimd: the one is read and goes on, the other is not touched. */

const charged: Where = { state: "awaiting", effect: "open(a) ledger.jsonl" };

/** The journal as esimd's first version of it had it, before outbox, packet context, restarts and settling were kept. */
function firstShape(journal: string): string {
  const { schema, eid, state, updatedAt, ledgerEntries, ...rest } = JSON.parse(journal);
  const { reservationSid, iccid, installedIccid, provisioned, baseline, sessions, error } = rest;
  const money = { ledgerEntries, reservationSid, iccid, installedIccid, provisioned, baseline, sessions, error };
  return `${JSON.stringify({ schema, eid, state, updatedAt, ...money })}\n`;
}

function journalOf(story: Story): { readonly [key: string]: unknown } {
  return JSON.parse(story.file(story.journalFile) ?? "");
}

/** An update of esimd in the middle: the power goes at the point, and the next start is another version's. */
async function cutAt(setup: Setup, where: Where, change: (story: Story) => void): Promise<Story> {
  const story = await Story.begin(setup);
  await story.liveUntil(where);
  change(story);
  return story;
}

describe.each([ownLpa, byCode])("an update from the first journal, reserving by $method", (setup) => {
  it.each<[string, Where]>([
    ["after the reservation was made", charged],
    ["in the download", { effect: "getBoundProfilePackage" }],
    ["before the profile is enabled", { state: "enabling", effect: "open(w) journal.json.new" }],
  ])("%s goes on where it stopped", async (_name, where) => {
    const story = await cutAt(setup, where, (cut) => {
      const journal = firstShape(cut.file(cut.journalFile) ?? "");
      // That it is read, and not begun anew, shows in what it counts.
      cut.world.files.seed(cut.journalFile, journal.replace(/"sessions":\d+/, '"sessions":7'));
    });
    expect(journalOf(story)).not.toHaveProperty("outbox");
    const told = await story.live();
    expect(told).toMatchObject({ state: "provisioned", exit: 0 });
    expect(story.charges).toBe(1);
    const sessions = where.state === "enabling" ? 7 : 8;
    expect(journalOf(story)).toMatchObject({ sessions, outbox: [], reservationSid: told.sid, provisioned: true });
    await story.isWell();
    await story.end();
  });

  it("of a device that was done finds nothing to do", async () => {
    const story = await Story.begin(setup);
    await story.live();
    story.world.files.seed(story.journalFile, firstShape(story.file(story.journalFile) ?? ""));
    expect(await story.live()).toMatchObject({ state: "provisioned", changed: false, exit: 0 });
    expect(story.charges).toBe(1);
    await story.end();
  });
});

/** Everything of the eUICC; the status file is the run's own word, whoever wrote the journal. */
function filesOf(story: Story): readonly (readonly [string, string])[] {
  return [...story.world.files.contents()].filter(([path]) => path.startsWith(story.folder)).sort();
}

describe("files of a newer esimd", () => {
  it.each<[string, Where, number]>([
    ["before anything was paid", { state: "reserving", effect: "open(a) ledger.jsonl" }, 0],
    ["after the reservation was made", charged, 1],
  ])("a journal, %s: nothing is touched and nothing paid", async (_name, where, charges) => {
    const story = await cutAt(ownLpa, where, (cut) => {
      const journal = { ...journalOf(cut), schema: "esimd.journal/2", leases: [] };
      cut.world.files.seed(cut.journalFile, `${JSON.stringify(journal)}\n`);
    });
    await story.world.clock.advance(60_000);
    const before = filesOf(story).filter(([path]) => !path.endsWith("/lock"));
    const posts = story.posts;
    const told = await story.live();
    expect(told).toMatchObject({ state: "failed", code: "state_newer", actor: "operator", exit: 78, changed: false });
    expect(told.message).toContain("esimd.journal/2");
    expect(told.hint).toBe("Install the newer esimd again; an older one does not touch its journal.");
    expect(filesOf(story)).toEqual(before);
    expect([story.charges, story.posts]).toEqual([charges, posts]);
    await story.end();
  });

  const lease = `${JSON.stringify({ v: 1, at: "2026-01-01T00:00:00.000Z", kind: "leased", sid: "HP1" })}\n`;
  const field = `${JSON.stringify({ v: 1, at: "2026-01-01T00:00:00.000Z", kind: "charged", sid: "HP1", cents: 5 })}\n`;
  const version = `${JSON.stringify({ v: 2, at: "2026-01-01T00:00:00.000Z", kind: "charged", sid: "HP1" })}\n`;
  it.each([
    ["kind of entry", lease],
    ["field of an entry", field],
    ["version of an entry", version],
  ])("a %s, counted by the journal or not: held, and never dropped", async (_name, line) => {
    for (const counted of [true, false]) {
      const story = await Story.begin(ownLpa);
      // The reservation is refused, so that the ledger alone is in the way of the next one.
      await story.liveAndWait(there(thePost, { kind: "network", fault: { do: "status", status: 403, effect: false } }));
      expect(story.kinds()).toEqual(["intent", "refused"]);
      const ledger = `${story.file(story.ledgerFile)}${line}`;
      story.world.files.seed(story.ledgerFile, ledger);
      const journal = story.file(story.journalFile) ?? "";
      const ledgerEntries = ledger.split("\n").length - 1;
      if (counted)
        story.world.files.seed(
          story.journalFile,
          journal.replace(/"ledgerEntries":\d+/, `"ledgerEntries":${ledgerEntries}`),
        );
      const posts = story.posts;
      for (let run = 1; run <= 2; run++) {
        expect(await story.liveAndWait()).toMatchObject({ state: "held", code: "ledger_damaged", exit: 79 });
        expect(story.file(story.ledgerFile)).toBe(ledger);
      }
      expect([story.charges, story.posts]).toEqual([0, posts]);
      await story.end();
    }
  });

  it("a kind of entry, beside a reservation that is alive: that one is used, and the ledger left as it is", async () => {
    const story = await cutAt(ownLpa, charged, (cut) => {
      cut.world.files.seed(cut.ledgerFile, `${cut.file(cut.ledgerFile)}${lease}`);
    });
    const ledger = story.file(story.ledgerFile);
    expect(await story.live()).toMatchObject({ state: "provisioned", exit: 0 });
    expect(story.file(story.ledgerFile)).toBe(ledger);
    expect([story.charges, story.posts]).toEqual([1, 1]);
    await story.end();
  });
});
