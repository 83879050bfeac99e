import { describe, expect, it } from "vitest";
import type { Sim } from "../../src/api/resources.js";
import { type Iccid, parseEid, parseIccid } from "../../src/base/identifiers.js";
import { type Decision, decideReservation, type World } from "../../src/provision/decide.js";
import { foldLedger, type LedgerFact } from "../../src/provision/ledger.js";
import type { HeldOver } from "../../src/provision/next-step.js";
import { reservation } from "../support/reservation.js";

const ours = parseIccid("89883070000000000016", "test");
const foreign = parseIccid("89490200001234567892", "test");

function sim(iccid: Iccid): Sim {
  return { sid: "HS1", iccid, status: "new", fleetSid: undefined, uniqueName: undefined };
}

function money(...facts: readonly LedgerFact[]) {
  return foldLedger(facts.map((fact) => ({ v: 1 as const, at: "2026-01-01T00:00:00.000Z", ...fact })));
}

function world(more: Partial<World>): World {
  return {
    eid: "89049032123451234512345678901235",
    onEuicc: [],
    ownSims: new Map(),
    reservations: [],
    journalSid: undefined,
    journalIccid: undefined,
    journalInstalled: undefined,
    money: money(),
    ...more,
  };
}

const intent = { kind: "intent", id: "i1", method: "eid", why: "test" } as const;
const codeIntent = { ...intent, method: "activation-code" } as const;
const policy = { maxReservations: 1, onUnclear: "retry" } as const;

const live = reservation("HP1", "available");
const releaseOf = (sid: string): LedgerFact => ({ kind: "released", sid, by: "person", why: "test" });
const postReleased: LedgerFact = { kind: "intent-released", id: "i1", by: "person", why: "test" };
const givenUp = money({ kind: "charged", sid: "HP1" }, releaseOf("HP1"));
const burned: readonly LedgerFact[] = [
  { kind: "charged", sid: "HP1" },
  { kind: "burned", sid: "HP1", why: "install error" },
];
const unclearPost = (id: string): readonly LedgerFact[] => [
  { kind: "intent", method: "eid", why: "test", id },
  { kind: "unclear", id },
];

function outcome(decision: Decision): string {
  switch (decision.do) {
    case "hold":
      return `hold ${decision.code}`;
    case "adopt":
      return `adopt ${decision.reservation.sid}`;
    default:
      return decision.do;
  }
}

describe("what may be done about money", () => {
  const withProfile = { onEuicc: [{ iccid: ours, enabled: true }], ownSims: new Map([[ours, sim(ours)]]) };
  it.each<[string, Partial<World>, string]>([
    ["a new device, nothing anywhere", {}, "reserve"],
    ["a foreign bootstrap profile only", { onEuicc: [{ iccid: foreign, enabled: true }] }, "reserve"],
    ["one of ours is on the eUICC", withProfile, "use-installed"],
    ["one of ours is there, and the ledger is gone", { ...withProfile, money: undefined }, "use-installed"],
    [
      "one of ours is there, and another reservation is live",
      { ...withProfile, reservations: [reservation("HP1", "available")] },
      "use-installed",
    ],
    ["a live reservation", { reservations: [reservation("HP1", "reserving")] }, "adopt HP1"],
    [
      "a live one, and the ledger is gone",
      { reservations: [reservation("HP1", "new")], money: undefined },
      "adopt HP1",
    ],
    [
      "two live ones: the furthest along",
      { reservations: [reservation("HP1", "new"), reservation("HP2", "available")] },
      "adopt HP2",
    ],
    [
      "two live ones: the journal's",
      { reservations: [reservation("HP1", "new"), reservation("HP2", "available")], journalSid: "HP1" },
      "adopt HP1",
    ],
    [
      "two available: the older",
      {
        reservations: [
          reservation("HP1", "available", { dateCreatedMs: 9 }),
          reservation("HP2", "available", { dateCreatedMs: 3 }),
        ],
      },
      "adopt HP2",
    ],
    [
      "claimed, but not on the eUICC: again",
      { reservations: [reservation("HP1", "downloaded", { iccid: ours })] },
      "adopt HP1",
    ],
    [
      "installed, but not on the eUICC",
      { reservations: [reservation("HP1", "installed", { iccid: ours })] },
      "hold reservation_installed",
    ],
    ["failed, never available", { reservations: [reservation("HP1", "failed")] }, "reserve"],
    [
      "failed after available, as its ICCID shows",
      { reservations: [reservation("HP1", "failed", { iccid: ours })] },
      "hold reservation_lost",
    ],
    [
      "failed after available, as the ledger knows",
      { reservations: [reservation("HP1", "failed")], money: money({ kind: "charged", sid: "HP1" }) },
      "hold reservation_lost",
    ],
    ["a status nobody knows", { reservations: [reservation("HP1", "unknown:paused")] }, "hold reservation_unclear"],
    ["the ledger is gone, and nothing shows", { money: undefined }, "hold ledger_damaged"],
    ["a POST without its answer, by EID", { money: money(intent) }, "settle"],
    [
      "a POST without its answer, by EID, and the list shows it",
      { money: money(intent), reservations: [reservation("HP1", "new")] },
      "adopt HP1",
    ],
    ["a POST without its answer, by activation code", { money: money(codeIntent) }, "hold reservation_unclear"],
    [
      "a POST that was refused",
      { money: money(intent, { kind: "refused", id: "i1", code: "api_rate_limited" }) },
      "reserve",
    ],
    ["a POST that stayed unclear: once more", { money: money(intent, { kind: "unclear", id: "i1" }) }, "reserve"],
    [
      "two POSTs that stayed unclear",
      { money: money(intent, { kind: "unclear", id: "i1" }, { ...intent, id: "i2" }, { kind: "unclear", id: "i2" }) },
      "hold reservation_unclear",
    ],
    [
      "made, and the list lost it",
      { money: money(intent, { kind: "created", id: "i1", sid: "HP1" }) },
      "hold budget_spent",
    ],
    [
      "made, failed, not charged",
      {
        money: money(intent, { kind: "created", id: "i1", sid: "HP1" }, { kind: "uncharged", sid: "HP1" }),
        reservations: [reservation("HP1", "failed")],
      },
      "reserve",
    ],
    [
      "burned by an install error, still live at the provider",
      {
        money: money({ kind: "charged", sid: "HP1" }, { kind: "burned", sid: "HP1", why: "install error" }),
        reservations: [reservation("HP1", "available")],
      },
      "hold install_failed",
    ],
    ["given up by a person, and still live at the provider", { money: givenUp, reservations: [live] }, "reserve"],
    [
      "given up, and the journal names it still",
      { money: givenUp, reservations: [live], journalSid: "HP1" },
      "reserve",
    ],
    [
      "given up, with a status nobody knows",
      { money: givenUp, reservations: [reservation("HP1", "unknown:x")] },
      "reserve",
    ],
    [
      "given up, but its profile is on the eUICC: the eUICC is the truth",
      { ...withProfile, money: givenUp, reservations: [reservation("HP1", "installed", { iccid: ours })] },
      "use-installed",
    ],
    [
      "given up, burned and failed: one more, and no second one",
      { money: money(...burned, releaseOf("HP1")), reservations: [reservation("HP1", "failed", { iccid: ours })] },
      "reserve",
    ],
    [
      "given up, and the one in its place failed, too",
      {
        money: money(...burned, releaseOf("HP1"), { kind: "charged", sid: "HP2" }),
        reservations: [reservation("HP1", "failed", { iccid: ours }), reservation("HP2", "failed", { iccid: foreign })],
      },
      "hold reservation_lost",
    ],
    [
      "given up, and the one in its place is live",
      {
        money: money(...burned, releaseOf("HP1"), { kind: "charged", sid: "HP2" }),
        reservations: [live, reservation("HP2", "available")],
      },
      "adopt HP2",
    ],
    ["a POST by activation code that was given up", { money: money(codeIntent, postReleased) }, "reserve"],
    [
      "a POST that was given up, and the one in its place was charged and lost",
      { money: money(codeIntent, postReleased, { kind: "charged", sid: "HP2" }) },
      "hold budget_spent",
    ],
    [
      "a POST that was given up, and the one in its place is in doubt: held again",
      { money: money(codeIntent, postReleased, { ...codeIntent, id: "i2" }) },
      "hold reservation_unclear",
    ],
    [
      "a POST that was given up, and a later list shows it",
      { money: money(intent, postReleased), reservations: [live] },
      "adopt HP1",
    ],
    [
      "burned, and adopted again by a person",
      {
        money: money(...burned, { kind: "adopted", sid: "HP1", why: "test", by: "person", lifts: ["burned"] }),
        reservations: [live],
      },
      "adopt HP1",
    ],
    [
      "adopted again without a word of the burning",
      { money: money(...burned, { kind: "adopted", sid: "HP1", why: "test", by: "person" }), reservations: [live] },
      "hold install_failed",
    ],
    [
      "given up, and taken back: none in its place",
      {
        money: money(releaseOf("HP1"), { kind: "adopted", sid: "HP1", why: "test", by: "person", lifts: ["released"] }),
        reservations: [reservation("HP1", "installed", { iccid: ours })],
      },
      "hold reservation_installed",
    ],
    [
      "alive in the ledger, and for another EID",
      {
        money: money({ kind: "created", id: "i1", sid: "HP1" }),
        reservations: [reservation("HP1", "available", { eid: parseEid("89049032000001000000000000000074", "test") })],
      },
      "hold budget_spent",
    ],
  ])("%s", (_name, more, expected) => {
    expect(outcome(decideReservation(world(more), policy))).toBe(expected);
  });

  it.each<[string, Partial<World>, HeldOver]>([
    ["the lost one", { reservations: [reservation("HP1", "failed", { iccid: ours })] }, { sid: "HP1" }],
    [
      "the one whose profile was here",
      { reservations: [reservation("HP1", "installed", { iccid: ours })], journalInstalled: ours },
      { sid: "HP1" },
    ],
    [
      "the one that this device never saw on its eUICC",
      { reservations: [reservation("HP1", "installed", { iccid: ours })], journalInstalled: foreign },
      { sid: "HP1", neverHere: true },
    ],
    ["the burned one", { money: money(...burned) }, { sid: "HP1" }],
    ["the POST in doubt", { money: money(codeIntent) }, { postId: "i1" }],
    ["the one that nobody shows any more", { money: money({ kind: "created", id: "i1", sid: "HP1" }) }, { sid: "HP1" }],
    [
      "the one in doubt, and not the one given up",
      {
        money: money(intent, { kind: "unclear", id: "i1" }, postReleased, ...["i2", "i3"].flatMap(unclearPost)),
      },
      { postId: "i3" },
    ],
  ])("says what it is held over: %s", (_name, more, over) => {
    expect(decideReservation(world(more), policy)).toEqual(expect.objectContaining({ do: "hold", over }));
  });

  it("says in the ledger that a person gave an earlier one up", () => {
    expect(decideReservation(world({ money: givenUp }), policy)).toMatchObject({
      why: expect.stringContaining("gave up"),
    });
  });

  it("does not try an unclear POST again when told to hold", () => {
    const unclear = money(intent, { kind: "unclear", id: "i1" });
    expect(outcome(decideReservation(world({ money: unclear }), { maxReservations: 1, onUnclear: "hold" }))).toBe(
      "hold reservation_unclear",
    );
  });

  it("pays again for a profile that was deleted only when a person raised the budget", () => {
    const gone = { reservations: [reservation("HP1", "installed", { iccid: ours })] };
    expect(outcome(decideReservation(world(gone), { maxReservations: 2, onUnclear: "retry" }))).toBe("reserve");
    const twice = { reservations: [...gone.reservations, reservation("HP2", "installed")] };
    expect(outcome(decideReservation(world(twice), { maxReservations: 2, onUnclear: "retry" }))).toBe(
      "hold reservation_installed",
    );
  });

  it("prefers the journal's profile, then an enabled one, among several of ours", () => {
    const second = parseIccid("89883070000000000024", "test");
    const several = {
      onEuicc: [
        { iccid: ours, enabled: false },
        { iccid: second, enabled: true },
      ],
      ownSims: new Map([
        [ours, sim(ours)],
        [second, sim(second)],
      ]),
    };
    expect(decideReservation(world(several), policy)).toMatchObject({ do: "use-installed", iccid: second });
    expect(decideReservation(world({ ...several, journalIccid: ours }), policy)).toMatchObject({ iccid: ours });
  });
});
