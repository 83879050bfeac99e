import { describe, expect, it } from "vitest";
import type { ESimProfile } from "../../src/api/resources.js";
import { parseEid, parseIccid } from "../../src/base/identifiers.js";
import { orphansOf } from "../../src/daemon/reservations/account.js";
import type { LedgerEntry, LedgerFact } from "../../src/provision/ledger.js";
import type { Records } from "../../src/provision/store/records.js";
import { reservation } from "../support/reservation.js";

/** Which reservations of an account are nobody's, and which undecided POST may have made them. */

const eid = parseEid("89049032123451234512345678901235", "the test");
const other = parseEid("89049032000001000000000000000074", "the test");
const startMs = Date.parse("2026-01-01T00:00:00.000Z");

function records(of: typeof eid, ...facts: readonly (LedgerFact & { readonly atS?: number })[]): Records {
  const entries = facts.map(
    ({ atS = 0, ...fact }): LedgerEntry => ({ v: 1, at: new Date(startMs + atS * 1000).toISOString(), ...fact }),
  );
  return { eid: of, journal: undefined, entries, trouble: undefined };
}

function made(sid: string, atS: number, more: Partial<ESimProfile> = {}): ESimProfile {
  return reservation(sid, "available", { dateCreatedMs: startMs + atS * 1000, ...more });
}

const post = (id: string, atS: number) =>
  ({ kind: "intent", id, method: "activation-code", why: "test", atS }) as const;

function seen(account: readonly ESimProfile[], ...all: readonly Records[]): readonly string[] {
  return orphansOf(account, all).map(
    ({ reservation, post: near }) =>
      `${reservation.sid} ${near === undefined ? "-" : `${near.id} ${near.afterMs / 1000}`}`,
  );
}

describe("orphans of an account", () => {
  const iccid = parseIccid("89883070000000000016", "the test");
  it.each<[string, ESimProfile, readonly string[]]>([
    ["unclaimed and made by activation code", made("HP1", 5), ["HP1 i1 5"]],
    ["still under way", made("HP1", 5, { status: "reserving" }), ["HP1 i1 5"]],
    ["charged, and failed", made("HP1", 5, { status: "failed", iccid }), ["HP1 i1 5"]],
    ["failed, and not charged", made("HP1", 5, { status: "failed" }), []],
    ["made for an EID", made("HP1", 5, { eid: other }), []],
    ["claimed by an eUICC that is not told", made("HP1", 5, { status: "downloaded" }), []],
    ["without a time", made("HP1", 5, { dateCreatedMs: undefined }), ["HP1 -"]],
    ["named in a ledger here", made("HP7", 5), []],
  ])("%s", (_name, one, expected) => {
    const named = records(other, { kind: "adopted", sid: "HP7", why: "test" });
    expect(seen([one], records(eid, post("i1", 0)), named)).toEqual(expected);
  });

  it("belong to the POST that is nearest, whosever it is", () => {
    const mine = records(eid, post("i1", 0), { kind: "unclear", id: "i1" });
    const theirs = records(other, post("i2", 100));
    expect(seen([made("HP1", 3), made("HP2", 98)], mine, theirs)).toEqual(["HP1 i1 3", "HP2 i2 -2"]);
  });

  it("belong to no POST that is decided, nor to one by EID", () => {
    const decided = records(
      eid,
      post("i1", 0),
      { kind: "intent-released", id: "i1", by: "person", why: "test" },
      { kind: "intent", id: "i2", method: "eid", why: "test" },
      post("i3", 0),
      { kind: "created", id: "i3", sid: "HP9" },
    );
    expect(seen([made("HP1", 3)], decided)).toEqual(["HP1 -"]);
  });
});
