import { describe, expect, it } from "vitest";
import type { World } from "../../src/emulator/modem/world-options.js";
import { configured, endOf, impatient, provisioned } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { hurriedClock } from "./hurried-clock.js";
import { inField } from "./in-field.js";

/**
 * Every family of modems, from nothing to a working subscription, by both methods: esimd finds out by itself which family it is, whose LPA
 * does the work, and what it takes until the modem uses the profile. The family's own slowness is shortened, its manners are not.
 */

interface Family {
  readonly dialect: NonNullable<FieldOptions["dialect"]>;
  /** As its maker calls it. */
  readonly model: string;
  readonly lpa: "auto" | "modem";
  /** Whose LPA did it, as the report has it. */
  readonly by: "host" | "modem-relay" | "modem-network";
  readonly evidence: string;
  /** A fact of its own and how sure that is. */
  readonly fact: readonly [string, string];
  readonly eidFrom: "dialect" | "card";
  readonly world?: Partial<World>;
  /** Its LPA holds the ISD-R until it is switched off: what is said to it for that, and for a REFRESH that it ignores. */
  readonly told?: readonly string[];
  readonly patienceMs?: number;
}

const byCard = { lpa: "auto", by: "host" } as const;

const families: readonly Family[] = [
  {
    ...byCard,
    dialect: "quectel-iccid",
    model: "EC25",
    evidence: "seen in code",
    fact: ["download", "seen in code"],
    eidFrom: "dialect",
  },
  {
    dialect: "quectel-iccid",
    model: "EC25",
    lpa: "modem",
    by: "modem-relay",
    evidence: "seen in code",
    fact: ["the host's answers", "seen in code"],
    eidFrom: "dialect",
  },
  {
    ...byCard,
    dialect: "quectel-nwmode",
    model: "EC200U",
    evidence: "seen in code",
    fact: ["rename", "seen in code"],
    eidFrom: "dialect",
  },
  {
    dialect: "quectel-nwmode",
    model: "EC200U",
    lpa: "modem",
    by: "modem-network",
    evidence: "seen in code",
    fact: ["download", "seen in code"],
    eidFrom: "dialect",
  },
  {
    ...byCard,
    dialect: "quectel-index",
    model: "RG650E-EU",
    evidence: "seen in code",
    fact: ["lpa_enable", "seen in code"],
    // Its own command is refused once its LPA is off.
    eidFrom: "card",
    told: ['AT+QESIM="lpa_enable",0', "AT+CFUN=1,1", "AT+CFUN=0", "AT+CFUN=1"],
    patienceMs: 300,
  },
  {
    ...byCard,
    dialect: "etsi-apdu",
    model: "LE910C4",
    evidence: "documented",
    fact: ["ICCID in use (AT+CCID)", "seen in code"],
    eidFrom: "card",
  },
  {
    ...byCard,
    dialect: "fibocom-mtk",
    model: "FM350-GL",
    evidence: "documented",
    fact: ["all slots", "seen in code"],
    eidFrom: "dialect",
    world: { isdrWindow: { opensMs: 0, closesMs: 3_600_000 } },
  },
  {
    ...byCard,
    dialect: "sierra",
    model: "EM7590",
    evidence: "forum",
    fact: ["unlock SIMLPA", "seen in code"],
    eidFrom: "card",
    world: { notReadyMs: 200 },
    told: ['AT!ENTERCND="A710"', 'AT!CUSTOM="SIMLPA",0', "AT+CFUN=1,1"],
  },
  {
    ...byCard,
    dialect: "simcom",
    model: "A7908E",
    evidence: "forum",
    fact: ["ICCID in use (AT+CICCID)", "documented"],
    eidFrom: "card",
  },
  { ...byCard, dialect: "3gpp-r19", model: "R19-1", evidence: "guess", fact: ["EID", "guess"], eidFrom: "dialect" },
];

const methods = ["eid", "activation-code"] as const;

/** As in field.ts. */
const quickModem = { simBusyMs: 150, registrationMs: 200 };

/** What the modem was told that it does not forget, or that stops it for a while. */
function told(field: Field): readonly string[] {
  return field.world.modem.transcript
    .filter(({ from, text }) => from === "host" && /ENTERCND|CUSTOM=|lpa_enable",|CFUN=/.test(text))
    .map(({ text }) => text);
}

describe.concurrent.each(families)("$dialect, $by", (family) => {
  const { dialect, lpa, by, evidence, fact, eidFrom, model, patienceMs } = family;
  // Waits for a modem that restarts are half as long; a call to the API has the time that it has elsewhere.
  const options: FieldOptions = {
    dialect,
    lpa,
    clock: hurriedClock(2),
    world: { modemWorld: { ...quickModem, ...family.world } },
  };

  it.each(methods)("is provisioned by %s: one charge, the new profile in use and registered", (method) =>
    inField(options, async (field) => {
      const { modem, port } = field.world;
      const patience = patienceMs === undefined ? {} : await impatient(field, patienceMs);
      const words = await configured(field, {
        api: { timeout: "4s" },
        modem: { ...patience, ...(family.told !== undefined && { take_isdr: true }) },
      });
      const ended = await field.provision(["--method", method, ...words]);
      expect(endOf(ended)).toEqual(provisioned);
      const report = ended.report();
      expect(report).toMatchObject({
        changed: true,
        eid: modem.euicc.eid,
        esimProfile: { status: "installed", method },
        sim: { status: "ready" },
        modem: { dialect, lpa: by, model: expect.stringContaining(model) },
        network: { registered: true },
      });
      expect(field.charges()).toBe(1);
      expect(told(field)).toEqual(family.told ?? []);
      expect(field.world.smdp.orders()).toMatchObject([{ iccid: report.iccid, state: "Installed" }]);

      // Without the changed patience: the dialect and all that is known of it are esimd's own.
      const probe = await field.esimd(["probe", "--port", port, "--json"]);
      expect(JSON.parse(probe.stdout)).toMatchObject({
        dialect,
        dialectFrom: "esimd",
        evidence,
        facts: { [fact[0]]: fact[1] },
        eid: modem.euicc.eid,
        eidFrom,
        sim: { pin: "ready", iccid: expect.stringContaining(report.iccid ?? "no ICCID") },
        network: { registered: true },
        error: null,
      });
      const { profiles }: { profiles: readonly object[] } = JSON.parse(probe.stdout);
      expect(profiles.filter((profile) => "enabled" in profile && profile.enabled)).toMatchObject([
        { iccid: report.iccid },
      ]);
      expect(profiles).toHaveLength(modem.euicc.profiles.length);

      if (method !== "eid") return;
      const again = await field.provision(["--method", method, ...words]);
      expect(again.report()).toMatchObject({ state: "provisioned", changed: false });
      expect(told(field)).toEqual(family.told ?? []);
      expect(field.charges()).toBe(1);
    }),
  );
});
