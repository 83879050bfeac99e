import { describe, expect, it } from "vitest";
import { parseIccid } from "../../src/base/identifiers.js";
import { emptyJournal, type Journal } from "../../src/provision/journal.js";
import { foldLedger, type LedgerEntry, type Money } from "../../src/provision/ledger.js";
import { paymentOf } from "../../src/provision/paid.js";

/** Rule 2: a profile that was paid for is deleted only with one more word, and doubt counts as paid. */

const mine = parseIccid("8988307000000000001", "the test");
const other = parseIccid("8988307000000000002", "the test");
const at = "2026-01-01T00:00:00.000Z";

const created = (sid: string): LedgerEntry => ({ v: 1, at, kind: "created", id: sid, sid });
const intent = (id: string): LedgerEntry => ({ v: 1, at, kind: "intent", id, method: "eid", why: "test" });
const unclear = (id: string): LedgerEntry => ({ v: 1, at, kind: "unclear", id });
const money = (...entries: readonly LedgerEntry[]): Money => foldLedger(entries);
const journal = (change: Partial<Journal> = {}): Journal => ({ ...emptyJournal("89", 0), ...change });

describe("whether a profile was paid for", () => {
  it.each([
    ["nothing is known of this eUICC", journal(), money(), "not-paid"],
    ["the journal saw it installed", journal({ installedIccid: mine }), money(created("HP1")), "paid"],
    ["the journal works on it", journal({ iccid: mine }), money(created("HP1")), "paid"],
    ["the journal names it, and a back end paid", journal({ installedIccid: mine }), money(), "paid"],
    ["it came with a session that was not judged", journal({ baseline: [other] }), money(), "paid"],
    ["it was there before such a session", journal({ baseline: [mine] }), money(), "not-paid"],
    [
      "the journal names another, and all is accounted for",
      journal({ iccid: other }),
      money(created("HP1")),
      "not-paid",
    ],
    [
      "more was paid than the journal names",
      journal({ iccid: other }),
      money(created("HP1"), created("HP2")),
      "unknown",
    ],
    ["the journal was lost and the ledger was not", journal(), money(created("HP1")), "unknown"],
    ["a POST stayed unclear", journal(), money(intent("a"), unclear("a")), "unknown"],
    ["a POST is without its answer", journal(), money(intent("a")), "unknown"],
    ["the ledger is damaged", journal(), undefined, "unknown"],
  ] as const)("when %s", (_, known, spent, payment) => {
    expect(paymentOf({ iccid: mine, profileClass: undefined }, { journal: known, money: spent })).toBe(payment);
  });

  it("is not known when the files cannot be read", () => {
    expect(paymentOf({ iccid: mine, profileClass: "test" }, undefined)).toBe("unknown");
  });

  it.each(["test", "provisioning"] as const)("a profile of class %s comes from the factory", (profileClass) => {
    const view = { journal: journal(), money: money(created("HP1")) };
    expect(paymentOf({ iccid: mine, profileClass }, view)).toBe("not-paid");
    expect(paymentOf({ iccid: mine, profileClass: "operational" }, view)).toBe("unknown");
  });
});
