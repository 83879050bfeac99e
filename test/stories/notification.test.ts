import { describe, expect, it } from "vitest";
import { z } from "zod";
import { byHand, listed, orderByCode, orderByEid } from "./by-hand.js";
import { configured } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { inField } from "./in-field.js";

/** What the eUICC still has to tell its SM-DP+, by hand. */

const host = ["--lpa", "host"];

const listSchema = z.object({
  schema: z.literal("esimd.notifications/1"),
  notifications: z.array(
    z.object({
      seqNumber: z.number(),
      operation: z.string().nullable(),
      iccid: z.string().nullable(),
      address: z.string(),
      onEuicc: z.boolean(),
      inOutbox: z.boolean(),
    }),
  ),
});

async function owed(field: Field) {
  const done = await byHand(field, ["notification", "list", ...host]);
  expect(done.status).toBe(0);
  return listSchema.parse(done.json()).notifications;
}

function notification(field: Field, words: readonly string[], hands: Parameters<typeof byHand>[2] = {}) {
  return byHand(field, ["notification", ...words, ...host], hands);
}

/** An SM-DP+ that takes no notification for so many calls. */
function deaf(times: number): FieldOptions {
  const behaviours = [{ function: "handleNotification", times, do: { kind: "http", status: 503 } } as const];
  return { dialect: "etsi-apdu", lpa: "host", smdp: { behaviours } };
}

/** Downloads and enables what the SM-DP+ has for the eUICC; nothing of it is told. */
async function untold(field: Field): Promise<string> {
  const iccid = orderByEid(field);
  const downloaded = await byHand(field, ["profile", "download", "--smdp", field.world.smdpAddress, ...host]);
  expect(downloaded.json()).toMatchObject({ changed: true, iccid, notifications: "kept" });
  const enabled = await byHand(field, ["profile", "enable", iccid, ...host]);
  expect(enabled.json()).toMatchObject({ changed: true, notifications: "kept" });
  return iccid;
}

/** The download tries to tell its result twice; after enabling it is tried again, and nothing overtakes it. */
const untoldCalls = 3;
const everyTime = 10_000;

describe.concurrent("notifications that the SM-DP+ did not take", () => {
  it("are listed, told in their order once it listens, and then forgotten", () =>
    inField(deaf(untoldCalls), async (field) => {
      const iccid = await untold(field);
      const before = await owed(field);
      expect(before.map(({ operation, onEuicc, inOutbox }) => [operation, onEuicc, inOutbox])).toEqual([
        ["install", true, true],
        ["enable", true, true],
      ]);
      expect(before.every((entry) => entry.iccid === iccid && entry.address === field.world.smdpAddress)).toBe(true);
      const told = await notification(field, ["process"]);
      expect(told).toMatchObject({ status: 0, stderr: "" });
      expect(told.json()).toMatchObject({ changed: true, notifications: [{ told: true }, { told: true }] });
      expect(field.world.smdp.notifications().map(({ kind, verified }) => [kind, verified])).toEqual([
        ["install", true],
        ["enable", true],
      ]);
      expect(await owed(field)).toEqual([]);
      expect((await notification(field, ["process"])).json()).toMatchObject({ changed: false, notifications: [] });
      expect(field.world.smdp.orders()).toMatchObject([{ iccid, state: "Installed" }]);
    }));

  it("stay while it does not listen, and none overtakes another", () =>
    inField(deaf(everyTime), async (field) => {
      await untold(field);
      const failed = await notification(field, ["process"]);
      expect(failed.status).toBe(69);
      expect(failed.json()).toMatchObject({
        changed: false,
        notifications: [
          { operation: "install", told: false, error: { code: "smdp_error" } },
          { operation: "enable", told: false, error: null },
        ],
      });
      expect(await owed(field)).toHaveLength(2);
    }));

  it("are told one by one by their numbers; a number that nobody has is refused before anything is told", () =>
    inField(deaf(untoldCalls), async (field) => {
      await untold(field);
      const [install, enable] = await owed(field);
      const seq = (entry: typeof install): string => String(entry?.seqNumber);
      const unknown = await notification(field, ["process", seq(install), "4711"]);
      expect(unknown.json()).toMatchObject({ error: { code: "bad_input" } });
      expect(await owed(field)).toHaveLength(2);
      expect((await notification(field, ["process", seq(install)])).json()).toMatchObject({
        notifications: [{ operation: "install", told: true }],
      });
      expect((await owed(field)).map(({ seqNumber }) => seqNumber)).toEqual([enable?.seqNumber]);
      expect(await notification(field, ["process", "one"])).toMatchObject({ status: 64 });
    }));

  it("that the eUICC has forgotten are told from the outbox", () =>
    inField(deaf(untoldCalls), async (field) => {
      await untold(field);
      forgetAll(field);
      expect((await owed(field)).map(({ operation, onEuicc, inOutbox }) => [operation, onEuicc, inOutbox])).toEqual([
        [null, false, true],
        [null, false, true],
      ]);
      expect(await notification(field, ["process"])).toMatchObject({ status: 0 });
      expect(field.world.smdp.notifications().map(({ kind }) => kind)).toEqual(["install", "enable"]);
      expect(await owed(field)).toEqual([]);
    }));

  it("of a profile that is gone outlive a run for another profile, whoever's LPA does it", () =>
    inField({ ...deaf(untoldCalls), dialect: "quectel-iccid" }, async (field) => {
      const { iccid: gone, code } = await orderByCode(field);
      const words = ["profile", "download", "--activation-code", "-", ...host];
      expect((await byHand(field, words, { stdin: code })).json()).toMatchObject({
        iccid: gone,
        notifications: "kept",
      });
      const deleted = await byHand(field, ["profile", "delete", gone, "--confirm", gone, "--irrevocable", ...host]);
      expect(deleted.json()).toMatchObject({ state: "deleted", notifications: "kept" });
      forgetAll(field);
      const kept = [gone, gone];
      expect((await owed(field)).map(({ iccid }) => iccid)).toEqual(kept);
      const short = await configured(field, { confirm: { wait: "1s" } });
      expect((await field.provision(["--lpa", "modem", ...short])).report()).toMatchObject({ state: "provisioned" });
      expect((await owed(field)).filter(({ onEuicc }) => !onEuicc).map(({ iccid }) => iccid)).toEqual(kept);
      expect((await field.provision([...host, ...short])).report()).toMatchObject({ state: "provisioned" });
      expect((await owed(field)).map(({ iccid }) => iccid)).toEqual(kept);
      expect(await notification(field, ["process"])).toMatchObject({ status: 0 });
      expect(field.world.smdp.notifications().filter(({ iccid }) => iccid === gone)).toHaveLength(2);
      expect(await owed(field)).toEqual([]);
    }));
});

/** RemoveNotificationFromList by another LPA (SGP.22 5.7.11). */
function forgetAll(field: Field): void {
  const { euicc } = field.world.modem;
  for (const { seqNumber } of euicc.toJSON().notifications) {
    euicc.es10(Buffer.from(`bf30038001${seqNumber.toString(16).padStart(2, "0")}`, "hex"));
  }
}

describe.concurrent("a notification that is removed is never told, so that", () => {
  it("a person is asked, and --yes is an answer", () =>
    inField(deaf(everyTime), async (field) => {
      await untold(field);
      const [install, enable] = await owed(field);
      const seq = String(enable?.seqNumber);
      const question = "It is never told then. [y/N] ";
      expect(await notification(field, ["remove", seq])).toMatchObject({ status: 64 });
      expect(await notification(field, ["remove", seq], { answers: { [question]: "no" } })).toMatchObject({
        status: 64,
      });
      expect(await owed(field)).toHaveLength(2);
      expect(await notification(field, ["remove", seq], { answers: { [question]: "y" } })).toMatchObject({ status: 0 });
      expect((await owed(field)).map(({ seqNumber }) => seqNumber)).toEqual([install?.seqNumber]);
      expect(await notification(field, ["remove", seq, "--yes"])).toMatchObject({ status: 65 });
      // Whether a profile that came by hand was paid for, esimd does not know.
      const result = ["remove", String(install?.seqNumber), "--yes"];
      expect(await notification(field, result)).toMatchObject({ status: 64 });
      expect(await notification(field, [...result, "--irrevocable"])).toMatchObject({ status: 0 });
      expect(await owed(field)).toEqual([]);
    }));

  it("the install result of a paid profile wants one more word", () =>
    inField(deaf(everyTime), async (field) => {
      const report = (await field.provision(await configured(field, { confirm: { wait: "1s" } }))).report();
      expect(report).toMatchObject({ state: "provisioned" });
      expect((await listed(field, host)).profiles).toMatchObject([{ iccid: report.iccid, paid: true }]);
      const install = (await owed(field)).find(({ operation }) => operation === "install");
      const seq = String(install?.seqNumber);
      const refused = await notification(field, ["remove", seq, "--yes"]);
      expect(refused.status).toBe(64);
      expect(refused.json()).toMatchObject({ error: { hint: expect.stringContaining("--irrevocable") } });
      expect(await owed(field)).toContainEqual(install);
      expect(await notification(field, ["remove", seq, "--yes", "--irrevocable"])).toMatchObject({ status: 0 });
      expect(await owed(field)).not.toContainEqual(install);
    }));
});

describe.concurrent("a modem's own LPA", () => {
  it("gives no way to its notifications, and says so", () =>
    inField({ dialect: "quectel-iccid" }, async (field) => {
      for (const words of [["list"], ["process"], ["remove", "1", "--yes"]]) {
        const done = await byHand(field, ["notification", ...words, "--lpa", "modem"]);
        expect(done.status).toBe(69);
        expect(done.json()).toMatchObject({
          error: { code: "profile_operation_unsupported", hint: expect.stringContaining("--lpa host") },
        });
      }
    }));
});
