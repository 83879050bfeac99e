import { describe, expect, it } from "vitest";
import type { ESimProfile, ESimProfileStatus } from "../../src/api/resources.js";
import { parseEid, parseIccid } from "../../src/base/identifiers.js";
import {
  type Hand,
  type Judgement,
  judgeAdoption,
  judgeRelease,
  judgeReleaseOfPost,
  type ProviderWord,
} from "../../src/provision/by-hand.js";
import { foldLedger, type LedgerFact } from "../../src/provision/ledger.js";
import { reservation } from "../support/reservation.js";

/** What a person may adopt and give up: tables of cases. */

const eid = parseEid("89049032123451234512345678901235", "the test");
const otherEid = parseEid("89049032000001000000000000000074", "the test");
const ours = parseIccid("89883070000000000016", "the test");
const second = parseIccid("89883070000000000024", "the test");
const at = "2026-01-01T00:00:00.000Z";
const atMs = Date.parse(at);

const first = (status: ESimProfileStatus, more: Partial<ESimProfile> = {}): ESimProfile =>
  reservation("HP1", status, more);

interface State {
  readonly ledger?: readonly LedgerFact[];
  readonly journal?: Partial<Hand["journal"]>;
  readonly onEuicc?: Hand["onEuicc"];
}

function hand({ ledger = [], journal = {}, onEuicc }: State): Hand {
  const money = foldLedger(ledger.map((fact) => ({ v: 1 as const, at, ...fact })));
  const blank = { reservationSid: null, iccid: null, installedIccid: null, provisioned: false };
  return { eid, money, journal: { ...blank, ...journal }, onEuicc };
}

const intent = (id: string, method: "eid" | "activation-code"): LedgerFact => ({
  kind: "intent",
  id,
  method,
  why: "x",
});
const charged: LedgerFact = { kind: "charged", sid: "HP1" };
const burned: LedgerFact = { kind: "burned", sid: "HP1", why: "install error" };
const released: LedgerFact = { kind: "released", sid: "HP1", by: "person", why: "x" };
const code = "activation-code";

/** A judgement in one line. */
function said(judgement: Judgement): string {
  if (judgement.kind === "refuse") return `${judgement.code}: ${judgement.message}`;
  if (judgement.kind === "nothing") return "nothing";
  const { fact } = judgement;
  if (fact.kind !== "adopted") return fact.kind;
  return [
    "adopted",
    ...(fact.lifts ?? []).map((one) => `lifts ${one}`),
    ...(fact.id === undefined ? [] : [`settles ${fact.id}`]),
  ].join(" ");
}

describe("an adoption by a person", () => {
  const installed = { reservationSid: "HP9", installedIccid: second, provisioned: true };
  it.each<[string, ESimProfile, State, string | RegExp]>([
    ["one for this EID that no ledger knows", first("available", { eid }), {}, "adopted"],
    ["one under way", first("reserving", { eid }), {}, "adopted"],
    ["one that was claimed and not installed", first("downloaded", { eid }), {}, "adopted"],
    ["an unclaimed one by activation code", first("available"), {}, "adopted"],
    [
      "the one it works on already",
      first("available", { eid }),
      { ledger: [charged], journal: { reservationSid: "HP1" } },
      "nothing",
    ],
    ["one that the journal lost", first("available"), { ledger: [charged] }, "adopted"],
    ["another eUICC's", first("available", { eid: otherEid }), {}, /^reservation_state: .* is for the EID 8904…0074/],
    ["a failed one", first("failed", { eid }), {}, /^reservation_state: .* is failed/],
    ["an installed one", first("installed", { eid }), {}, /^reservation_state: .* is installed/],
    ["one with a status that nobody knows", first("unknown:paused", { eid }), {}, /^reservation_state: .* is paused/],
    ["a burned one", first("available", { eid }), { ledger: [charged, burned] }, "adopted lifts burned"],
    ["one given up", first("available", { eid }), { ledger: [charged, released] }, "adopted lifts released"],
    [
      "both",
      first("available", { eid }),
      { ledger: [charged, burned, released] },
      "adopted lifts burned lifts released",
    ],
    [
      "while a POST by activation code waits",
      first("available"),
      { ledger: [intent("i1", code)] },
      "adopted settles i1",
    ],
    [
      "while one stayed unclear",
      first("available"),
      { ledger: [intent("i1", code), { kind: "unclear", id: "i1" }] },
      "adopted settles i1",
    ],
    [
      "by EID while a POST by activation code waits",
      first("available", { eid }),
      { ledger: [intent("i1", code)] },
      "adopted",
    ],
    ["by activation code while a POST by EID waits", first("available"), { ledger: [intent("i1", "eid")] }, "adopted"],
    [
      "one made long before the POST",
      first("available", { dateCreatedMs: atMs - 3_600_000 }),
      { ledger: [intent("i1", code)] },
      "adopted",
    ],
    ["one that a POST long known made", first("available"), { ledger: [charged, intent("i1", code)] }, "adopted"],
    [
      "while a run left another profile enabled",
      first("available"),
      { journal: installed },
      /^reservation_state: .* 8988…0024 of another/,
    ],
    ["that profile is gone, the eUICC says", first("available"), { journal: installed, onEuicc: [] }, "adopted"],
    [
      "that profile is there, the eUICC says",
      first("available"),
      { journal: { ...installed, provisioned: false }, onEuicc: [second] },
      /^reservation_state/,
    ],
  ])("%s", (_name, one, state, expected) => {
    const judged = said(judgeAdoption(hand(state), one, undefined, undefined));
    if (typeof expected === "string") expect(judged).toBe(expected);
    else expect(judged).toMatch(expected);
  });

  it("takes none that another eUICC's ledger names", () => {
    expect(said(judgeAdoption(hand({}), first("available"), { eid: otherEid }, undefined))).toMatch(/8904…0074/);
  });

  it("is of the POST that is nearest in time", () => {
    const facts = [intent("i1", code), { kind: "unclear", id: "i1" } as const, intent("i2", code)];
    const money = foldLedger(
      facts.map((fact, index) => ({ v: 1 as const, at: new Date(atMs + index * 3_600_000).toISOString(), ...fact })),
    );
    const made = (afterMs: number): string =>
      said(
        judgeAdoption(
          { ...hand({}), money },
          first("available", { dateCreatedMs: atMs + afterMs }),
          undefined,
          undefined,
        ),
      );
    expect([made(5_000), made(2 * 3_600_000 + 5_000)]).toEqual(["adopted settles i1", "adopted settles i2"]);
  });

  it("says who decided and why", () => {
    expect(judgeAdoption(hand({}), first("available"), undefined, "read off the invoice")).toMatchObject({
      fact: { by: "person", why: "read off the invoice" },
    });
  });
});

describe("a release by a person", () => {
  const found = (one: ESimProfile): ProviderWord => ({ kind: "found", reservation: one });
  const missing: ProviderWord = { kind: "missing" };
  const unasked: ProviderWord = { kind: "unasked" };
  const works = { reservationSid: "HP1", iccid: ours, installedIccid: ours };
  it.each<[string, ProviderWord, State, string | RegExp]>([
    [
      "a charged one that failed",
      found(first("failed", { eid, iccid: ours })),
      { ledger: [charged, burned] },
      "released",
    ],
    ["a live one", found(first("available", { eid })), { ledger: [charged] }, "released"],
    ["one for this EID that the ledger does not know", found(first("available", { eid })), {}, "released"],
    ["one that the provider lost", missing, { ledger: [charged] }, "released"],
    ["one that nobody could be asked about", unasked, { ledger: [charged] }, "released"],
    ["one given up before", found(first("available", { eid })), { ledger: [released] }, "nothing"],
    ["one that nobody knows", missing, {}, /^reservation_unknown/],
    ["one that only the provider could know", unasked, {}, /^reservation_unknown/],
    ["another eUICC's", found(first("available", { eid: otherEid })), {}, /^reservation_state: .* is for the EID/],
    ["an unclaimed one that no ledger names", found(first("available")), {}, /^reservation_state: no ledger names/],
    [
      "one that was not charged",
      found(first("failed", { eid })),
      { ledger: [{ kind: "created", id: "i1", sid: "HP1" }] },
      /^reservation_state: .* before it was charged/,
    ],
    [
      "one that was not charged, as the ledger says",
      unasked,
      { ledger: [{ kind: "uncharged", sid: "HP1" }] },
      /^reservation_state/,
    ],
    [
      "installed, by the journal",
      found(first("installed", { eid, iccid: ours })),
      { ledger: [charged], journal: works },
      /^reservation_state: .* 8988…0016 .* its journal says/,
    ],
    ["installed, by the journal, offline", unasked, { ledger: [charged], journal: works }, /^reservation_state/],
    [
      "installed, by the provider's ICCID",
      found(first("installed", { eid, iccid: ours })),
      { ledger: [charged], journal: { installedIccid: ours } },
      /^reservation_state/,
    ],
    [
      "installed as another profile than the reserved one",
      unasked,
      { ledger: [charged], journal: { ...works, installedIccid: second } },
      /8988…0024/,
    ],
    [
      "installed by the journal, and gone from the eUICC",
      found(first("installed", { eid, iccid: ours })),
      { ledger: [charged], journal: works, onEuicc: [second] },
      "released",
    ],
    [
      "installed, by the eUICC alone",
      found(first("installed", { eid, iccid: ours })),
      { ledger: [charged], onEuicc: [ours] },
      /^reservation_state/,
    ],
    [
      "another one while the journal's is installed",
      found(first("failed", { eid, iccid: second })),
      { ledger: [charged], journal: { reservationSid: "HP9", iccid: ours, installedIccid: ours } },
      "released",
    ],
  ])("%s", (_name, word, state, expected) => {
    const judged = said(judgeRelease(hand(state), "HP1", word, undefined));
    if (typeof expected === "string") expect(judged).toBe(expected);
    else expect(judged).toMatch(expected);
  });

  it("of a POST is made once", () => {
    const waits = hand({ ledger: [intent("i1", code)] }).money;
    expect(judgeReleaseOfPost(waits, "i1", "why not")).toEqual({
      kind: "record",
      fact: { kind: "intent-released", id: "i1", by: "person", why: "why not" },
    });
    const done = hand({
      ledger: [intent("i1", code), { kind: "intent-released", id: "i1", by: "person", why: "x" }],
    }).money;
    expect(judgeReleaseOfPost(done, "i1", undefined).kind).toBe("nothing");
  });
});
