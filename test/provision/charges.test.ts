import { describe, expect, it } from "vitest";
import { type BudgetPolicy, budgetOf } from "../../src/provision/budget.js";
import { chargesOf } from "../../src/provision/charges.js";
import { foldLedger, type LedgerEntry, type LedgerFact } from "../../src/provision/ledger.js";
import { nextStep } from "../../src/provision/next-step.js";

/** What a person reads of the ledger, and the budget that follows from it. */

const entriesOf = (facts: readonly LedgerFact[]): readonly LedgerEntry[] =>
  facts.map((fact, second) => ({ v: 1, at: new Date(second * 1000).toISOString(), ...fact }));
const intent = (id: string): LedgerFact => ({ kind: "intent", id, method: "activation-code", why: "no reservation" });
const created = { kind: "created", id: "i1", sid: "HP1" } as const;
const charged = { kind: "charged", sid: "HP1" } as const;
const burned = { kind: "burned", sid: "HP1", why: "error 7" } as const;
const released = { kind: "released", sid: "HP1", by: "person", why: "lost" } as const;
const unclear = (id: string): LedgerFact => ({ kind: "unclear", id });
const givenUp = (id: string): LedgerFact => ({ kind: "intent-released", id, by: "person", why: "nothing there" });

describe("the ledger for people", () => {
  it.each<[string, readonly LedgerFact[], readonly string[]]>([
    ["nothing", [], []],
    ["a POST under way", [intent("i1")], ["POST i1 undecided: no reservation"]],
    ["a POST that was refused", [intent("i1"), { kind: "refused", id: "i1", code: "x" }], []],
    ["a POST that stayed unclear", [intent("i1"), unclear("i1")], ["POST i1 unclear: no reservation"]],
    ["given up", [intent("i1"), givenUp("i1")], ["POST i1 released (nothing there) by hand: no reservation"]],
    ["made", [intent("i1"), created], ["HP1 reserved: no reservation"]],
    ["charged", [intent("i1"), created, charged], ["HP1 charged: no reservation"]],
    ["not charged", [intent("i1"), created, { kind: "uncharged", sid: "HP1" }], ["HP1 uncharged: no reservation"]],
    ["burned", [intent("i1"), created, charged, burned], ["HP1 burned (error 7): no reservation"]],
    ["burned and given up", [intent("i1"), created, burned, released], ["HP1 released (lost) by hand: no reservation"]],
    ["found by a run", [{ kind: "adopted", sid: "HP1", why: "found as new" }, charged], ["HP1 charged: found as new"]],
    [
      "a POST of which a person found what it made",
      [intent("i1"), unclear("i1"), { kind: "adopted", sid: "HP1", id: "i1", by: "person", why: "it is ours" }],
      ["HP1 reserved (it is ours) by hand: no reservation"],
    ],
    [
      "two, one after the other",
      [intent("i1"), created, released, intent("i2"), { kind: "created", id: "i2", sid: "HP2" }],
      ["HP1 released (lost) by hand: no reservation", "HP2 reserved: no reservation"],
    ],
  ])("%s", (_name, facts, expected) => {
    const lines = chargesOf(entriesOf(facts)).map(({ sid, postId, outcome, remark, decidedAt, why }) => {
      const told = remark === undefined ? "" : ` (${remark})`;
      return `${sid ?? `POST ${postId}`} ${outcome}${told}${decidedAt === undefined ? "" : " by hand"}: ${why}`;
    });
    expect(lines).toEqual(expected);
  });
});

describe("the budget", () => {
  const retry: BudgetPolicy = { maxReservations: 1, onUnclear: "retry" };
  const hold: BudgetPolicy = { maxReservations: 1, onUnclear: "hold" };
  it.each<[string, readonly LedgerFact[], BudgetPolicy, string]>([
    ["nothing was paid", [], retry, "0 of 1, 1 left"],
    ["one was charged", [charged], retry, "1 of 1, 0 left"],
    ["it was given up: it stays paid, and one more is allowed", [charged, released], retry, "1 of 2, 1 left"],
    ["given up though never charged: nothing is won", [released], retry, "1 of 2, 1 left"],
    ["the second was charged, too", [charged, released, { kind: "charged", sid: "HP2" }], retry, "2 of 2, 0 left"],
    ["a POST without its answer", [intent("i1")], retry, "1 of 1, 0 left"],
    ["a POST in doubt, and a run may try again", [intent("i1"), unclear("i1")], retry, "1 of 2, 1 left"],
    ["a POST in doubt, and it may not", [intent("i1"), unclear("i1")], hold, "1 of 1, 0 left"],
    ["a POST given up allows one more, and not two", [intent("i1"), givenUp("i1")], retry, "1 of 2, 1 left"],
    ["so it does where a run may not try again", [intent("i1"), givenUp("i1")], hold, "1 of 2, 1 left"],
    [
      "both in doubt, and one of them given up",
      [intent("i1"), unclear("i1"), intent("i2"), unclear("i2"), givenUp("i1")],
      retry,
      "2 of 3, 1 left",
    ],
    [
      "a POST given up, found after all: its allowance goes with it",
      [intent("i1"), givenUp("i1"), { kind: "adopted", sid: "HP1", id: "i1", by: "person", why: "x" }],
      retry,
      "1 of 1, 0 left",
    ],
    [
      "given up, and in use after all: its allowance goes with it",
      [charged, released, { kind: "adopted", sid: "HP1", why: "on the eUICC", lifts: ["released"] }],
      retry,
      "1 of 1, 0 left",
    ],
    ["less is allowed than was spent", [charged, { kind: "charged", sid: "HP2" }], retry, "2 of 1, 0 left"],
  ])("%s", (_name, facts, policy, expected) => {
    const { spent, allowed, left } = budgetOf(foldLedger(entriesOf(facts)), [], policy);
    expect(`${spent} of ${allowed}, ${left} left`).toBe(expected);
  });
});

describe("the next step of a held run", () => {
  it.each([
    [
      "reservation_unclear",
      { postId: "i1" },
      ["reservation list`", "reservation adopt SID`", "reservation release i1`"],
    ],
    ["reservation_unclear", { sid: "HP1" }, ["reservation release HP1`"]],
    ["reservation_lost", { sid: "HP1" }, ["reservation release HP1`"]],
    ["reservation_installed", { sid: "HP1" }, ["reservation release HP1 --port /dev/x`"]],
    ["reservation_installed", { sid: "HP1", neverHere: true }, ["reservation release HP1 --port /dev/x`"]],
    ["install_failed", { sid: "HP1" }, ["reservation adopt HP1`", "reservation release HP1`"]],
    ["budget_spent", { sid: "HP1" }, ["reservation list`", "reservation adopt HP1`", "reservation release HP1`"]],
  ] as const)("%s over %j names the command", (code, over, commands) => {
    const hint = nextStep(code, over, "/dev/x");
    for (const command of commands) expect(hint).toContain(`\`esimd ${command}`);
  });

  it("is the registry's where nothing is known", () => {
    expect(nextStep("budget_spent", {}, "/dev/x")).toBeUndefined();
  });
});
