import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseEid } from "../../src/base/identifiers.js";
import { realProcesses } from "../../src/provision/store/lock.js";
import { storeFolder } from "../../src/provision/store/store.js";
import { byHand, listed, orderByEid } from "./by-hand.js";
import { endOf, endsAs, provisioned, until } from "./conditions.js";
import type { Field } from "./field.js";
import { inField } from "./in-field.js";

/** Deleting a profile: the one thing that cannot be undone, so that nothing but a person's own words does it (rule 2). */

const host = ["--lpa", "host"];

function remove(field: Field, words: readonly string[], hands: Parameters<typeof byHand>[2] = {}) {
  return byHand(field, ["profile", "delete", ...words, ...host], hands);
}

const irrevocable = "--irrevocable";

/** A field whose eUICC has one disabled profile that came by hand: who paid for it, esimd cannot know. */
function withProfile(story: (field: Field, iccid: string) => Promise<void>): Promise<void> {
  return inField({ dialect: "etsi-apdu" }, async (field) => {
    const iccid = orderByEid(field);
    const words = ["profile", "download", "--smdp", field.world.smdpAddress, ...host];
    expect(await byHand(field, words)).toMatchObject({ status: 0 });
    await story(field, iccid);
  });
}

const question = "Type its whole ICCID: ";

describe.concurrent("a profile that came by hand", () => {
  it("is not deleted without its ICCID, whatever else is said", () =>
    withProfile(async (field, iccid) => {
      const other = iccid.replace(/.$/, (last) => String((Number(last) + 1) % 10));
      const tries = [
        await remove(field, [iccid, "--yes"]),
        await remove(field, [iccid, "--yes", irrevocable]),
        await remove(field, [iccid, irrevocable, "--confirm", other]),
        await remove(field, [iccid, irrevocable, "--confirm", iccid.slice(-8)]),
        await remove(field, [iccid, irrevocable, "--yes"], { answers: { [question]: "yes" } }),
        await remove(field, [iccid, irrevocable], { answers: { [question]: "" } }),
        await remove(field, [iccid, irrevocable], { answers: { [question]: other } }),
      ];
      for (const done of tries) {
        expect(done.status).toBe(64);
        expect(done.json()).toMatchObject({ error: { code: "not_confirmed" } });
      }
      expect((await listed(field, host)).profiles).toMatchObject([{ iccid, paid: null }]);
      expect(field.world.smdp.notifications().map(({ kind }) => kind)).toEqual(["install"]);
    }));

  it("may be of a code that was reserved at the API, so that its ICCID alone does not delete it", () =>
    withProfile(async (field, iccid) => {
      for (const [words, hands] of [
        [[iccid, "--confirm", iccid], {}],
        [[iccid], { answers: { [question]: iccid } }],
      ] as const) {
        const refused = await remove(field, words, hands);
        expect(refused.status).toBe(64);
        expect(refused.json()).toMatchObject({ error: { hint: expect.stringContaining(irrevocable) } });
      }
      expect((await listed(field, host)).profiles).toMatchObject([{ iccid }]);
    }));

  it.each(["typed", "given"] as const)("is deleted when its ICCID is %s, and its SM-DP+ hears of it", (how) =>
    withProfile(async (field, iccid) => {
      const done =
        how === "given"
          ? await remove(field, [iccid, irrevocable, "--confirm", iccid])
          : await remove(field, [iccid.slice(-6), irrevocable], { answers: { [question]: iccid } });
      expect(done.status).toBe(0);
      expect(done.json()).toMatchObject({ changed: true, iccid, state: "deleted", notifications: "delivered" });
      expect((await listed(field, host)).profiles).toEqual([]);
      const heard = field.world.smdp.notifications().map(({ kind, verified }) => [kind, verified]);
      expect(heard).toEqual([
        ["install", true],
        ["delete", true],
      ]);
      const again = await remove(field, [iccid, "--confirm", iccid]);
      expect(again).toMatchObject({ status: 65 });
      expect(again.json()).toMatchObject({ error: { code: "profile_unknown" } });
    }),
  );

  it("is not deleted while it is enabled, and the next step is named", () =>
    withProfile(async (field, iccid) => {
      expect(await byHand(field, ["profile", "enable", iccid, ...host])).toMatchObject({ status: 0 });
      const done = await remove(field, [iccid, "--confirm", iccid, "--irrevocable"]);
      expect(done.status).toBe(65);
      expect(done.json()).toMatchObject({ error: { code: "profile_state" } });
      // The hint is a command that works as it stands on stderr, where ICCIDs are masked.
      const plain = await byHand(field, ["profile", "delete", iccid, "--confirm", iccid, ...host], { plain: true });
      const [, ...hint] = /esimd (profile) (disable) (\d+)$/m.exec(plain.stderr.trimEnd()) ?? [];
      expect(hint).toEqual(["profile", "disable", iccid.slice(-6)]);
      expect(await byHand(field, [...hint, ...host])).toMatchObject({ status: 0 });
      expect(await byHand(field, ["profile", "enable", iccid, ...host])).toMatchObject({ status: 0 });
      expect((await listed(field, host)).profiles).toMatchObject([{ iccid, state: "enabled" }]);
    }));

  it("counts as paid for while esimd's own files cannot be read", () =>
    withProfile(async (field, iccid) => {
      const folder = storeFolder(stateDirOf(field), parseEid(field.world.modem.euicc.eid, "the story"));
      await writeFile(join(folder, "journal.json"), "not a journal\n");
      expect((await listed(field, host)).profiles).toMatchObject([{ iccid, paid: null }]);
      const refused = await remove(field, [iccid, "--confirm", iccid]);
      expect(refused.status).toBe(64);
      expect(refused.json()).toMatchObject({
        error: {
          message: expect.stringContaining("may have been paid for"),
          hint: expect.stringContaining("--irrevocable"),
        },
      });
      expect(await remove(field, [iccid, "--confirm", iccid, "--irrevocable"])).toMatchObject({ status: 0 });
      expect((await listed(field, host)).profiles).toEqual([]);
    }));
});

describe.concurrent("a profile of the factory", () => {
  it("was never for sale: its ICCID is enough", () =>
    inField({ dialect: "etsi-apdu", bootstrap: true }, async (field) => {
      const [{ iccid } = { iccid: "" }] = (await listed(field, host)).profiles;
      expect(await byHand(field, ["profile", "disable", iccid, ...host])).toMatchObject({ status: 0 });
      expect((await listed(field, host)).profiles).toMatchObject([{ iccid, class: "provisioning", paid: false }]);
      expect((await remove(field, [iccid, "--confirm", iccid])).json()).toMatchObject({ state: "deleted" });
    }));
});

describe.concurrent("a profile that was paid for", () => {
  it("is not deleted by its ICCID alone where the state folder is lost, or is another", () =>
    inField({ dialect: "etsi-apdu", lpa: "host" }, async (field) => {
      const ended = await field.provision();
      expect(endOf(ended)).toEqual(provisioned);
      const iccid = ended.report().iccid ?? "";
      expect(await byHand(field, ["profile", "disable", iccid, ...host])).toMatchObject({ status: 0 });
      const elsewhere = { env: { ESIMD_STATE_DIR: join(field.dir, "blank") } };
      const list = await byHand(field, ["profile", "list", ...host], elsewhere);
      expect(list.json()).toMatchObject({ profiles: [{ iccid, paid: null }] });
      const refused = await remove(field, [iccid, "--confirm", iccid], elsewhere);
      expect(refused.status).toBe(64);
      expect(refused.json()).toMatchObject({ error: { code: "not_confirmed" } });
      expect(field.world.modem.euicc.profiles).toMatchObject([{ iccid }]);
    }));

  it.each([
    ["twilio", "reservation_installed"],
    ["none", "profile_missing"],
  ] as const)("wants one more word; afterwards no run pays again by itself (provider %s)", (provider, code) =>
    inField({ dialect: "etsi-apdu", lpa: "host" }, async (field) => {
      if (provider === "none") await field.world.reserveForEuicc(new AbortController().signal);
      const charges = 1;
      const words = ["--provider", provider];
      const first = await field.provision(words);
      expect(endOf(first)).toEqual(provisioned);
      const iccid = first.report().iccid ?? "";
      expect((await listed(field, host)).profiles).toMatchObject([{ iccid, state: "enabled", paid: true }]);
      expect(await byHand(field, ["profile", "disable", iccid, ...host])).toMatchObject({ status: 0 });

      const refused = await remove(field, [iccid, "--confirm", iccid, "--yes"]);
      expect(refused.status).toBe(64);
      expect(refused.json()).toMatchObject({ error: { hint: expect.stringContaining("--irrevocable") } });
      expect(field.world.modem.euicc.profiles).toHaveLength(1);
      const deleted = await remove(field, [iccid, "--confirm", iccid, "--irrevocable"]);
      expect(deleted.json()).toMatchObject({ changed: true, state: "deleted" });

      const next = await field.provision(words);
      expect(endOf(next)).toEqual(endsAs(79, "held", code));
      expect(field.charges()).toBe(charges);
    }),
  );
});

describe.concurrent("a profile command beside another esimd", () => {
  it("waits its turn on an eUICC that another process works on; to look is free", () =>
    withProfile(async (field, iccid) => {
      const lock = join(storeFolder(stateDirOf(field), parseEid(field.world.modem.euicc.eid, "the story")), "lock");
      await mkdir(dirname(lock), { recursive: true });
      await writeFile(lock, `${process.ppid} ${realProcesses.birthOf(process.ppid)}\n`);
      for (const words of [
        ["enable", iccid],
        ["delete", iccid, "--confirm", iccid],
        ["nickname", iccid, "x"],
        ["download", "--smdp", field.world.smdpAddress],
      ]) {
        const done = await byHand(field, ["profile", ...words, ...host]);
        expect(done.status).toBe(75);
        expect(done.json()).toMatchObject({ error: { code: "state_locked" } });
      }
      expect((await listed(field, host)).profiles).toMatchObject([{ iccid, state: "disabled", nickname: null }]);
    }));

  it("does not disturb one that holds the port", () =>
    inField({ dialect: "etsi-apdu", world: { delayMs: 15 } }, async (field) => {
      const iccid = orderByEid(field);
      const words = ["profile", "download", "--smdp", field.world.smdpAddress, ...host];
      const first = byHand(field, words);
      const isAtWork = (): boolean => field.world.modem.transcript.some(({ text }) => text.startsWith("AT+CGLA"));
      await until(isAtWork, "the first one is at work");
      const second = await byHand(field, ["profile", "list", ...host]);
      expect(second).toMatchObject({ status: 75 });
      expect(second.json()).toMatchObject({ error: { code: "port_busy" } });
      expect((await first).json()).toMatchObject({ changed: true, iccid });
    }));
});

function stateDirOf(field: Field): string {
  return field.env["ESIMD_STATE_DIR"] ?? "";
}
