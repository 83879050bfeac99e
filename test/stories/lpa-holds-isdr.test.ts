import { describe, expect, it } from "vitest";
import { configured, endOf, endsAs, impatient, provisioned, type Sections } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { inField } from "./in-field.js";

/** A modem whose own LPA keeps the eUICC: it is left as it is, unless its owner allowed otherwise. */

const held: FieldOptions = { dialect: "quectel-index", lpa: "auto" };
/** Consent, and no patience for a modem that ignores the REFRESH of a switch, as this family's does. */
async function consent(field: Field): Promise<Sections> {
  return { modem: { take_isdr: true, ...(await impatient(field)) } };
}

/** The modem ignores the eUICC's REFRESH, so that it is made to look at its SIM again. */
const refreshes = ["AT+CFUN=0", "AT+CFUN=1"];

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

  it("is described by the probe, which changes nothing even with consent", () =>
    inField(held, async (field) => {
      const words = ["probe", "--port", field.world.port, ...(await configured(field, await consent(field)))];
      const probe = await field.esimd(words);
      expect(probe.status).toBe(0);
      expect(probe.stdout).toMatch(/^LPA +modem-only$/m);
      expect(probe.stdout).toContain("lpa_enable is 1");
      expect(changes(field)).toEqual([]);
    }));

  it.each(["channels", "csim"] as const)("is provisioned with consent, for one charge (%s)", (cardAccess) =>
    inField({ ...held, world: { modemWorld: { simBusyMs: 150, registrationMs: 200, cardAccess } } }, async (field) => {
      const words = await configured(field, await consent(field));
      const ended = await field.provision(words);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report()).toMatchObject({ changed: true, modem: { dialect: "quectel-index", lpa: "host" } });
      expect(changes(field)).toEqual(['AT+QESIM="lpa_enable",0', "AT+CFUN=1,1", ...refreshes]);
      expect(field.charges()).toBe(1);

      const again = await field.provision(words);
      expect(endOf(again)).toEqual(provisioned);
      expect(again.report()).toMatchObject({ changed: false });
      // The modem keeps the setting, and so it is not reset again.
      expect(changes(field)).toHaveLength(4);
      expect(field.charges()).toBe(1);
    }),
  );

  it("may leave the bus with its reset: the next run finds its LPA off", () => {
    const modem = { behaviours: [{ command: "CFUN=1,1", do: { kind: "unplug", when: "executed" } } as const] };
    return inField({ ...held, modem }, async (field) => {
      const words = await configured(field, { modem: { ...(await consent(field))["modem"], return_wait: "0s" } });
      expect(endOf(await field.provision(words))).toEqual(endsAs(74, "failed", "serial_gone"));
      await field.world.modem.replug();
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(changes(field)).toHaveLength(4);
      expect(field.charges()).toBe(1);
    });
  });

  it("whose LPA was switched off and not yet reset is only reset", () => {
    const modem = {
      behaviours: [{ command: "CFUN=1,1", times: 1, do: { kind: "error" } } as const],
    };
    return inField({ ...held, modem }, async (field) => {
      const words = await configured(field, await consent(field));
      expect(endOf(await field.provision(words))).toEqual(endsAs(69, "failed", "modem_refused"));
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(changes(field)).toEqual(['AT+QESIM="lpa_enable",0', "AT+CFUN=1,1", "AT+CFUN=1,1", ...refreshes]);
      expect(field.charges()).toBe(1);
    });
  });
});

describe.concurrent("a modem without that setting", () => {
  it("is not reset in search of an eUICC that it does not have", () =>
    inField({ dialect: "etsi-apdu", lpa: "auto", modem: "no-euicc" }, async (field) => {
      const ended = await field.provision(await configured(field, await consent(field)));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "no_euicc"));
      expect(changes(field)).toEqual([]);
      expect(field.charges()).toBe(0);
    }));
});
