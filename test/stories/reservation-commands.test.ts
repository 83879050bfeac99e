import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { realProcesses } from "../../src/provision/store/lock.js";
import { storeFolder } from "../../src/provision/store/store.js";
import { byHand } from "./by-hand.js";
import { configured, endOf, endsAs, provisioned } from "./conditions.js";
import type { Field } from "./field.js";
import { inField } from "./in-field.js";
import { eidOf, firstSid, listed, money, reservation, result, stateDirOf, wrongMac } from "./reservation-desk.js";

/** What the `esimd reservation` commands refuse, and what they do where something is missing: the lock, the provider, the ledger. */

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
