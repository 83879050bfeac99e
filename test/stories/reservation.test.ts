import { describe, expect, it } from "vitest";
import { parseEid } from "../../src/base/identifiers.js";
import { byHand } from "./by-hand.js";
import { configured, endOf, endsAs, provisioned, until } from "./conditions.js";
import { inField } from "./in-field.js";
import {
  byCode,
  eidOf,
  firstSid,
  listed,
  money,
  post,
  question,
  reservation,
  result,
  written,
  wrongMac,
} from "./reservation-desk.js";
import { startRewritingProxy } from "./rewriting-proxy.js";

/** A person decides a held reservation: sees what was paid, takes one up, gives one up; and nothing else than a person does. */

describe("a reservation by activation code in doubt", { concurrent: true }, () => {
  it("is found among the account's, adopted, and used: one charge", () =>
    inField({ api: [post({ do: "cut", effect: true })] }, async (field) => {
      const words = [...(await configured(field)), ...byCode];
      const held = await field.provision(words);
      expect(endOf(held)).toEqual(endsAs(79, "held", "reservation_unclear"));
      await until(() => field.charges() === 1, "what the POST made was charged");

      const before = await listed(field);
      const [charge] = before.euicc.charges;
      expect(charge).toMatchObject({ outcome: "undecided", sid: null, post: expect.any(String) });
      expect(held.report().error?.hint).toContain("`esimd reservation list`");
      expect(held.report().error?.hint).toContain(`\`esimd reservation release ${charge?.post}\``);
      const sid = firstSid(field);
      expect(before.orphans).toMatchObject([{ sid, status: "available", candidateFor: { post: charge?.post } }]);
      expect(Math.abs(before.orphans?.[0]?.candidateFor?.secondsAfterPost ?? 99)).toBeLessThanOrEqual(5);
      const text = (await field.esimd(["reservation", "list"])).stdout;
      expect(text).toMatch(new RegExp(`${sid} .*(after|before) the POST ${charge?.post} of ${eidOf(field)}`));

      const adopted = await reservation(field, ["adopt", sid, "--why", "made at the minute of the POST"]);
      expect(adopted).toMatchObject({ status: 0, stderr: "" });
      expect(result(adopted)).toMatchObject({ changed: true, sid, post: charge?.post, status: "available" });
      const again = await reservation(field, ["adopt", sid]);
      expect(result(again)).toMatchObject({ changed: false, remark: expect.stringContaining("already") });

      expect(endOf(await field.provision(words))).toEqual(provisioned);
      const after = await listed(field);
      expect(after).toMatchObject({ orphans: [], euicc: { worksOn: sid, budget: { spent: 1, allowed: 1, left: 0 } } });
      expect(after.euicc.charges).toMatchObject([
        { sid, post: charge?.post, outcome: "charged", decidedAt: expect.any(String) },
      ]);
      expect(money(field)).toEqual([1, 1]);
    }));

  it("that made nothing is given up by its POST's id, and one more is paid", () =>
    inField({ api: [post({ do: "error", status: 500 })] }, async (field) => {
      const words = [...(await configured(field)), ...byCode];
      expect(endOf(await field.provision(words))).toEqual(endsAs(79, "held", "reservation_unclear"));
      const { euicc, orphans } = await listed(field);
      expect(orphans).toEqual([]);
      const id = euicc.charges[0]?.post ?? "";
      const released = await reservation(field, ["release", id, "--confirm", id, "--why", "the invoice has nothing"]);
      expect(result(released)).toMatchObject({ changed: true, post: id, sid: null, budget: { allowed: 2, left: 1 } });
      const again = await reservation(field, ["release", id, "--confirm", id]);
      expect(result(again)).toMatchObject({ changed: false, budget: { allowed: 2, left: 1 } });

      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(money(field)).toEqual([2, 1]);
      const after = (await listed(field)).euicc;
      expect(after.budget).toEqual({ spent: 2, allowed: 2, left: 0 });
      expect(after.charges).toMatchObject([
        { post: id, outcome: "released" },
        { outcome: "charged", why: "a person gave up an earlier one" },
      ]);
    }));

  it("is not adopted out of the ledger of another eUICC", () =>
    inField({ api: [post({ do: "cut", effect: true })] }, async (field) => {
      const words = [...(await configured(field)), ...byCode];
      expect(endOf(await field.provision(words))).toEqual(endsAs(79, "held", "reservation_unclear"));
      await until(() => field.charges() === 1, "what the POST made was charged");
      const sid = firstSid(field);
      const other = parseEid("89049032000001000000000000000074", "the story");
      await written(field, (store) => store.record({ kind: "adopted", sid, why: "the story" }), other);

      const unnamed = await reservation(field, ["adopt", sid]);
      expect(unnamed.status).toBe(64);
      expect(result(unnamed)).toMatchObject({ error: { message: expect.stringContaining("2 eUICCs") } });
      const refused = await reservation(field, ["adopt", sid, "--eid", eidOf(field)]);
      expect(refused.status).toBe(65);
      expect(result(refused)).toMatchObject({ error: { code: "reservation_state" } });
      expect(endOf(await field.provision(words))).toEqual(endsAs(79, "held", "reservation_unclear"));
      expect(money(field)).toEqual([1, 1]);
    }));
});

describe("a reservation whose installation failed", { concurrent: true }, () => {
  it("is given up at a terminal, and the next run pays a second one, as a person asked", () =>
    inField(wrongMac, async (field) => {
      const words = await configured(field);
      const held = await field.provision(words);
      expect(endOf(held)).toEqual(endsAs(79, "held", "install_failed"));
      const sid = firstSid(field);
      expect(held.report().error?.hint).toContain(`\`esimd reservation release ${sid}\``);
      expect(endOf(await field.provision(words))).toMatchObject({ status: 79, state: "held" });
      expect(money(field)).toEqual([1, 1]);

      const done = await byHand(field, ["reservation", "release", sid], { answers: { [question]: sid } });
      expect(done.status).toBe(0);
      expect(done.json()).toMatchObject({
        schema: "esimd.reservation-change/1",
        eid: eidOf(field),
        action: "release",
        sid,
        changed: true,
        status: "failed",
        budget: { spent: 1, allowed: 2, left: 1 },
      });
      const ended = await field.provision(words);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report().esimProfile?.sid).not.toBe(sid);
      expect(money(field)).toEqual([2, 2]);
      // And not a third one.
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(money(field)).toEqual([2, 2]);
      const { euicc } = await listed(field, ["--port", field.world.port]);
      expect(euicc).toMatchObject({ onEuicc: [ended.report().iccid], budget: { spent: 2, allowed: 2, left: 0 } });
      expect(euicc.charges.map(({ outcome }) => outcome)).toEqual(["released", "charged"]);
    }));

  it("is not given up by --yes, nor by anything but its whole SID", () =>
    inField(wrongMac, async (field) => {
      const words = await configured(field);
      await field.provision(words);
      const sid = firstSid(field);
      const tries = [
        await byHand(field, ["reservation", "release", sid]),
        await byHand(field, ["reservation", "release", sid, "--yes"]),
        await byHand(field, ["reservation", "release", sid, "--yes", "--confirm", sid.slice(0, -1)]),
        await byHand(field, ["reservation", "release", sid, "--yes"], { answers: { [question]: "yes" } }),
        await byHand(field, ["reservation", "release", sid], { answers: { [question]: "" } }),
      ];
      for (const done of tries) {
        expect(done.status).toBe(64);
        expect(done.json()).toMatchObject({ error: { code: "not_confirmed" } });
      }
      expect(endOf(await field.provision(words))).toMatchObject({ status: 79, state: "held" });
      expect(money(field)).toEqual([1, 1]);
    }));

  it("is not adopted once the provider says that it failed", () =>
    inField(wrongMac, async (field) => {
      await field.provision(await configured(field));
      const refused = await reservation(field, ["adopt", firstSid(field)]);
      expect(refused.status).toBe(65);
      expect(result(refused)).toMatchObject({ error: { code: "reservation_state" } });
    }));

  it("is tried again once a person adopted it, where the provider has it available", () =>
    inField(wrongMac, async (field) => {
      const words = await configured(field);
      expect(endOf(await field.provision(words))).toEqual(endsAs(79, "held", "install_failed"));
      // The provider has put the order right, as far as its API says.
      const proxy = await startRewritingProxy(field.world.api.url, (_asked, body) =>
        body.replaceAll('"status":"failed"', '"status":"available"'),
      );
      try {
        const env = { ESIMD_API_URL: proxy.url };
        expect(endOf(await field.provision(words, env))).toEqual(endsAs(79, "held", "install_failed"));
        const adopted = await reservation(field, ["adopt", firstSid(field)], env);
        expect(result(adopted)).toMatchObject({ changed: true, lifts: ["burned"], budget: { spent: 1, allowed: 1 } });
        // The SM-DP+ was asked, and has not put it right.
        expect(endOf(await field.provision(words, env))).toEqual(endsAs(69, "failed", "smdp_error"));
        expect(money(field)).toEqual([1, 1]);
      } finally {
        await proxy.close();
      }
    }));
});

describe("a reservation that was given up", { concurrent: true }, () => {
  it("is taken up by no run, however alive it is at the provider; a person may take it back", () =>
    inField({}, async (field) => {
      await field.world.reserveForEuicc(new AbortController().signal);
      const sid = firstSid(field);
      const known = await byHand(field, ["reservation", "list"]);
      expect(known.json()).toMatchObject({
        euiccs: [{ charges: [], unknownToLedger: [{ sid, status: "available" }] }],
      });
      const words = ["--port", field.world.port, "--confirm", sid];
      expect(await reservation(field, ["release", sid, ...words])).toMatchObject({ status: 0 });
      const back = await reservation(field, ["adopt", sid]);
      expect(result(back)).toMatchObject({ changed: true, lifts: ["released"], budget: { spent: 1, allowed: 1 } });
      expect(await reservation(field, ["release", sid, ...words])).toMatchObject({ status: 0 });

      const ended = await field.provision([...(await configured(field)), ...byCode]);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report().esimProfile?.sid).not.toBe(sid);
      const { euicc } = await listed(field);
      expect(euicc.charges).toMatchObject([{ sid, provider: { status: "available" } }, { outcome: "charged" }]);
      expect(money(field)).toEqual([2, 2]);
    }));
});

describe("a reservation that was given up, and", { concurrent: true }, () => {
  it("the power went before the journal forgot it: the next run does, also where the provider knows it no more", () =>
    inField({}, async (field) => {
      const sid = `HP${"0".repeat(32)}`;
      await written(field, async (store) => {
        await store.record({ kind: "released", sid, by: "person", why: "the story" });
        await store.saveJournal({ reservationSid: sid });
      });
      expect(endOf(await field.provision(await configured(field)))).toEqual(provisioned);
      expect(money(field)).toEqual([1, 1]);
    }));

  it("is on the eUICC after all: it is used, and none is allowed in its place", () =>
    inField({}, async (field) => {
      const words = await configured(field);
      const { iccid } = (await field.provision(words)).report();
      const sid = firstSid(field);
      await written(field, (store) => store.record({ kind: "released", sid, by: "person", why: "the story" }));
      expect((await listed(field)).euicc.budget).toEqual({ spent: 1, allowed: 2, left: 1 });
      expect((await field.provision(words)).report()).toMatchObject({ state: "provisioned", iccid, changed: false });
      expect((await listed(field)).euicc).toMatchObject({
        budget: { spent: 1, allowed: 1, left: 0 },
        charges: [{ sid, outcome: "charged" }],
      });
      expect(money(field)).toEqual([1, 1]);
    }));
});
