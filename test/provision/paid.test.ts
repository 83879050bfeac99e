import { describe, expect, it } from "vitest";
import { parseIccid } from "../../src/base/identifiers.js";
import { emptyJournal, type Journal } from "../../src/provision/journal.js";
import { paymentOf } from "../../src/provision/paid.js";

/** Rule 2: a profile that was paid for is deleted only with one more word, and doubt counts as paid. */

const mine = parseIccid("8988307000000000001", "the test");
const other = parseIccid("8988307000000000002", "the test");

const journal = (change: Partial<Journal> = {}): Journal => ({ ...emptyJournal("89", 0), ...change });

describe("whether a profile was paid for", () => {
  it.each([
    ["the journal saw it installed", journal({ installedIccid: mine }), "paid"],
    ["the journal works on it", journal({ iccid: mine }), "paid"],
    ["it came with a session that was not judged", journal({ baseline: [other] }), "paid"],
    ["there is no journal here", journal(), "unknown"],
    ["it was there before an unfinished session", journal({ baseline: [mine] }), "unknown"],
    ["the journal names another", journal({ iccid: other, installedIccid: other }), "unknown"],
  ] as const)("when %s", (_, known, payment) => {
    for (const profileClass of ["operational", undefined] as const) {
      expect(paymentOf({ iccid: mine, profileClass }, { journal: known })).toBe(payment);
    }
  });

  it("is not known when the files cannot be read", () => {
    expect(paymentOf({ iccid: mine, profileClass: "test" }, undefined)).toBe("unknown");
  });

  it.each(["test", "provisioning"] as const)("a profile of class %s comes from the factory", (profileClass) => {
    expect(paymentOf({ iccid: mine, profileClass }, { journal: journal() })).toBe("not-paid");
    // Whatever its class: what the journal names is not given away.
    expect(paymentOf({ iccid: mine, profileClass }, { journal: journal({ iccid: mine }) })).toBe("paid");
  });
});
