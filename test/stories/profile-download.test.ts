import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { byHand, listed, orderByCode, orderByEid } from "./by-hand.js";
import { configured, until } from "./conditions.js";
import type { Field } from "./field.js";
import { inField } from "./in-field.js";
import { untilThere } from "./replugged.js";

/** A download by hand: where the code comes from, who is asked, and what becomes of the order when it goes wrong. */

const host = ["--lpa", "host"];

function download(field: Field, words: readonly string[], hands: Parameters<typeof byHand>[2] = {}) {
  return byHand(field, ["profile", "download", ...words], hands);
}

describe.concurrent("an activation code", () => {
  it("comes by stdin, by a file, or in sight of everybody with a warning; and never enters the log", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const [piped, filed, shown] = [await orderByCode(field), await orderByCode(field), await orderByCode(field)];
      const path = join(field.dir, "code");
      await writeFile(path, `${filed.code}\n`);
      const trace = ["--log-level", "trace", ...host];
      const runs = [
        { order: piped, done: await download(field, ["--activation-code", "-", ...trace], { stdin: piped.code }) },
        { order: filed, done: await download(field, ["--activation-code", `@${path}`, ...trace]) },
        { order: shown, done: await download(field, ["--activation-code", shown.code, ...trace]) },
      ];
      for (const { order, done } of runs) {
        expect(done).toMatchObject({ status: 0 });
        expect(done.json()).toMatchObject({ iccid: order.iccid, changed: true });
        expect(done.stderr).toContain("AT+CGLA");
        expect(`${done.stderr}${done.stdout}`).not.toContain(order.matchingId);
        // Neither as it is inside an APDU.
        expect(done.stderr).not.toContain(Buffer.from(order.matchingId).toString("hex").toUpperCase());
      }
      const warned = runs.map(({ done }) => done.stderr.includes("can be seen in the process list"));
      expect(warned).toEqual([false, false, true]);
      expect(field.world.api.requests()).toEqual([]);
    }));

  it.each([
    ["that is none", ["--activation-code", "-"], "LPA:2$smdp.example", 65, "bad_activation_code"],
    ["that does not come", ["--activation-code", "-"], "", 65, "bad_activation_code"],
    ["in a file that is not there", ["--activation-code", "@/nowhere/code"], undefined, 65, "bad_input"],
    ["and an address as well", ["--activation-code", "-", "--smdp", "smdp.example"], "", 64, "usage"],
    ["is missing", [], undefined, 64, "usage"],
    ["with a matching id", ["--activation-code", "-", "--matching-id", "A-1"], "", 64, "usage"],
  ] as const)("%s is refused before the modem is asked", (_, words, stdin, status, code) =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const done = await download(field, words, stdin === undefined ? {} : { stdin });
      expect(done.status).toBe(status);
      expect(done.json()).toMatchObject({ error: { code } });
      expect(field.world.modem.transcript).toEqual([]);
    }),
  );

  it.each(["host", "modem"] as const)("that was used is refused, and what it brought stays: %s", (lpa) =>
    inField({ dialect: "quectel-iccid" }, async (field) => {
      const { code, iccid } = await orderByCode(field);
      const words = ["--activation-code", "-", "--lpa", lpa];
      expect(await download(field, words, { stdin: code })).toMatchObject({ status: 0 });
      const again = await download(field, words, { stdin: code });
      expect(again.json()).toMatchObject({ error: { code: "smdp_refused" } });
      expect(again.status).toBe(79);
      expect((await listed(field)).profiles.map((profile) => profile.iccid)).toEqual([iccid]);
    }),
  );
});

describe.concurrent("a confirmation code", () => {
  it("comes by a file, or is asked for on a terminal, and never enters the log", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const [filed, typed] = [await orderByCode(field, "SECRET-4711"), await orderByCode(field, "SECRET-4712")];
      const path = join(field.dir, "confirmation");
      await writeFile(path, "SECRET-4711\n", { mode: 0o600 });
      const trace = ["--log-level", "trace", ...host];
      const words = ["--activation-code", "-", "--confirmation-code-file", path, ...trace];
      const byFile = await download(field, words, { stdin: filed.code });
      expect(byFile.json()).toMatchObject({ iccid: filed.iccid, error: null });
      const codePath = join(field.dir, "code");
      await writeFile(codePath, typed.code);
      const answers = { "Confirmation code: ": "SECRET-4712", "Download it? [y/N] ": "y" };
      const byTerminal = await download(field, ["--activation-code", `@${codePath}`, ...trace], { answers });
      expect(byTerminal.json()).toMatchObject({ iccid: typed.iccid, error: null });
      expect([byFile, byTerminal].map(({ stdout, stderr }) => stdout + stderr).join()).not.toContain("SECRET-");
    }));

  it("that is wrong or missing loads nothing", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const { code, iccid } = await orderByCode(field, "SECRET-4711");
      const path = join(field.dir, "confirmation");
      await writeFile(path, "SECRET-0000\n", { mode: 0o600 });
      const words = ["--activation-code", "-", ...host];
      const missing = await download(field, words, { stdin: code });
      expect(missing).toMatchObject({ status: 64 });
      const wrong = await download(field, [...words, "--confirmation-code-file", path], { stdin: code });
      expect(wrong.json()).toMatchObject({ error: { code: "smdp_refused" } });
      expect((await listed(field)).profiles).toEqual([]);
      expect(field.world.smdp.orders()).toMatchObject([{ iccid, state: "Released" }]);
    }));
});

describe.concurrent("a confirmation code for a modem's own LPA", () => {
  it.each([
    ["quectel-nwmode", { changed: true }, "Installed"],
    ["quectel-iccid", { error: { code: "download_unsupported" } }, "Released"],
  ] as const)("of the family %s", (dialect, outcome, state) =>
    inField({ dialect }, async (field) => {
      const { code, iccid } = await orderByCode(field, "SECRET-4711");
      const path = join(field.dir, "confirmation");
      await writeFile(path, "SECRET-4711\n", { mode: 0o600 });
      const words = ["--activation-code", "-", "--lpa", "modem", "--confirmation-code-file", path];
      expect((await download(field, words, { stdin: code })).json()).toMatchObject(outcome);
      expect(field.world.smdp.orders()).toMatchObject([{ iccid, state }]);
    }),
  );
});

describe.concurrent("the offer", () => {
  it("can be looked at without taking it", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const { code, iccid } = await orderByCode(field);
      const words = ["--activation-code", "-", ...host];
      for (let look = 1; look <= 3; look++) {
        const seen = await download(field, [...words, "--preview"], { stdin: code });
        expect(seen).toMatchObject({ status: 0 });
        expect(seen.json()).toMatchObject({
          changed: false,
          iccid: null,
          offer: { iccid, provider: "esimd emulator" },
        });
      }
      expect(field.world.modem.euicc.profiles).toEqual([]);
      // Postponed each time: a fourth session is as good as the first.
      expect(field.world.smdp.orders()).toMatchObject([{ iccid, state: "Released", attempts: 0 }]);
      const taken = await download(field, words, { stdin: code });
      expect(taken.json()).toMatchObject({ changed: true, iccid });
    }));

  it("is not to be looked at by a modem's own LPA, whose sessions cost the order one of its few", () =>
    inField({ dialect: "quectel-iccid" }, async (field) => {
      const { code, iccid } = await orderByCode(field);
      const words = ["--activation-code", "-", "--lpa", "modem", "--preview"];
      const refused = await download(field, words, { stdin: code });
      expect(refused).toMatchObject({ status: 69 });
      expect(refused.json()).toMatchObject({ error: { code: "profile_operation_unsupported" } });
      expect(field.world.smdp.orders()).toMatchObject([{ iccid, state: "Released", attempts: 0 }]);
    }));

  it("is shown to a person, whose no leaves the order as it was", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const iccid = orderByEid(field);
      const words = ["--smdp", field.world.smdpAddress, ...host];
      const refused = await download(field, words, { answers: { "Download it? [y/N] ": "n" } });
      expect(refused.status).toBe(64);
      expect(refused.json()).toMatchObject({ error: { code: "not_confirmed" } });
      expect(refused.stderr).toContain('The SM-DP+ offers "Emulated profile" of esimd emulator');
      expect(field.world.smdp.orders()).toMatchObject([{ iccid, state: "Released" }]);
      const taken = await download(field, words, { answers: { "Download it? [y/N] ": "yes" } });
      expect(taken.json()).toMatchObject({ changed: true, iccid });
      expect(field.world.smdp.orders()).toMatchObject([{ iccid, state: "Installed" }]);
    }));

  it("cannot be seen where the modem downloads by itself, so that a person is asked before", () =>
    inField({ dialect: "quectel-nwmode" }, async (field) => {
      const iccid = orderByEid(field);
      const words = ["--smdp", field.world.smdpAddress, "--lpa", "modem"];
      const preview = await download(field, [...words, "--preview"]);
      expect(preview).toMatchObject({ status: 69 });
      const refused = await download(field, words, { answers: { "Download it? [y/N] ": "n" } });
      expect(refused.stderr).toContain("This modem does not show what is offered");
      expect(field.world.smdp.orders()).toMatchObject([{ iccid, state: "Released", attempts: 0 }]);
      const unasked = await download(field, [...words, "--yes"], { answers: {} });
      expect(unasked.json()).toMatchObject({ changed: true, iccid });
    }));
});

describe.concurrent("a download that goes wrong", () => {
  it("is no failure where the profile is on the eUICC all the same", () =>
    inField({ dialect: "quectel-iccid", modem: { world: { download: "fails-but-present" } } }, async (field) => {
      const { code, iccid } = await orderByCode(field);
      const done = await download(field, ["--activation-code", "-", "--lpa", "modem"], { stdin: code });
      expect(done.status).toBe(0);
      expect(done.json()).toMatchObject({ changed: true, iccid, error: null });
      expect(done.stdout).toContain("reported a failure");
    }));

  // At its start, in the middle of the package, and when everything but the answer is done.
  it.each([
    ["quectel-iccid", "modem", "QESIM=.(download|trans)", 2],
    ["quectel-iccid", "modem", "QESIM=.(download|trans)", 12],
    ["quectel-nwmode", "modem", "QESIM=.download", 1],
    ["etsi-apdu", "host", "CGLA", 30],
    ["etsi-apdu", "host", "CGLA", 60],
  ] as const)(
    "for the modem was pulled out is gone on with by the same code: %s, %s, %s %i",
    (dialect, lpa, command, nth) =>
      inField(
        {
          dialect,
          modem: { behaviours: [{ command, nth, do: { kind: "unplug", when: "executed", replugAfterMs: 300 } }] },
        },
        async (field) => {
          const before = field.world.modem.euicc.profiles.map(({ iccid }) => iccid);
          const { code, iccid } = await orderByCode(field);
          const words = ["--activation-code", "-", "--lpa", lpa];
          const cut = await download(field, words, { stdin: code });
          expect(cut.status).toBe(74);
          expect(cut.json()).toMatchObject({ error: { code: "serial_gone" } });
          await untilThere(field.world.port);
          const again = await download(field, words, { stdin: code });
          expect(again).toMatchObject({ status: 0 });
          expect(again.json()).toMatchObject({ iccid, error: null });
          expect(field.world.modem.euicc.profiles.map((profile) => profile.iccid)).toEqual([...before, iccid]);
          expect(field.world.smdp.orders()).toMatchObject([{ iccid, state: "Installed" }]);
        },
      ),
  );

  it("for the modem was pulled out with the profile installed finds it, and does not ask for it a second time", () =>
    // Slow enough that there is something left to do when the SM-DP+ has heard of the installation.
    inField({ dialect: "etsi-apdu", world: { delayMs: 15 } }, async (field) => {
      const { code, iccid } = await orderByCode(field);
      const words = ["--activation-code", "-", ...host];
      const { modem, smdp } = field.world;
      const isOver = (): boolean => smdp.orders()[0]?.state === "Installed";
      const pulled = until(isOver, "the SM-DP+ closes the order").then(() => modem.unplug());
      const cut = await download(field, words, { stdin: code });
      expect(cut).toMatchObject({ status: 74 });
      await pulled;
      await modem.replug();
      const again = await download(field, words, { stdin: code });
      expect(again.json()).toMatchObject({ changed: false, iccid, notifications: "delivered" });
      expect(smdp.orders()).toMatchObject([{ iccid, state: "Installed", attempts: 1 }]);
    }));

  it("for an address that nobody answers at says so, and tries another time", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const words = ["--smdp", "127.0.0.1:1", ...host, ...(await configured(field, { download: { timeout: "10s" } }))];
      const done = await download(field, words);
      expect(done.status).toBe(69);
      expect(done.json()).toMatchObject({ error: { code: "smdp_unreachable" } });
    }));
});

describe.concurrent("a download by hand while a run of provisioning is unfinished", () => {
  it("is not taken for the run's own profile", () => {
    const behaviours = [
      { command: "CGLA", nth: 40, do: { kind: "unplug", when: "executed", replugAfterMs: 300 } } as const,
    ];
    return inField({ dialect: "etsi-apdu", lpa: "host", modem: { behaviours } }, async (field) => {
      await field.world.reserveForEuicc(new AbortController().signal);
      const words = ["--provider", "none", ...(await configured(field, { modem: { return_wait: "0s" } }))];
      expect(await field.provision(words)).toMatchObject({ status: 74 });
      await untilThere(field.world.port);
      const { code, iccid } = await orderByCode(field);
      const done = await download(field, ["--activation-code", "-", ...host], { stdin: code });
      expect(done.json()).toMatchObject({ changed: true, iccid });
      const ended = await field.provision(words);
      expect(ended.report()).toMatchObject({ state: "provisioned" });
      expect(ended.report().iccid).not.toBe(iccid);
      expect((await listed(field)).profiles).toMatchObject([
        { iccid, state: "disabled", paid: null },
        { iccid: ended.report().iccid, state: "enabled", paid: true },
      ]);
    });
  });
});
