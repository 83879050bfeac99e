import { describe, expect, it } from "vitest";
import type { BatchFact } from "../../../src/provision/batch/entries.js";
import { openItems, parseBatch, undecidedItems } from "../../../src/provision/batch/fold.js";
import { sizeOf } from "../../../src/provision/batch/size.js";
import { parseLedger } from "../../../src/provision/ledger.js";

/** What the ledger of a batch says, and what cannot stand in one. */

const text = (...facts: readonly BatchFact[]): string =>
  facts
    .map((fact, second) => `${JSON.stringify({ v: 1, at: new Date(second * 1_000).toISOString(), ...fact })}\n`)
    .join("");
const head = (count: number): BatchFact => ({ kind: "batch", name: "b", provider: "twilio", count });
const intent = (item: number, id = `i${item}`): BatchFact => ({
  kind: "intent",
  id,
  item,
  method: "activation-code",
  why: "test",
});
const created = (item: number): BatchFact => ({ kind: "created", id: `i${item}`, sid: `HP${item}` });
const charged = (item: number): BatchFact => ({ kind: "charged", sid: `HP${item}` });

function read(...facts: readonly BatchFact[]) {
  const reading = parseBatch(text(...facts));
  const batch = reading.kind === "good" ? reading.fold.batch() : undefined;
  if (batch === undefined) throw new Error(reading.kind === "damaged" ? reading.why : "it was never begun");
  return batch;
}

describe("the ledger of a batch", () => {
  it.each<[string, readonly BatchFact[], string, readonly [number, number]]>([
    ["nothing yet", [], "", [0, 3]],
    ["a POST without its answer", [intent(1)], "1 asked", [1, 2]],
    ["one that was refused", [intent(1), { kind: "refused", id: "i1", code: "x" }], "1 open", [0, 3]],
    ["one in doubt", [intent(1), { kind: "unclear", id: "i1" }], "1 held", [1, 2]],
    ["made", [intent(2), created(2)], "2 reserved", [1, 2]],
    ["charged", [intent(1), created(1), charged(1)], "1 ready", [1, 2]],
    ["failed for nothing", [intent(1), created(1), { kind: "uncharged", sid: "HP1" }], "1 open", [0, 3]],
    ["lost", [intent(1), created(1), charged(1), { kind: "burned", sid: "HP1", why: "x" }], "1 lost", [1, 2]],
    [
      "taken by a person",
      [intent(1), { kind: "unclear", id: "i1" }, { kind: "adopted", id: "i1", sid: "HP1", by: "person", why: "x" }],
      "1 reserved",
      [1, 2],
    ],
    [
      "given up, which stays paid",
      [intent(1), { kind: "unclear", id: "i1" }, { kind: "intent-released", id: "i1", by: "person", why: "x" }],
      "1 open",
      [1, 3],
    ],
  ])("%s", (_name, facts, items, [spent, left]) => {
    const batch = read(head(3), ...facts);
    expect(batch.items.map(({ number, state }) => `${number} ${state.kind}`).join(", ")).toBe(items);
    expect([batch.spent, batch.left]).toEqual([spent, left]);
    expect(openItems(batch)).toHaveLength(left);
    expect(undecidedItems(batch).length).toBe(/held|lost/.test(items) ? 1 : 0);
  });

  it.each<[string, readonly BatchFact[]]>([
    ["a POST without the number of codes", [intent(1)]],
    ["a POST beyond the count", [head(1), intent(1), intent(2)]],
    ["a POST for an item that is taken", [head(3), intent(1), intent(1, "i2")]],
    ["an answer to no POST", [head(3), created(1)]],
    ["a second answer", [head(3), intent(1), created(1), created(1)]],
    [
      "a reservation for two items",
      [head(3), intent(1), created(1), intent(2), { kind: "created", id: "i2", sid: "HP1" }],
    ],
    ["a charge of nothing", [head(3), charged(1)]],
    [
      "a code that is given up while it is under way",
      [head(3), intent(1), created(1), { kind: "released", sid: "HP1", by: "person", why: "x" }],
    ],
    ["fewer codes than there are", [head(2), intent(1), intent(2), head(1)]],
    ["another batch", [head(2), { kind: "batch", name: "c", provider: "twilio", count: 2 }]],
  ])("cannot have %s", (_name, facts) => {
    expect(parseBatch(text(...facts))).toMatchObject({ kind: "damaged", why: expect.stringContaining("cannot be") });
  });

  it("does not pass for an eUICC's, nor an eUICC's for one", () => {
    expect(parseLedger(text(head(1)))).toMatchObject({ kind: "damaged" });
    expect(parseLedger(text(intent(1)))).toMatchObject({ kind: "damaged" });
    const euicc = { v: 1, at: new Date(0).toISOString(), kind: "intent", id: "i", method: "activation-code", why: "x" };
    expect(parseBatch(`${text(head(1))}${JSON.stringify(euicc)}\n`)).toMatchObject({ kind: "damaged" });
  });

  it("made smaller, never asks for more than it is to have", () => {
    const three = [head(5), intent(1), intent(4), created(4)];
    const batch = read(...three, head(3));
    expect(openItems(batch)).toEqual([2]);
    expect(openItems(read(...three, head(3), { kind: "uncharged", sid: "HP4" }))).toEqual([2, 3]);
    expect(sizeOf(batch, { name: "b", provider: "twilio", count: 2 })).toMatchObject({ charges: 0 });
    expect(() => sizeOf(batch, { name: "b", provider: "twilio", count: 1 })).toThrow("has 2 already");
    expect(sizeOf(batch, { name: "b", provider: "twilio", count: 9 })).toMatchObject({ before: 3, charges: 7 });
  });
});
