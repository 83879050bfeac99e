import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import type { World } from "../../src/emulator/modem/world-options.js";
import { configured, endOf, endsAs, impatient, provisioned, until } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { hurriedClock } from "./hurried-clock.js";
import { inField } from "./in-field.js";

/** What ports of modems keep back, say too late and lose, each as reported in the field. */

/** How long the port is away while the modem restarts. */
const restartMs = 2_000;
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

async function isProvisioned(field: Field, words: readonly string[] = []): Promise<void> {
  expect(endOf(await field.provision([...(await configured(field)), ...words]))).toEqual(provisioned);
  expect(field.charges()).toBe(1);
}

describe.concurrent("when it is opened, a port", () => {
  it.each<[string, readonly string[]]>([
    ["URCs of its start (field notes on FM350)", ["RDY", "+ESIMS: 1,29", "+CPIN: NOT READY", "+CEREG: 0"]],
    ["the end of a download that nobody waited for", ['+QESIM:"download",1', '+QESIM: "trans",0']],
    ["the answer to a command of a process that died", ["+CSQ: 20,99", "OK"]],
    ["two such answers", ["Quectel", "OK", "+CSQ: 20,99", "OK", "ERROR"]],
  ])("may still have %s: it is not taken for an answer", (_what, staleUrcs) =>
    inField(modemWith("quectel-iccid", { staleUrcs: [...staleUrcs] }, { lpa: "modem" }), async (field) => {
      const probe = await field.esimd(["probe", "--port", field.world.port, "--json"]);
      expect(JSON.parse(probe.stdout)).toMatchObject({
        vendor: "Quectel",
        model: "EC25",
        dialect: "quectel-iccid",
        error: null,
      });
      await isProvisioned(field);
    }),
  );

  it("may be silent, and lose what is said to it: 45 s were seen (field notes on FM350)", () =>
    inField(
      modemWith("etsi-apdu", { silentAfterOpenMs: 1_000, staleUrcs: ["+ESIMS: 1,29"] }, { clock: hurriedClock(8) }),
      async (field) => {
        await field.world.modem.unplug();
        await field.world.modem.replug();
        // A probe asks once and no more.
        expect((await field.esimd(["probe", "--port", field.world.port])).status).toBe(0);
        await isProvisioned(field);
      },
    ));
});

describe.concurrent("a modem that restarts itself in the middle of a run (FM350, about 90 s after its start)", () => {
  it.each([700, 1_300])("%i ms after the run began is waited for, and one profile is paid for", (afterMs) =>
    inField(modemWith("etsi-apdu", { registrationMs: 1_000 }, { clock: hurriedClock(2) }), async (field) => {
      const { modem } = field.world;
      const ended = isProvisioned(field);
      // Counted from when the port is open: a run that finds no port has nothing to wait for.
      await until(() => sent(field, /^AT/).length > 0, "the port is open");
      systemClock.setTimer(afterMs, () => {
        void modem.unplug().then(() => systemClock.setTimer(restartMs, () => void modem.replug()));
      });
      await ended;
      // Its line's settings went with its power.
      expect(sent(field, /^ATE0$/).length).toBeGreaterThanOrEqual(2);
      expect(field.world.smdp.orders()).toMatchObject([{ state: "Installed" }]);
    }),
  );
});

describe.concurrent("where URCs go to another port (Quectel AT+QURCCFG), looking must do", () => {
  it.each(["quectel-nwmode", "quectel-iccid"] as const)("for the end of a download by the modem: %s", (dialect) =>
    inField(
      modemWith(dialect, { urcs: "elsewhere" }, { lpa: "modem", bootstrap: true, clock: hurriedClock(4) }),
      async (field) => {
        await isProvisioned(field);
        expect(field.world.modem.counts.urcs).toBe(0);
      },
    ),
  );

  it("for a SIM that starts anew", () =>
    inField(modemWith("etsi-apdu", { urcs: "elsewhere", refresh: "ignored" }), async (field) => {
      const words = await configured(field, { modem: await impatient(field, 300) });
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(field.world.modem.counts.urcs).toBe(0);
    }));
});

describe.concurrent("an answer that comes after its deadline", () => {
  it("is not the next one's, though each question has an answer of its own without a prefix: one command at a time (V.250 5.2.1)", () => {
    // Five seconds of esimd's time are one of the modem's, which works off its input in order.
    const modem: FieldOptions["modem"] = {
      behaviours: [
        { command: "CGMM", nth: 1, delayMs: 1_100, do: { kind: "answer" } },
        { command: "CGMM", nth: 1, delayMs: 400, do: { kind: "answer" } },
      ],
    };
    return inField(modemWith("quectel-iccid", {}, { modem, clock: hurriedClock(5) }), async (field) => {
      const probe = await field.esimd(["probe", "--port", field.world.port, "--json"]);
      expect(JSON.parse(probe.stdout)).toMatchObject({
        vendor: "Quectel",
        model: "EC25",
        revision: "EC25EFAR06A11M4G",
        imei: expect.stringMatching(/^\d{15}$/),
        eid: field.world.modem.euicc.eid,
        error: null,
      });
    });
  });

  it.each<[string, string]>([
    ["to what opens a channel", "CCHO="],
    ["to what asks for the EID", "BF3E"],
    ["to what asks for the profiles", "BF2D"],
  ])("%s ends the run before anything is paid, and is not the next run's", (_title, command) => {
    // Ten seconds of esimd's time are two of the modem's.
    const modem: FieldOptions["modem"] = {
      behaviours: [{ command, times: 1, delayMs: 2_300, do: { kind: "answer" } }],
    };
    return inField(modemWith("etsi-apdu", {}, { modem, clock: hurriedClock(5) }), async (field) => {
      const words = await configured(field);
      const first = await field.provision(words);
      expect(endOf(first)).toEqual(endsAs(69, "failed", "modem_silent"));
      expect(field.charges()).toBe(0);
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(field.charges()).toBe(1);
    });
  });
});
