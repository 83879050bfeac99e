import { describe, expect, it } from "vitest";
import { byHand, listed, orderByCode, orderByEid } from "./by-hand.js";
import type { FieldOptions } from "./field.js";
import { inField } from "./in-field.js";

/** The profiles of an eUICC by hand, on every family of modems: no API, no reservation, no charge. */

interface Family {
  readonly title: string;
  readonly dialect: string;
  readonly lpa: "modem" | "host";
  readonly kind: string;
  readonly options?: FieldOptions;
}

const byOurLpa = ["etsi-apdu"];

const families: readonly Family[] = [
  { title: "quectel-iccid", dialect: "quectel-iccid", lpa: "modem", kind: "modem-relay" },
  { title: "quectel-nwmode", dialect: "quectel-nwmode", lpa: "modem", kind: "modem-network" },
  { title: "quectel-iccid, by our LPA", dialect: "quectel-iccid", lpa: "host", kind: "host" },
  ...byOurLpa.map((dialect): Family => ({ title: dialect, dialect, lpa: "host", kind: "host" })),
];

describe.concurrent("the whole life of profiles, by hand", () => {
  it.each(families)("$title", ({ dialect, lpa, kind }) =>
    inField({ world: { dialect } }, async (field) => {
      const words = ["--lpa", lpa];
      const { modem, smdp } = field.world;
      const [bootstrap] = modem.euicc.profiles;
      const probed = await byHand(field, ["probe"]);
      expect(probed.json()).toMatchObject({ dialect, eid: modem.euicc.eid, error: null });
      const before = await listed(field, words);
      expect(before).toMatchObject({ eid: modem.euicc.eid, lpa: kind });
      expect(before.profiles.map(({ iccid }) => iccid)).toEqual(bootstrap === undefined ? [] : [bootstrap.iccid]);

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
        { iccid: coded.iccid, state: "disabled", provider: "esimd emulator", paid: false },
        { iccid: other, state: "disabled", provider: "esimd emulator", paid: false },
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
      const deleted = await byHand(field, ["profile", "delete", coded.iccid, "--confirm", coded.iccid, ...words]);
      expect(deleted).toMatchObject({ status: 0 });
      expect((await listed(field, words)).profiles.map(({ iccid, state }) => [iccid, state])).toEqual([
        ...before.profiles.map(({ iccid }) => [iccid, "disabled"]),
        [other, "disabled"],
      ]);
      expect(field.charges()).toBe(0);
    }),
  );
});
