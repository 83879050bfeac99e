import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { connectModem } from "../../src/daemon/modem-session.js";
import type { World } from "../../src/emulator/modem/world-options.js";
import { openCardChannel } from "../../src/modem/uicc-access.js";
import { configured, endOf, endsAs, provisioned } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { hurriedClock } from "./hurried-clock.js";
import { inField } from "./in-field.js";

/** What comes between esimd's own LPA and the eUICC, each as reported in the field. */

/** As in field.ts. */
const quick = { simBusyMs: 150, registrationMs: 200 };

function modemWith(
  dialect: NonNullable<FieldOptions["dialect"]>,
  world: Partial<World> = {},
  more: FieldOptions = {},
): FieldOptions {
  return { dialect, lpa: "auto", ...more, world: { modemWorld: { ...quick, ...world }, ...more.world } };
}

function sent(field: Field, pattern: RegExp): readonly string[] {
  return field.world.modem.transcript
    .filter(({ from, text }) => from === "host" && pattern.test(text))
    .map(({ text }) => text);
}

function said(field: Field, pattern: RegExp): number {
  return field.world.modem.transcript.filter(({ from, text }) => from === "modem" && pattern.test(text)).length;
}

async function isProvisioned(field: Field): Promise<void> {
  expect(endOf(await field.provision(await configured(field)))).toEqual(provisioned);
  expect(field.charges()).toBe(1);
}

/** What esimd has learned of the modems that it met. */
async function segmentsKept(field: Field): Promise<readonly unknown[]> {
  const text = await readFile(join(field.dir, "state", "segments.json"), "utf8");
  return Object.values(z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
}

/** ES10b.CancelSession, BF41: a terminal one ends the order, and an unfinished load must never lead to one. */
const cancelSession = /"8[0-3]E29100[0-9A-F]{2}BF41/;

/** How often the eUICC's profiles were read (BF2D) after the last command like `pattern`. */
function listsAfter(field: Field, pattern: RegExp): number {
  const all = sent(field, /^AT\+CGLA=/);
  const last = all.findLastIndex((text) => pattern.test(text));
  expect(last).toBeGreaterThanOrEqual(0);
  return all.slice(last).filter((text) => /"8[0-3]E29100[0-9A-F]{2}BF2D/.test(text)).length;
}

describe.concurrent("a session with the card", () => {
  it("has an opaque handle, which is given back as it came, and no channel number in CLA (MC7455, EM7590: lpac #138, pull request 139)", () =>
    inField(modemWith("sierra", { notReadyMs: 200 }, { clock: hurriedClock(3) }), async (field) => {
      const words = await configured(field, { modem: { take_isdr: true } });
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      const apdus = sent(field, /^AT\+CGLA=/);
      expect(apdus.length).toBeGreaterThan(20);
      expect(apdus.filter((text) => !/^AT\+CGLA=[0-9a-f]{16},\d+,"80/.test(text))).toEqual([]);
    }));

  it("gets what 61xx announces by GET RESPONSE (A7908E, lpac pull request 238)", () =>
    inField(modemWith("simcom"), async (field) => {
      await isProvisioned(field);
      expect(said(field, /\+CGLA:4,"61/)).toBeGreaterThan(0);
      expect(sent(field, /"80C00000[0-9A-F]{2}"$/).length).toBeGreaterThan(0);
    }));

  it.each(["channels", "csim"] as const)(
    "opens though a process that died left every channel of the card open (lpac #209, particle-iot/device-os #2915): %s",
    (cardAccess) =>
      inField(modemWith("etsi-apdu", { cardAccess }), async (field) => {
        const { signal } = new AbortController();
        const parts = { clock: systemClock, random: seededRandom(1), log: silentLog, wakeMs: 10_000 };
        const line = await connectModem(field.world.port, parts, signal);
        for (let left = 1; left <= 3; left++) await openCardChannel(line, "A0000005591010FFFFFFFF8900000100", signal);
        await line.channel.close();
        await isProvisioned(field);
        const closed = cardAccess === "channels" ? /^AT\+CCHC=[123]$/ : /^AT\+CSIM=10,"007080/;
        expect(sent(field, closed).length).toBeGreaterThanOrEqual(3);
      }),
  );
});

describe.concurrent("an LPA inside that holds the ISD-R while SIMLPA is on (Sierra forum posts on EM75xx)", () => {
  it("is named, and not touched without consent", () =>
    inField(modemWith("sierra"), async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(endsAs(78, "failed", "lpa_holds_isdr"));
      expect(ended.report().error?.message).toContain("SIMLPA is 1");
      expect(sent(field, /ENTERCND|CUSTOM="|CFUN/)).toEqual([]);
      expect(field.charges()).toBe(0);
    }));

  it("behind a password of its owner's is named as that", () => {
    const modem: FieldOptions["modem"] = { behaviours: [{ command: "ENTERCND", do: { kind: "error" } }] };
    return inField(modemWith("sierra", {}, { modem }), async (field) => {
      const ended = await field.provision(await configured(field, { modem: { take_isdr: true } }));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "modem_refused"));
      expect(ended.report().error?.hint).toContain("lpa_switch.unlock");
      expect(sent(field, /CUSTOM="|CFUN/)).toEqual([]);
      expect(field.charges()).toBe(0);
    });
  });
});

describe.concurrent("after a switch", () => {
  it("the card answers 6985 until the modem has restarted it, 10 s on MC7455 (Sierra forum thread 30997): it is waited for", () =>
    inField(modemWith("etsi-apdu", { notReadyMs: 2_500 }, { clock: hurriedClock(4) }), async (field) => {
      await isProvisioned(field);
      expect(said(field, /"6985"/)).toBeGreaterThan(0);
    }));
});

describe.concurrent("before a run", () => {
  it("a card that is still restarting after another tool's switch answers 6985: it is waited for, and no M2M eUICC", () => {
    const refused = { kind: "raw", text: '\r\n+CGLA: 4,"6985"\r\n\r\nOK\r\n' } as const;
    const modem: FieldOptions["modem"] = { behaviours: [{ command: "BF3E", times: 4, do: refused }] };
    return inField(modemWith("etsi-apdu", {}, { modem, clock: hurriedClock(4) }), (field) => isProvisioned(field));
  });
});

describe.concurrent("segments of the package", () => {
  it("become shorter where the modem refuses long lines, and the size is kept for its model (Sequans: pycom #414)", () =>
    inField(modemWith("etsi-apdu", { maxApduBytes: 70 }), async (field) => {
      await isProvisioned(field);
      expect(await segmentsKept(field)).toEqual([60]);
    }));

  it("become shorter where the modem loses the end of a long line and then says nothing (Quectel: lpac #167)", () =>
    inField(modemWith("etsi-apdu", { inputBurstBytes: 440 }, { clock: hurriedClock(5) }), async (field) => {
      await isProvisioned(field);
      expect(await segmentsKept(field)).toEqual([200]);
      const tried = sent(field, /^AT\+CGLA=/).map((text) => Number(text.split(",")[1]));
      expect(Math.max(...tried.filter((length) => length <= 440))).toBe(410);
    }));

  it("are whole where the modem takes no more than 200 bytes at once, and its owner has lines written in pieces", () =>
    inField(modemWith("etsi-apdu", { inputBurstBytes: 200 }), async (field) => {
      const dialects = join(field.dir, "dialects");
      await mkdir(dialects);
      await writeFile(join(dialects, "mine.toml"), 'based_on = "etsi-apdu"\n[pieces]\nbytes = 64\npause_ms = 25\n');
      const ended = await field.provision(await configured(field, { modem: { dialects } }));
      expect(endOf(ended)).toEqual(provisioned);
      // Without the pieces nothing longer than 60 bytes would have got through.
      const lengths = sent(field, /^AT\+CGLA=/).map((text) => Number(text.split(",")[1]));
      expect(lengths.filter((length) => length === 520).length).toBeGreaterThan(30);
    }));

  it("one of the last of which got a bare ERROR, once: nothing is cancelled, nothing paid twice, and the next run ends well (EC20F, EG25: lpac #173, #186)", () =>
    inField(modemWith("etsi-apdu", {}, { modem: "late-loader-error" }), async (field) => {
      const words = await configured(field, { download: { attempts: 1 } });
      const first = await field.provision(words);
      expect(endOf(first)).toEqual(endsAs(69, "failed", "modem_refused"));
      expect(field.world.modem.euicc.profiles).toEqual([]);
      expect(field.world.smdp.orders()).toMatchObject([{ state: "Downloaded", attempts: 1 }]);
      expect(listsAfter(field, /"8[0-3]E29108/)).toBeGreaterThan(0);
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(sent(field, cancelSession)).toEqual([]);
      expect(field.charges()).toBe(1);
      expect(field.world.smdp.orders()).toMatchObject([{ state: "Installed", attempts: 2 }]);
    }));

  it("are refused with a bare ERROR where they are long: the next try is made with shorter ones", () => {
    // Data that begins with 86 is the protected profile: with 255 bytes of it the modem has enough.
    const modem: FieldOptions["modem"] = { behaviours: [{ command: '"8[0-3]E21100FF86', do: { kind: "error" } }] };
    return inField(modemWith("etsi-apdu", {}, { modem }), async (field) => {
      await isProvisioned(field);
      // Once may have been an accident, which is not to slow down every modem of this model from now on.
      expect(await segmentsKept(field)).toEqual([{ bytes: 255, strikes: 1 }]);
      expect(sent(field, cancelSession)).toEqual([]);
      expect(field.world.smdp.orders()).toMatchObject([{ state: "Installed", attempts: 2 }]);
    });
  });

  it("are always refused with a bare ERROR: nothing is cancelled, the list is read, nothing is paid twice", () => {
    const modem: FieldOptions["modem"] = { behaviours: [{ command: '"8[0-3]E2[19]100..86', do: { kind: "error" } }] };
    return inField(modemWith("etsi-apdu", {}, { modem }), async (field) => {
      const words = await configured(field, { download: { attempts: 1 } });
      for (const attempts of [1, 2]) {
        const ended = await field.provision(words);
        expect(endOf(ended)).toEqual(endsAs(69, "failed", "modem_refused"));
        expect(ended.report().error?.message).toMatch(/"AT\+CGLA=.* with ERROR$/);
        // The order lives: another modem, or firmware, can still have the profile.
        expect(field.world.smdp.orders()).toMatchObject([{ state: "Downloaded", attempts }]);
        expect(listsAfter(field, /"8[0-3]E2[19]100..86/)).toBeGreaterThan(0);
      }
      expect(sent(field, cancelSession)).toEqual([]);
      expect(field.charges()).toBe(1);
    });
  });
});
