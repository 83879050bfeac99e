import { describe, expect, it } from "vitest";
import { z } from "zod";
import { sleep, systemClock } from "../../src/base/clock.js";
import { ask } from "../daemon/control/bench.js";
import { byHand } from "./by-hand.js";
import { configured, until } from "./conditions.js";
import { lastReport } from "./daemon.js";
import type { Ended, Field } from "./field.js";
import { inField } from "./in-field.js";
import { firstSid, listed, money, reservation, result, wrongMac } from "./reservation-desk.js";

/** A device on which the daemon runs, and a person who looks at it and tells it what to do. */

const answerSchema = z.object({
  modems: z.array(z.object({ name: z.string(), activity: z.object({ kind: z.string() }) })),
});

describe("a person beside the daemon", { concurrent: true, timeout: 180_000 }, () => {
  it("sees what it does, pauses it and works with the modem, and lets it go on", () =>
    inField({}, async (field) => {
      await beside(field, async () => {
        await until(() => lastReport(field)?.state === "provisioned", "the modem is provisioned");
        await rested(field);
        const shown = await field.esimd(["status"]);
        expect(shown).toMatchObject({ status: 0, stderr: "" });
        const { eid } = field.world.modem.euicc;
        const lines = shown.stdout.split("\n");
        expect(lines[0]).toMatch(/^esimd \d\S*, process \d+, ready, since \S+Z$/);
        expect(lines[1]).toMatch(/ {2}resting: /);
        expect(lines[2]).toMatch(/^ {4}since \S+Z/);
        expect(lines[3]).toMatch(new RegExp(`^ {4}last run: provisioned {2}EID ${eid.slice(0, 4)}…${eid.slice(-4)} `));
        expect(shown.stdout).not.toContain(eid);
        expect(shown.stdout).toContain("spent 1 of 1, left 0");
        const json = z
          .object({ daemon: z.object({ pid: z.number() }), reports: z.array(z.object({ eid: z.string() })) })
          .parse(JSON.parse((await field.esimd(["status", "--json"])).stdout));
        expect(json).toMatchObject({ daemon: { pid: process.pid }, reports: [{ eid }] });

        expect(await field.esimd(["ctl", "pause"])).toMatchObject({
          status: 0,
          stdout: expect.stringContaining("paused: nothing is done until it is resumed"),
        });
        const port = ["--port", field.world.port];
        const refused = await field.esimd(["ctl", "provision", ...port]);
        expect(refused.status).toBe(64);
        expect(refused.stderr).toContain("is paused");
        // The port is free, and the journal.
        expect(await field.provision(["--lpa", "modem"])).toMatchObject({ status: 0 });
        expect(await field.esimd(["ctl", "resume"])).toMatchObject({ status: 0 });
        await rested(field);
        const before = lastReport(field)?.finishedAt ?? "";
        const again = await field.esimd(["ctl", "provision", "--json"]);
        expect(JSON.parse(again.stdout)).toMatchObject({ port: field.world.port });
        await until(() => (lastReport(field)?.finishedAt ?? "") > before, "a run that was asked for");
        await rested(field);
        expect(money(field)).toEqual([1, 1]);
      });
      expect((await field.esimd(["ctl", "reload"])).status).toBe(69);
      expect((await field.esimd(["status"])).stderr).toContain("no daemon answers");
    }));

  it("gives a reservation up, though port and lock are the daemon's, and the daemon goes on with the next one", () =>
    inField(wrongMac, async (field) => {
      await beside(field, async () => {
        await until(() => lastReport(field)?.state === "held", "the order is burned");
        await rested(field);
        const sid = firstSid(field);
        // Nothing but the person's own words will do.
        for (const words of [[], ["--confirm", `${sid}0`], ["--yes"]]) {
          const refused = await reservation(field, ["release", sid, ...words]);
          expect(refused.status).toBe(64);
          expect(result(refused)).toMatchObject({ error: { code: "not_confirmed" } });
        }
        const stranger = await reservation(field, ["release", "HP0", "--confirm", "HP0"]);
        expect(result(stranger)).toMatchObject({ error: { code: "reservation_unknown" } });
        await rested(field);
        expect(money(field)).toEqual([1, 1]);

        const done = await byHand(field, ["reservation", "release", sid, "--why", "it is burned"], {
          answers: { "Type its id: ": sid },
          plain: true,
        });
        expect(done.stderr).toContain("The daemon (process ");
        expect(done).toMatchObject({ status: 0 });
        expect(done.stdout).toMatch(
          /is given up: it stays paid, and this eUICC has used 1 of 2 reservation\(s\) now\n/,
        );
        expect(done.stdout).toMatch(/the daemon \(process \d+\) wrote it down, and \S+ goes on by itself\n$/);
        await until(() => lastReport(field)?.state === "provisioned", "the next one is installed");
        await rested(field);
        expect(money(field)).toEqual([2, 2]);

        const again = await reservation(field, ["release", sid, "--confirm", sid]);
        expect(result(again)).toMatchObject({ through: "daemon", changed: false, action: "release" });
        await rested(field);
        expect(money(field)).toEqual([2, 2]);
      });
      const { charges } = (await listed(field)).euicc;
      expect(charges.map(({ outcome }) => outcome)).toEqual(["released", "charged"]);
    }));

  it("gives one up whose profile was deleted: the daemon asks the modem, where the port is named", () =>
    inField({ dialect: "etsi-apdu", lpa: "host" }, async (field) => {
      const words = await configured(field);
      const host = ["--lpa", "host"];
      const iccid = (await field.provision([...words, ...host])).report().iccid ?? "";
      await byHand(field, ["profile", "disable", iccid, ...host]);
      await byHand(field, ["profile", "delete", iccid, "--confirm", iccid, "--irrevocable", ...host]);
      await beside(
        field,
        async () => {
          await until(() => lastReport(field)?.error?.code === "reservation_installed", "the loss is seen");
          await rested(field);
          const sid = firstSid(field);
          const blind = await reservation(field, ["release", sid, "--confirm", sid]);
          expect(result(blind)).toMatchObject({
            error: { code: "reservation_state", hint: expect.stringContaining("--port") },
          });
          await rested(field);
          const seeing = await reservation(field, ["release", sid, "--confirm", sid, "--port", field.world.port]);
          expect(result(seeing)).toMatchObject({ through: "daemon", changed: true });
          await until(() => lastReport(field)?.state === "provisioned", "the next one is installed");
          expect(money(field)).toEqual([2, 2]);
        },
        host,
      );
    }));

  it("is served by the daemon of its own socket: two daemons on one are one too many", () =>
    inField({}, async (field) => {
      await beside(field, async () => {
        const second = await field.esimd(["run", "--port", "/dev/elsewhere"]);
        expect(second.status).toBe(75);
        expect(second.stderr).toContain(`process ${process.pid}`);
        expect(second.stderr).toContain("daemon_running");
        expect((await field.esimd(["ctl", "drain"])).status).toBe(0);
      });
    }));
});

/** Work beside `esimd run`, which is stopped afterwards. */
async function beside(
  field: Field,
  work: () => Promise<void>,
  words: readonly string[] = ["--lpa", "modem"],
): Promise<void> {
  const stop = new AbortController();
  const config = await configured(field);
  const run: Promise<Ended> = field.esimd(["run", "--port", field.world.port, ...words, ...config], {}, stop.signal);
  let ended: Ended | undefined;
  void run.then((end) => {
    ended = end;
  });
  const path = field.env["ESIMD_SOCKET"] ?? "";
  await untilAsked(async () => ended !== undefined || (await ask(path, "GET", "/healthz")).status === 200);
  if (ended !== undefined) throw new Error(`esimd run ended: ${ended.stderr}`);
  try {
    await work();
  } finally {
    stop.abort(new Error("the story is over"));
    expect((await run).status).toBe(0);
  }
}

/** The daemon's only modem has ended its run. */
async function rested(field: Field): Promise<void> {
  const path = field.env["ESIMD_SOCKET"] ?? "";
  await untilAsked(async () => {
    const { modems } = answerSchema.parse((await ask(path, "GET", "/v1/status")).json());
    return modems.every(({ activity }) => activity.kind === "resting");
  });
}

/** Asks at a pace that leaves the daemon, which is in this process, room to work. */
async function untilAsked(condition: () => Promise<boolean>): Promise<void> {
  const startMs = systemClock.monotonicMs();
  while (!(await condition().catch(() => false))) {
    if (systemClock.monotonicMs() - startMs > 30_000) throw new Error("not within 30 s");
    await sleep(systemClock, 20);
  }
}
