import { describe, expect, it } from "vitest";
import type { World } from "../../src/emulator/modem/world-options.js";
import { configured, endOf, endsAs, impatient, provisioned, type Sections } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { hurriedClock } from "./hurried-clock.js";
import { inField } from "./in-field.js";

/** What a modem does with its SIM after a switch of profiles and before there is one, told on a real pty. */

const quick = { simBusyMs: 150, registrationMs: 200 };

function modemWith(world: Partial<World>, more: FieldOptions = {}): FieldOptions {
  return { dialect: "quectel-iccid", ...more, world: { modemWorld: { ...quick, ...world }, ...more.world } };
}

/** Commands by which the host restarts something, in order. */
function restarts(field: Field): readonly string[] {
  return sent(field, /^AT\+CFUN=/);
}

function sent(field: Field, pattern: RegExp): readonly string[] {
  return field.world.modem.transcript
    .filter(({ from, text }) => from === "host" && pattern.test(text))
    .map(({ text }) => text);
}

/** A configuration for a modem that is not waited for long. */
async function hasty(field: Field, modem: Sections[string] = {}): Promise<readonly string[]> {
  return configured(field, { modem: { ...(await impatient(field)), ...modem } });
}

describe.concurrent("after enabling, a modem", () => {
  it("that honours the REFRESH is not restarted", () =>
    inField(modemWith({}), async (field) => {
      expect(endOf(await field.provision(await hasty(field)))).toEqual(provisioned);
      expect(restarts(field)).toEqual([]);
    }));

  it("that ignores it has its functionality cycled, and registers with the new profile", () =>
    inField(modemWith({ refresh: "ignored" }, { bootstrap: true }), async (field) => {
      const ended = await field.provision(await hasty(field));
      expect(endOf(ended)).toEqual(provisioned);
      expect(restarts(field)).toEqual(["AT+CFUN=0", "AT+CFUN=1"]);
      expect(ended.report().network).toMatchObject({ registered: true });
      // The next run finds it done, and restarts nothing.
      expect((await field.provision(await hasty(field))).report()).toMatchObject({ changed: false });
      expect(restarts(field)).toHaveLength(2);
    }));

  it("that says nothing from CFUN=0 on is told CFUN=1 all the same (openpilot, on EG25), and registers", () =>
    inField(modemWith({ refresh: "ignored", silentAtCfun0: true }, { clock: hurriedClock(6) }), async (field) => {
      const ended = await field.provision(await hasty(field));
      expect(endOf(ended)).toEqual(provisioned);
      expect(restarts(field)).toEqual(["AT+CFUN=0", "AT+CFUN=1"]);
      expect(ended.report().network).toMatchObject({ registered: true });
    }));

  it("that needs a reset gets one, and comes back under the run's hands", () =>
    inField(modemWith({ refresh: "needs-reset" }), async (field) => {
      expect(endOf(await field.provision(await hasty(field)))).toEqual(provisioned);
      expect(restarts(field)).toEqual(["AT+CFUN=0", "AT+CFUN=1", "AT+CFUN=1,1"]);
      expect(field.charges()).toBe(1);
    }));

  it.each([
    ["etsi-apdu", ["AT#SIMDET=0", "AT#SIMDET=1"]],
    ["fibocom-mtk", ["AT+ESIMPOWER=0", "AT+ESIMPOWER=1"]],
  ] as const)("that needs its SIM's power cycled has that after CFUN, and no reset: %s", (dialect, power) => {
    const isdrWindow = { opensMs: 0, closesMs: 3_600_000 };
    const modem = { dialect, lpa: "auto", modem: "needs-sim-power", clock: hurriedClock(4) } as const;
    return inField(modemWith({ isdrWindow }, modem), async (field) => {
      expect(endOf(await field.provision(await hasty(field)))).toEqual(provisioned);
      expect(sent(field, /^AT(\+CFUN|#SIMDET|\+ESIMPOWER)=/)).toEqual(["AT+CFUN=0", "AT+CFUN=1", ...power]);
    });
  });

  it("that leaves the bus with its reset is found again, and the run goes on", () => {
    const modem = {
      behaviours: [
        { command: "CFUN=1,1", times: 1, do: { kind: "unplug", when: "executed", replugAfterMs: 700 } } as const,
      ],
    };
    return inField(modemWith({ refresh: "needs-reset" }, { modem }), async (field) => {
      const ended = await field.provision(await hasty(field, { return_wait: "20s" }));
      expect(endOf(ended)).toEqual(provisioned);
      expect(restarts(field).filter((text) => text === "AT+CFUN=1,1")).toHaveLength(1);
      expect(field.charges()).toBe(1);
    });
  });

  it("that never takes the profile up is named, with its APN put back; power off and on, and the next run is done", () =>
    inField(
      modemWith(
        { refresh: "needs-reset" },
        { modem: { behaviours: [{ command: "CFUN=1,1", do: { kind: "error" } }] } },
      ),
      async (field) => {
        const words = await hasty(field, { apn: "super.iot" });
        const before = await apnOf(field);
        const ended = await field.provision(words);
        expect(endOf(ended)).toEqual(endsAs(69, "failed", "refresh_missing"));
        expect(ended.report().error?.message).toContain("tried: cfun, reset");
        expect(sent(field, /^AT\+CGDCONT=1,.*"super\.iot"$/)).toHaveLength(1);
        expect(await apnOf(field)).toBe(before);

        await field.world.modem.unplug();
        await field.world.modem.replug();
        expect(endOf(await field.provision(words))).toEqual(provisioned);
        expect(await apnOf(field)).toBe("super.iot");
        expect(field.charges()).toBe(1);
      },
    ));

  it("whose profile wants a PIN is provisioned, and it is logged who must act", () =>
    inField(modemWith({ pin: "locked" }), async (field) => {
      const ended = await field.provision([
        ...(await configured(field, { network: { registration_wait: "1s" } })),
        "--log-level",
        "warn",
      ]);
      expect(ended.report()).toMatchObject({ state: "provisioned", network: { registered: false } });
      expect(ended.status).toBe(11);
      expect(ended.stderr).toContain("asks for a PIN");
      expect(restarts(field)).toEqual([]);
    }));
});

describe.concurrent("the APN", () => {
  it("is written once, where another one stands", () =>
    inField(modemWith({}), async (field) => {
      const words = await configured(field, { modem: { apn: "super.iot" } });
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(await apnOf(field)).toBe("super.iot");
      expect((await field.provision(words)).report()).toMatchObject({ changed: false });
      expect(sent(field, /^AT\+CGDCONT=/)).toHaveLength(1);
    }));

  it("that the modem refuses costs a warning, not the profile", () =>
    inField(modemWith({ apnRejected: "silently" }), async (field) => {
      const words = await configured(field, { modem: { apn: "super.iot" } });
      const ended = await field.provision([...words, "--log-level", "warn"]);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.stderr).toContain("the modem accepted the APN super.iot and shows");
    }));
});

async function apnOf(field: Field): Promise<string | null> {
  const probe = await field.esimd(["probe", "--port", field.world.port, "--json"]);
  const found: { network: { apn: string | null } } = JSON.parse(probe.stdout);
  return found.network.apn;
}

describe.concurrent("an eUICC in the other SIM slot", () => {
  const wrongSlot: Partial<World> = { slots: { active: 1, euicc: 2, other: "sim", spelling: "QUIMSLOT" } };

  it("is not switched to unasked: it is named what would", () =>
    inField(modemWith(wrongSlot), async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "no_euicc"));
      expect(ended.report().error?.hint).toContain("set modem.sim_slot");
      expect(sent(field, /^AT\+QUIMSLOT=\d/)).toEqual([]);
      expect(field.charges()).toBe(0);
    }));

  it("is known to be there where the modem tells its slots", () =>
    inField(modemWith(wrongSlot, { dialect: "fibocom-mtk", lpa: "auto" }), async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "euicc_other_slot"));
      expect(ended.report().error?.hint).toMatch(/Set modem\.sim_slot = \d: that is the consent/);
    }));

  it.each(["quectel-iccid", "quectel-nwmode"] as const)(
    "is switched to with consent, once, and provisioned (%s)",
    (dialect) =>
      inField(modemWith(wrongSlot, { dialect, lpa: "auto" }), async (field) => {
        const words = await configured(field, { modem: { sim_slot: 2 } });
        const ended = await field.provision(words);
        expect(endOf(ended)).toEqual(provisioned);
        expect(ended.report().changed).toBe(true);
        expect((await field.provision(words)).report()).toMatchObject({ changed: false });
        expect(sent(field, /^AT\+QUIMSLOT=\d/)).toEqual(["AT+QUIMSLOT=2"]);
        expect(field.charges()).toBe(1);
      }),
  );

  it("is switched to on MediaTek's count from 0, and the AT port that dies with the switch is waited for (field notes on FM350)", () => {
    const slots = { active: 1, euicc: 2, other: "empty", spelling: "QUIMSLOT", portGoneMs: 700 } as const;
    const isdrWindow = { opensMs: 0, closesMs: 3_600_000 };
    return inField(modemWith({ slots, isdrWindow }, { dialect: "fibocom-mtk", lpa: "auto" }), async (field) => {
      const words = await configured(field, { modem: { sim_slot: 1, return_wait: "20s" } });
      const ended = await field.provision(words);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.stdout).toContain("to come back");
      expect((await field.provision(words)).report()).toMatchObject({ changed: false });
      // Asked again once the port is back, and found switched.
      expect(sent(field, /^AT\+GTDUALSIM=\d/)).toEqual(["AT+GTDUALSIM=1"]);
      expect(sent(field, /^AT\+GTDUALSIM\?/).length).toBeGreaterThan(1);
      expect(field.charges()).toBe(1);
    });
  });

  it("that the modem counts otherwise is refused with a sentence", () =>
    inField(modemWith(wrongSlot), async (field) => {
      const ended = await field.provision(await configured(field, { modem: { sim_slot: 4 } }));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "slot_refused"));
      expect(field.charges()).toBe(0);
    }));
});

describe.concurrent("an eUICC that does not let us in", () => {
  it("because the modem itself uses it for a while: it is waited for", () =>
    inField(
      modemWith({ isdrWindow: { opensMs: 2_500, closesMs: 3_600_000 } }, { dialect: "fibocom-mtk", lpa: "auto" }),
      async (field) => {
        await field.world.modem.unplug();
        await field.world.modem.replug();
        expect(endOf(await field.provision(await configured(field)))).toEqual(provisioned);
        expect(field.charges()).toBe(1);
      },
    ));

  it("because it is of the M2M kind: that is said, and nothing is paid", () =>
    inField(modemWith({ euicc: "m2m" }, { dialect: "etsi-apdu", lpa: "auto" }), async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "euicc_m2m"));
      expect(field.charges()).toBe(0);
    }));
});

describe("a modem on which nothing was ever enabled", () => {
  it("says EMPTY_EUICC, which is no fault, and is provisioned", () =>
    inField(modemWith({}, { dialect: "fibocom-mtk", lpa: "auto" }), async (field) => {
      const probe = await field.esimd(["probe", "--port", field.world.port]);
      expect(probe.status).toBe(0);
      expect(probe.stdout).toMatch(/^SIM +empty-euicc$/m);
      expect(endOf(await field.provision(await configured(field)))).toEqual(provisioned);
    }));
});
