import { describe, expect, it } from "vitest";
import { configured, endOf, endsAs, provisioned } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { inField } from "./in-field.js";

/** A modem whose own LPA keeps the eUICC: it is left as it is, unless its owner allowed otherwise. */

const held: FieldOptions = { dialect: "quectel-index", lpa: "auto" };
const consent = { modem: { take_isdr: true } };

/** What the modem was told that it does not forget, or that stops it for a while. */
function changes(field: Field): readonly string[] {
  return field.world.modem.transcript
    .filter(({ from, text }) => from === "host" && /lpa_enable",|CFUN=/.test(text))
    .map(({ text }) => text);
}

describe.concurrent("a modem whose own LPA holds the ISD-R", () => {
  it.each(["channels", "csim"] as const)("is not touched without consent, and nothing is paid (%s)", (cardAccess) =>
    inField({ ...held, world: { modemWorld: { simBusyMs: 150, cardAccess } } }, async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(endsAs(78, "failed", "lpa_holds_isdr"));
      const { error } = ended.report();
      expect(error?.message).toContain("lpa_enable is 1");
      expect(error?.hint).toContain("modem.take_isdr = true");
      expect(changes(field)).toEqual([]);
      expect(field.charges()).toBe(0);
    }),
  );

  it("is named by the probe, which changes nothing even with consent", () =>
    inField(held, async (field) => {
      const words = ["probe", "--port", field.world.port, ...(await configured(field, consent))];
      const probe = await field.esimd(words);
      expect(probe.status).toBe(78);
      expect(probe.stdout).toContain("(lpa_holds_isdr)");
      expect(changes(field)).toEqual([]);
    }));

  it.each(["channels", "csim"] as const)("is provisioned with consent, for one charge (%s)", (cardAccess) =>
    inField({ ...held, world: { modemWorld: { simBusyMs: 150, registrationMs: 200, cardAccess } } }, async (field) => {
      const words = await configured(field, consent);
      const ended = await field.provision(words);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report()).toMatchObject({ changed: true, modem: { dialect: "quectel-index", lpa: "host" } });
      expect(changes(field)).toEqual(['AT+QESIM="lpa_enable",0', "AT+CFUN=1,1"]);
      expect(field.charges()).toBe(1);

      const again = await field.provision(words);
      expect(endOf(again)).toEqual(provisioned);
      expect(again.report()).toMatchObject({ changed: false });
      // The modem keeps the setting, and so it is not reset again.
      expect(changes(field)).toHaveLength(2);
      expect(field.charges()).toBe(1);
    }),
  );

  it("may leave the bus with its reset: the next run finds its LPA off", () => {
    const modem = { behaviours: [{ command: "CFUN=1,1", do: { kind: "unplug", when: "executed" } } as const] };
    return inField({ ...held, modem }, async (field) => {
      const words = await configured(field, { modem: { ...consent.modem, return_wait: "0s" } });
      expect(endOf(await field.provision(words))).toEqual(endsAs(74, "failed", "serial_gone"));
      await field.world.modem.replug();
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(changes(field)).toHaveLength(2);
      expect(field.charges()).toBe(1);
    });
  });

  it("whose LPA was switched off and not yet reset is only reset", () => {
    const modem = {
      behaviours: [{ command: "CFUN=1,1", times: 1, do: { kind: "error" } } as const],
    };
    return inField({ ...held, modem }, async (field) => {
      const words = await configured(field, consent);
      expect(endOf(await field.provision(words))).toEqual(endsAs(69, "failed", "modem_refused"));
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(changes(field)).toEqual(['AT+QESIM="lpa_enable",0', "AT+CFUN=1,1", "AT+CFUN=1,1"]);
      expect(field.charges()).toBe(1);
    });
  });
});

describe.concurrent("a modem without that setting", () => {
  it("is not reset in search of an eUICC that it does not have", () =>
    inField({ dialect: "etsi-apdu", lpa: "auto", modem: "no-euicc" }, async (field) => {
      const ended = await field.provision(await configured(field, consent));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "no_euicc"));
      expect(changes(field)).toEqual([]);
      expect(field.charges()).toBe(0);
    }));
});
