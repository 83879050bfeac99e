import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { connectModem } from "../../src/daemon/modem-session.js";
import type { World } from "../../src/emulator/modem/scenario.js";
import { byHand, listed, orderByCode, orderByEid } from "./by-hand.js";
import { configured, impatient } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { inField } from "./in-field.js";

/** The profiles of an eUICC by hand, on every family of modems: no API, no reservation, no charge. */

interface Family {
  readonly title: string;
  readonly dialect: string;
  readonly lpa: "modem" | "host";
  readonly kind: string;
  /** Where the emulated family differs from the quick modem of stories: what it does slowly, quicker. */
  readonly world?: Partial<World>;
  /** The modem's own LPA is to be switched off for ours. */
  readonly takesIsdR?: true;
  /** For a family that never takes a profile up by itself. */
  readonly patienceMs?: number;
  /** What the modem was told before esimd came. */
  readonly before?: readonly string[];
}

const families: readonly Family[] = [
  { title: "quectel-iccid", dialect: "quectel-iccid", lpa: "modem", kind: "modem-relay" },
  { title: "quectel-nwmode", dialect: "quectel-nwmode", lpa: "modem", kind: "modem-network" },
  { title: "quectel-iccid, by our LPA", dialect: "quectel-iccid", lpa: "host", kind: "host" },
  {
    title: "quectel-index, by our LPA",
    dialect: "quectel-index",
    lpa: "host",
    kind: "host",
    takesIsdR: true,
    patienceMs: 300,
  },
  { title: "etsi-apdu", dialect: "etsi-apdu", lpa: "host", kind: "host" },
  {
    title: "sierra",
    dialect: "sierra",
    lpa: "host",
    kind: "host",
    world: { notReadyMs: 200 },
    // Its owner did that once, with the maker's password and another tool.
    before: ['AT!ENTERCND="A710"', 'AT!CUSTOM="SIMLPA",0', "AT+CFUN=1,1"],
  },
  { title: "simcom", dialect: "simcom", lpa: "host", kind: "host" },
  {
    title: "fibocom-mtk",
    dialect: "fibocom-mtk",
    lpa: "host",
    kind: "host",
    world: { isdrWindow: { opensMs: 0, closesMs: 3_600_000 } },
  },
  { title: "3gpp-r19", dialect: "3gpp-r19", lpa: "host", kind: "host" },
];

/** As in field.ts. */
const quickModem = { simBusyMs: 150, registrationMs: 200 };

/** With another tool. */
async function tell(port: string, commands: readonly string[]): Promise<void> {
  if (commands.length === 0) return;
  const { signal } = new AbortController();
  const parts = { clock: systemClock, random: seededRandom(1), log: silentLog, wakeMs: 10_000 };
  const line = await connectModem(port, parts, signal);
  try {
    for (const text of commands) {
      await line.channel.execute({ text, answer: { kind: "none" }, timeoutMs: 5_000 }, signal);
    }
  } finally {
    await line.channel.close();
  }
}

function optionsOf({ dialect, world }: Pick<Family, "dialect" | "world">): FieldOptions {
  return { world: { dialect, modemWorld: { ...quickModem, ...world } } };
}

describe.concurrent("the whole life of profiles, by hand", () => {
  it.each(families)("$title", (family) =>
    inField(optionsOf(family), async (field) => {
      const { dialect, lpa, kind, takesIsdR, patienceMs } = family;
      await tell(field.world.port, family.before ?? []);
      const modemKeys = { ...(await impatient(field, patienceMs)), ...(takesIsdR && { take_isdr: true }) };
      const words = ["--lpa", lpa, ...(await configured(field, { modem: modemKeys }))];
      const { modem, smdp } = field.world;
      const [bootstrap] = modem.euicc.profiles;
      const before = await listed(field, words);
      expect(before).toMatchObject({ eid: modem.euicc.eid, lpa: kind });
      expect(before.profiles.map(({ iccid }) => iccid)).toEqual(bootstrap === undefined ? [] : [bootstrap.iccid]);

      const probed = await byHand(field, ["probe"]);
      expect(probed.json()).toMatchObject({ dialect, eid: modem.euicc.eid });

      const coded = await orderByCode(field);
      const byCode = await byHand(field, ["profile", "download", "--activation-code", "-", ...words], {
        stdin: `${coded.code}\n`,
      });
      expect(byCode).toMatchObject({ status: 0, stderr: "" });
      expect(byCode.json()).toMatchObject({ changed: true, iccid: coded.iccid, error: null });
      const other = orderByEid(field);
      const byEid = await byHand(field, ["profile", "download", "--smdp", field.world.smdpAddress, ...words]);
      expect(byEid).toMatchObject({ status: 0, stderr: "" });
      expect(byEid.json()).toMatchObject({ changed: true, iccid: other, error: null });
      expect(smdp.orders().map(({ state }) => state)).toEqual(["Installed", "Installed"]);
      expect((await listed(field, words)).profiles).toMatchObject([
        ...before.profiles.map(({ iccid, state }) => ({ iccid, state })),
        { iccid: coded.iccid, state: "disabled", provider: "esimd emulator", paid: null },
        { iccid: other, state: "disabled", provider: "esimd emulator", paid: null },
      ]);

      const enabled = await byHand(field, ["profile", "enable", coded.iccid, ...words]);
      expect(enabled.json()).toMatchObject({ changed: true, state: "enabled", uses: coded.iccid, error: null });
      const named = await byHand(field, ["profile", "nickname", coded.iccid, "Lift 4, Berlin", ...words]);
      expect(named.json()).toMatchObject({ changed: true, nickname: "Lift 4, Berlin" });
      expect(modem.euicc.profiles.find(({ iccid }) => iccid === coded.iccid)?.nickname).toBe("Lift 4, Berlin");
      // By the end of its ICCID; what was enabled is switched off with it.
      const switched = await byHand(field, ["profile", "enable", other.slice(-8), ...words]);
      expect(switched.json()).toMatchObject({ changed: true, iccid: other, uses: other });
      expect(switched.stdout).toContain("is switched off by this");
      const again = await byHand(field, ["profile", "enable", other, ...words]);
      expect(again.json()).toMatchObject({ changed: false, uses: other });

      const disabled = await byHand(field, ["profile", "disable", other, ...words]);
      expect(disabled.json()).toMatchObject({ changed: true, state: "disabled", uses: null });
      expect(disabled.stdout).toContain("No profile is enabled after this");
      const deleted = await byHand(field, [
        "profile",
        "delete",
        coded.iccid,
        "--confirm",
        coded.iccid,
        "--irrevocable",
        ...words,
      ]);
      expect(deleted).toMatchObject({ status: 0 });
      expect((await listed(field, words)).profiles.map(({ iccid, state }) => [iccid, state])).toEqual([
        ...before.profiles.map(({ iccid }) => [iccid, "disabled"]),
        [other, "disabled"],
      ]);
      expect(field.charges()).toBe(0);
    }),
  );
});

describe.concurrent("the LPA of a modem that names profiles by an index", () => {
  it("lists, enables, renames, disables and deletes, while indexes shift; a download is refused and says why", () =>
    inField(optionsOf({ dialect: "quectel-index", world: { extraProfiles: 3, lpaEffectMs: 100 } }), async (field) => {
      const words = ["--lpa", "modem", ...(await quickIndex(field))];
      const { modem } = field.world;
      const before = await listed(field, words);
      expect(before).toMatchObject({ eid: modem.euicc.eid, lpa: "modem-only" });
      const [first = "", second = "", third = ""] = before.profiles.map(({ iccid }) => iccid);
      expect(before.profiles.map(({ state }) => state)).toEqual(["disabled", "disabled", "disabled"]);

      const download = await byHand(field, ["profile", "download", "--smdp", field.world.smdpAddress, ...words]);
      expect(download).toMatchObject({ status: 78 });
      expect(download.json()).toMatchObject({ error: { code: "lpa_holds_isdr" } });

      const enabled = await byHand(field, ["profile", "enable", second, ...words]);
      expect(enabled.json()).toMatchObject({ changed: true, iccid: second, uses: second, error: null });
      // The one in front goes: the others move up, and are named by their new place.
      const deleted = await byHand(field, ["profile", "delete", first, "--confirm", first, "--irrevocable", ...words]);
      expect(deleted.json()).toMatchObject({ changed: true, iccid: first, notifications: "left-to-modem" });
      const named = await byHand(field, ["profile", "nickname", third, "Spare", ...words]);
      expect(named).toMatchObject({ status: 0 });
      const switched = await byHand(field, ["profile", "enable", "Spare", ...words]);
      expect(switched.json()).toMatchObject({ changed: true, iccid: third, uses: third });
      const disabled = await byHand(field, ["profile", "disable", third, ...words]);
      expect(disabled.json()).toMatchObject({ changed: true, iccid: third, uses: null });
      expect((await listed(field, words)).profiles).toMatchObject([
        { iccid: second, state: "disabled" },
        { iccid: third, state: "disabled", nickname: "Spare" },
      ]);
      const unnamed = await byHand(field, ["profile", "nickname", third, "", ...words]);
      expect(unnamed).toMatchObject({ status: 0 });
      expect((await listed(field, words)).profiles[1]).toMatchObject({ iccid: third, nickname: null });
      const accented = await byHand(field, ["profile", "nickname", third, "Lift für Köln", ...words]);
      expect(accented.status).toBe(65);
      expect(accented.stderr).toContain("printable ASCII without quotes");
    }));
});

describe.concurrent("a modem that goes on with the old profile", () => {
  const twoProfiles = (options: Partial<World>) =>
    optionsOf({ dialect: "etsi-apdu", world: { extraProfiles: 2, ...options } });
  const restarts = (field: Field): readonly string[] =>
    field.world.modem.transcript.filter(({ text }) => text.startsWith("AT+CFUN=")).map(({ text }) => text);

  it("is restarted until it uses the enabled one, and let go of the disabled one", () =>
    inField(twoProfiles({ refresh: "needs-cfun" }), async (field) => {
      const words = ["--lpa", "host", ...(await configured(field, { modem: await impatient(field, 300) }))];
      const [first = ""] = (await listed(field, words)).profiles.map(({ iccid }) => iccid);
      const enabled = await byHand(field, ["profile", "enable", first, ...words]);
      expect(enabled.json()).toMatchObject({ changed: true, uses: first, error: null });
      expect(restarts(field)).toEqual(["AT+CFUN=0", "AT+CFUN=1"]);
      const disabled = await byHand(field, ["profile", "disable", first, ...words]);
      expect(disabled.json()).toMatchObject({ changed: true, uses: null });
      expect(restarts(field)).toHaveLength(4);
    }));

  it("whatever is done is named, with the one that it uses", () => {
    const options = twoProfiles({ refresh: "needs-reset" });
    const modem = { behaviours: [{ command: "CFUN=1,1", do: { kind: "error" } } as const] };
    return inField({ ...options, modem }, async (field) => {
      const words = ["--lpa", "host", ...(await configured(field, { modem: await impatient(field, 300) }))];
      const [first = ""] = (await listed(field, words)).profiles.map(({ iccid }) => iccid);
      const enabled = await byHand(field, ["profile", "enable", first, ...words]);
      expect(enabled.status).toBe(69);
      expect(enabled.json()).toMatchObject({ changed: true, state: "enabled", error: { code: "refresh_missing" } });
      expect((await listed(field, words)).profiles[0]).toMatchObject({ iccid: first, state: "enabled" });
    });
  });
});

describe.concurrent("what a person reads", () => {
  it("is a table, and a sentence for each change; identifiers are whole on stdout and masked on stderr", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const plainly = async (...words: string[]) => {
        const done = await byHand(field, [...words, "--lpa", "host"], { plain: true });
        expect(done.status).toBe(0);
        return done;
      };
      const { eid } = field.world.modem.euicc;
      expect((await plainly("profile", "list")).stdout).toBe(`the eUICC ${eid} has no profile\n`);
      const iccid = orderByEid(field);
      const downloaded = await plainly("profile", "download", "--smdp", field.world.smdpAddress);
      expect(downloaded.stdout).toBe(`${iccid} is on the eUICC, disabled; next: esimd profile enable ${iccid}\n`);
      expect(downloaded.stderr).toContain('offered: The SM-DP+ offers "Emulated profile" of esimd emulator');
      expect(downloaded.stderr).not.toContain(iccid);
      expect((await plainly("profile", "nickname", iccid, "Lift 4")).stdout).toBe(`${iccid} is called Lift 4 now\n`);
      expect((await plainly("profile", "list")).stdout.split("\n")).toEqual([
        "ICCID                STATE     CLASS        PROVIDER        NAME              NICKNAME  PAID",
        `${iccid}  disabled  operational  esimd emulator  Emulated profile  Lift 4    unknown`,
        "",
      ]);
      const enabled = await plainly("profile", "enable", "Lift 4");
      expect(enabled.stdout).toBe(`${iccid} is enabled; the modem uses ${iccid}\n`);
      expect((await plainly("profile", "enable", iccid)).stdout).toContain("was enabled already");
      expect((await plainly("notification", "list")).stdout).toBe("there is nothing to tell\n");
      expect((await plainly("notification", "process")).stdout).toBe("there is nothing to tell\n");
      const disabled = await plainly("profile", "disable", iccid);
      expect(disabled.stdout).toBe(`${iccid} is disabled\n`);
      expect((await plainly("profile", "delete", iccid, "--confirm", iccid, "--irrevocable")).stdout).toBe(
        `${iccid} is deleted\n`,
      );
    }));

  it.each([
    [["profile"], "say what to do"],
    [["profile", "lst"], 'there is no "lst"'],
    [["profile", "list", "x"], "profile list: nothing must stand behind it"],
    [["profile", "enable"], "profile enable: ICCID must stand behind it"],
    [["profile", "nickname", "8988307000000111111"], "ICCID and NAME must stand behind it"],
    [["notification"], "say list, process or remove"],
    [["notification", "delete", "1"], 'there is no "delete"'],
  ])("of a call that does not fit is one sentence: %j", (words, sentence) =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      const done = await byHand(field, words, { plain: true });
      expect(done).toMatchObject({ status: 64, stdout: "" });
      expect(done.stderr).toContain(sentence);
      expect(field.world.modem.transcript).toEqual([]);
    }),
  );

  it("of a nickname that no eUICC keeps is refused before the modem is asked", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      for (const name of ["x".repeat(65), "ü".repeat(33), "a\nb"]) {
        const done = await byHand(field, ["profile", "nickname", "8988307000000111111", name]);
        expect(done.json()).toMatchObject({ error: { code: "bad_input" } });
      }
      expect(field.world.modem.transcript).toEqual([]);
    }));
});

/** Vendors' tests wait two seconds between looks, and a story has less time. */
async function quickIndex(field: Field): Promise<readonly string[]> {
  const { dialects } = await impatient(field);
  const changes = ["enable", "disable", "delete", "nickname"].map(
    (name) => `[own_lpa.${name}.settle]\npoll_every_ms = 150`,
  );
  const text = `based_on = "quectel-index"\n[refresh]\nwait_ms = 300\n${changes.join("\n")}\n`;
  await writeFile(join(dialects, "impatient.toml"), text);
  return configured(field, { modem: { dialects } });
}
