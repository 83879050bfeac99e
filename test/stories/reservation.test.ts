import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { VirtualClock } from "../../src/base/clock.js";
import { parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import { realDisk } from "../../src/provision/store/disk.js";
import { realProcesses } from "../../src/provision/store/lock.js";
import { openStore, type Store, storeFolder } from "../../src/provision/store/store.js";
import { byHand } from "./by-hand.js";
import { configured, endOf, endsAs, provisioned, reservationPosts, until } from "./conditions.js";
import { type Ended, type Field, type FieldOptions, lastLine } from "./field.js";
import { inField } from "./in-field.js";
import { startRewritingProxy } from "./rewriting-proxy.js";

/** A person decides a held reservation: sees what was paid, takes one up, gives one up; and nothing else than a person does. */

const post = (...actions: BehaviourInput["actions"]): BehaviourInput => ({
  match: { method: "POST", path: "/v1/ESimProfiles", nth: 1 },
  actions,
});
const byCode = ["--method", "activation-code"];
const wrongMac: FieldOptions = {
  smdp: { behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "wrong-mac" } }] },
};
const question = "Type its id: ";

const chargeSchema = z.object({
  why: z.string(),
  outcome: z.string(),
  sid: z.string().nullable(),
  post: z.string().nullable(),
  decidedAt: z.string().nullable(),
  provider: z.object({ status: z.string(), iccid: z.string().nullable() }).nullable(),
});
const listSchema = z.object({
  schema: z.literal("esimd.reservations/1"),
  provider: z.object({ name: z.string(), asked: z.boolean(), error: z.object({ code: z.string() }).nullable() }),
  euiccs: z.array(
    z.object({
      eid: z.string(),
      worksOn: z.string().nullable(),
      budget: z.object({ spent: z.number(), allowed: z.number(), left: z.number() }).nullable(),
      onEuicc: z.array(z.string()).nullable(),
      charges: z.array(chargeSchema),
      unknownToLedger: z.array(z.object({ sid: z.string() })).nullable(),
    }),
  ),
  orphans: z
    .array(
      z.object({
        sid: z.string(),
        status: z.string(),
        candidateFor: z.object({ post: z.string(), secondsAfterPost: z.number() }).nullable(),
      }),
    )
    .nullable(),
});

/** `esimd reservation WORDS`, without the modem. */
function reservation(field: Field, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return field.esimd(["reservation", ...words, "--json"], env);
}

async function listed(field: Field, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const ended = await reservation(field, ["list", ...words], env);
  expect(ended).toMatchObject({ status: 0, stderr: "" });
  const list = listSchema.parse(JSON.parse(lastLine(ended.stdout)));
  const [euicc] = list.euiccs;
  if (euicc === undefined) throw new Error("the list has no eUICC");
  return { ...list, euicc };
}

function result(ended: Pick<Ended, "stdout">): unknown {
  return JSON.parse(lastLine(ended.stdout));
}

function money(field: Field): readonly [number, number] {
  return [reservationPosts(field), field.charges()];
}

function firstSid(field: Field): string {
  return field.world.api.ledger()[0]?.sid ?? "";
}

function eidOf(field: Field) {
  return parseEid(field.world.modem.euicc.eid, "the story");
}

function stateDirOf(field: Field): string {
  return field.env["ESIMD_STATE_DIR"] ?? "";
}

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

/** Writes into the files of the field's eUICC what a command or a power cut left there. */
async function written(field: Field, work: (store: Store) => Promise<void>, eid = eidOf(field)): Promise<void> {
  const parts = { disk: realDisk, processes: realProcesses, clock: new VirtualClock(), log: silentLog };
  const store = await openStore(stateDirOf(field), eid, parts);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

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

describe("a reservation whose profile is installed", { concurrent: true }, () => {
  it("is not given up, whether the journal says so or the eUICC", () =>
    inField({}, async (field) => {
      const words = await configured(field);
      const { iccid } = (await field.provision(words)).report();
      const sid = firstSid(field);
      for (const more of [[], ["--port", field.world.port]]) {
        const refused = await reservation(field, ["release", sid, "--confirm", sid, ...more]);
        expect(refused.status).toBe(65);
        expect(result(refused)).toMatchObject({
          error: { code: "reservation_state", message: expect.stringContaining("is installed on this eUICC") },
        });
      }
      expect((await listed(field)).euicc).toMatchObject({ budget: { spent: 1, allowed: 1 } });
      expect((await field.provision(words)).report()).toMatchObject({ iccid, changed: false });
      expect(money(field)).toEqual([1, 1]);
    }));

  it("is given up after its profile was deleted, when the eUICC itself says so", () =>
    inField({ dialect: "etsi-apdu", lpa: "host" }, async (field) => {
      const host = ["--lpa", "host"];
      const words = await configured(field);
      const iccid = (await field.provision(words)).report().iccid ?? "";
      await byHand(field, ["profile", "disable", iccid, ...host]);
      const deletion = ["profile", "delete", iccid, "--confirm", iccid, "--irrevocable", ...host];
      expect(await byHand(field, deletion)).toMatchObject({ status: 0 });
      const held = await field.provision(words);
      expect(endOf(held)).toEqual(endsAs(79, "held", "reservation_installed"));
      const sid = firstSid(field);
      const next = `esimd reservation release ${sid} --port ${field.world.port}`;
      expect(held.report().error?.hint).toContain(`\`${next}\``);

      const blind = await reservation(field, ["release", sid, "--confirm", sid]);
      expect(result(blind)).toMatchObject({ error: { hint: expect.stringContaining("--port") } });
      const command = next.split(" ").slice(1);
      expect(await field.esimd([...command, "--confirm", sid, ...host])).toMatchObject({ status: 0 });
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(money(field)).toEqual([2, 2]);
    }));
});

describe("the reservation commands", { concurrent: true }, () => {
  it("wait for a run that works on the eUICC; to look is free", () =>
    inField(wrongMac, async (field) => {
      await field.provision(await configured(field));
      const sid = firstSid(field);
      const folder = storeFolder(stateDirOf(field), eidOf(field));
      const lock = join(folder, "lock");
      await mkdir(dirname(lock), { recursive: true });
      await writeFile(lock, `${process.ppid} ${realProcesses.birthOf(process.ppid)}\n`);
      for (const words of [
        ["release", sid, "--confirm", sid],
        ["adopt", sid],
      ]) {
        const ended = await reservation(field, words);
        expect(ended.status).toBe(75);
        expect(result(ended)).toMatchObject({ error: { code: "state_locked" } });
      }
      expect((await listed(field)).euicc.charges).toMatchObject([{ sid, outcome: "burned" }]);
    }));

  it("show what is known while the provider cannot be asked, or is not to be", () =>
    inField(wrongMac, async (field) => {
      await field.provision(await configured(field));
      const sid = firstSid(field);
      const nobody = { ESIMD_API_URL: "http://127.0.0.1:9" };
      const unreachable = await listed(field, [], nobody);
      expect(unreachable).toMatchObject({
        provider: { asked: false, error: { code: "api_unreachable" } },
        orphans: null,
        euicc: { charges: [{ sid, outcome: "burned", provider: null }], unknownToLedger: null },
      });
      const text = await field.esimd(["reservation", "list"], nobody);
      expect(text.stdout).toContain("the provider could not be asked");
      const without = await listed(field, ["--provider", "none"]);
      expect(without.provider).toMatchObject({ asked: false, error: { code: "credentials_missing" } });

      const before = field.world.api.requests().length;
      const offline = await listed(field, ["--offline"]);
      expect(offline).toMatchObject({ provider: { asked: false, error: null }, euicc: { charges: [{ sid }] } });
      expect(field.world.api.requests()).toHaveLength(before);

      // What the ledger knows can be given up without the provider; what it does not know cannot.
      const stranger = await reservation(field, ["release", "HP0", "--confirm", "HP0"], nobody);
      expect(result(stranger)).toMatchObject({ error: { code: "api_unreachable" } });
      const known = await reservation(field, ["release", sid, "--confirm", sid], nobody);
      expect(known).toMatchObject({ status: 0, stderr: expect.stringContaining("could not be asked") });
    }));

  it("know nothing of a SID that nobody knows, and never POST", () =>
    inField(wrongMac, async (field) => {
      await field.provision(await configured(field));
      const sid = `HP${"0".repeat(32)}`;
      for (const words of [
        ["adopt", sid],
        ["release", sid, "--confirm", sid],
      ]) {
        const ended = await reservation(field, words);
        expect(ended.status).toBe(65);
        expect(result(ended)).toMatchObject({ error: { code: "reservation_unknown" } });
      }
      const posts = field.world.api.requests().filter(({ method }) => method === "POST");
      expect(posts.filter(({ path }) => path === "/v1/ESimProfiles")).toHaveLength(1);
    }));

  it("refuse an eUICC that is not the modem's", () =>
    inField({}, async (field) => {
      const other = "89049032000001000000000000000074";
      const ended = await byHand(field, ["reservation", "list", "--eid", other]);
      expect(ended.json()).toMatchObject({ error: { code: "eid_mismatch" } });
    }));

  it("decide nothing in a ledger that is damaged, and list the others' all the same", () =>
    inField(wrongMac, async (field) => {
      await field.provision(await configured(field));
      const sid = firstSid(field);
      await writeFile(join(storeFolder(stateDirOf(field), eidOf(field)), "ledger.jsonl"), "not a ledger\n");
      for (const words of [
        ["adopt", sid],
        ["release", sid, "--confirm", sid],
      ]) {
        const ended = await reservation(field, words);
        expect(ended.status).toBe(79);
        expect(result(ended)).toMatchObject({ error: { code: "ledger_damaged" } });
      }
      expect((await listed(field)).euicc).toMatchObject({ budget: null, unknownToLedger: [{ sid }] });
      expect((await field.esimd(["status"])).stdout).toContain("the ledger cannot be used: line 1 is not JSON");
    }));
});

describe("a ledger that is damaged", { concurrent: true }, () => {
  const spoil = (field: Field) =>
    writeFile(join(storeFolder(stateDirOf(field), eidOf(field)), "ledger.jsonl"), "not a ledger\n");

  it("holds what would be paid for, until a person has it made anew: what was paid counts again", () =>
    inField(wrongMac, async (field) => {
      const words = await configured(field);
      await field.provision(words);
      await spoil(field);
      const held = await field.provision(words);
      expect(endOf(held)).toEqual(endsAs(79, "held", "ledger_damaged"));
      expect(held.report().error?.hint).toContain("`esimd reservation rebuild`");
      const eid = eidOf(field);
      const question = "Type the EID: ";
      const tries = [
        await byHand(field, ["reservation", "rebuild", "--yes"]),
        await byHand(field, ["reservation", "rebuild"], { answers: { [question]: "yes" } }),
      ];
      for (const done of tries) expect(done.status).toBe(64);
      const offline = await reservation(field, ["rebuild", "--confirm", eid], { ESIMD_API_URL: "http://127.0.0.1:9" });
      expect(offline.status).toBe(69);
      expect(endOf(await field.provision(words))).toEqual(endsAs(79, "held", "ledger_damaged"));

      const done = await byHand(field, ["reservation", "rebuild"], { answers: { [question]: eid } });
      expect(done.json()).toMatchObject({ changed: true, kept: 0, lost: 1, budget: { spent: 1, allowed: 1, left: 0 } });
      const { setAside } = z.object({ setAside: z.string() }).parse(done.json());
      expect(await readFile(setAside, "utf8")).toBe("not a ledger\n");
      expect(endOf(await field.provision(words))).toEqual(endsAs(79, "held", "reservation_lost"));
      expect(money(field)).toEqual([1, 1]);
      const again = await reservation(field, ["rebuild"]);
      expect(result(again)).toMatchObject({ changed: false });

      const sid = firstSid(field);
      expect(await reservation(field, ["release", sid, "--confirm", sid])).toMatchObject({ status: 0 });
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(money(field)).toEqual([2, 2]);
    }));
});
