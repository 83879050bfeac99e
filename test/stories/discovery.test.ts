import { describe, expect, it } from "vitest";
import { configured, endOf, endsAs, provisioned } from "./conditions.js";
import { inField } from "./in-field.js";

/** Provider none, and nobody names an SM-DP+: what waits for the eUICC is found by the root SM-DS that stands on it. */

const discovery = { dialect: "etsi-apdu", lpa: "auto", world: { discovery: true } } as const;
const byBackEnd = { api: { provider: "none" } };

describe.concurrent("an eUICC that knows only its root SM-DS", () => {
  it("is provisioned with what a back end had announced for it", () =>
    inField(discovery, async (field) => {
      const { smdp, smds, modem } = field.world;
      const words = await configured(field, byBackEnd);
      // The order of another way: without an event nobody finds it.
      const quiet = smdp.placeOrder(modem.euicc.eid);
      expect(endOf(await field.provision(words))).toEqual(endsAs(75, "failed", "no_profile_waiting"));

      const announced = smdp.announceOrder(modem.euicc.eid);
      const ended = await field.provision(words);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report()).toMatchObject({ changed: true, iccid: announced.iccid });
      expect(smdp.orders().map(({ iccid, state }) => [iccid, state])).toEqual([
        [quiet.iccid, "Released"],
        [announced.iccid, "Installed"],
      ]);
      // The SM-DP+ took the event back.
      expect(smds?.events()).toEqual([]);

      const again = await field.provision(words);
      expect(again.report()).toMatchObject({ state: "provisioned", changed: false });
      expect(smds?.discoveries).toBe(2);
      expect(field.charges()).toBe(0);
    }));

  it("does not ask it where the configuration names an SM-DP+", () =>
    inField(discovery, async (field) => {
      const { smdp, smds, modem, smdpAddress } = field.world;
      const words = await configured(field, { ...byBackEnd, download: { smdp_address: smdpAddress } });
      smdp.placeOrder(modem.euicc.eid);
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(smds?.discoveries).toBe(0);
    }));

  it("is not asked for by a modem's own LPA, whose traffic is not ours", () =>
    inField({ ...discovery, dialect: "quectel-iccid", lpa: "modem" }, async (field) => {
      const { smdp, smds, modem } = field.world;
      smdp.announceOrder(modem.euicc.eid);
      const ended = await field.provision(await configured(field, byBackEnd));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "smdp_protocol"));
      expect(ended.report().error?.hint).toContain("download.smdp_address");
      expect(smds?.discoveries).toBe(0);
    }));
});
