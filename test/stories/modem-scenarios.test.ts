import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import type { ErrorCode } from "../../src/base/errors.js";
import { builtInScenarios } from "../../src/emulator/modem/built-in-scenarios.js";
import type { ScenarioInput } from "../../src/emulator/modem/scenario.js";
import { configured, type Sections } from "./conditions.js";
import { byModem, inField, type ModemDialect, modemDialects } from "./in-field.js";

/**
 * Every way in which the fake modem misbehaves, on a real pty, with the end that the contract demands: the state, the exit status, the
 * money, and the time. Where both families of modems end alike, both are shown.
 */

/** Another EID than that of the eUICC in the slot, with good check digits. */
const otherEid = "89049032123451234512345678901332";

interface Misbehaviour {
  /** A built-in scenario, or one of the story's own. */
  readonly modem: string | ScenarioInput;
  /** Left out: both. */
  readonly dialects?: readonly ModemDialect[];
  /** Bytes of the profile on offer. */
  readonly profileBytes?: number;
  readonly config?: Sections;
  /** The whole run ends within this. */
  readonly withinMs: number;
}

interface BadEnd extends Misbehaviour {
  readonly code: ErrorCode;
  readonly state: "failed" | "held";
  readonly status: number;
  readonly charges: number;
}

const goodEnds: Readonly<Record<string, Misbehaviour>> = {
  "answers slowly": { modem: "slow", withinMs: 60_000 },
  "has a busy SIM at first": { modem: "busy-then-ok", withinMs: 15_000 },
  "is on a noisy line": { modem: "garbage", withinMs: 10_000 },
  "sends its answers in pieces": { modem: "split-bytes", withinMs: 15_000 },
  "sends a storm of URCs before each answer": { modem: "urc-storm", withinMs: 10_000 },
  "refuses the first eSIM command by a number": { modem: "error-by-number", withinMs: 10_000 },
  "loses the beginning of its echoes": { modem: "partial-echo", withinMs: 10_000 },
  "has an eUICC with many profiles": { modem: "many-profiles", withinMs: 10_000 },
  "calls a download failed that worked": { modem: "download-fails-but-present", withinMs: 10_000 },
  "calls the first download a success that did not work": {
    modem: { world: { download: "ok-but-absent", downloadTimes: 1 } },
    withinMs: 45_000,
  },
  "never says that the download is over": { modem: { world: { completionMissing: true } }, withinMs: 25_000 },
  "says late that the download is over": { modem: { world: { completionDelayMs: 2_500 } }, withinMs: 15_000 },
  "answers one question after its deadline": {
    modem: { behaviours: [{ command: "CGMM", times: 1, do: { kind: "late", ms: 5_300 } }] },
    withinMs: 20_000,
  },
  "never answers one question": {
    modem: { behaviours: [{ command: 'QESIM="list"', times: 1, do: { kind: "silence" } }] },
    withinMs: 25_000,
  },
  "answers to its EID that it was asked nothing": {
    modem: { behaviours: [{ command: 'QESIM="eid"', do: { kind: "raw", text: '\r\n+QESIM: "eid",0\r\n\r\nOK\r\n' } }] },
    withinMs: 10_000,
  },
};

const badEnds: Readonly<Record<string, BadEnd>> = {
  "answers nothing": {
    modem: "silence",
    config: { modem: { wake_wait: "1s" } },
    code: "modem_silent",
    state: "failed",
    status: 69,
    charges: 0,
    withinMs: 8_000,
  },
  "hangs when it is asked for its profiles": {
    modem: { behaviours: [{ command: 'QESIM="list"', do: { kind: "silence" } }] },
    code: "modem_silent",
    state: "failed",
    status: 69,
    charges: 0,
    withinMs: 30_000,
  },
  "reports an EID with wrong check digits, as the card does": {
    modem: "wrong-eid",
    code: "bad_eid",
    state: "failed",
    status: 65,
    charges: 0,
    withinMs: 8_000,
  },
  "reports an EID with wrong check digits and no way to the card": {
    modem: {
      behaviours: [{ command: "CCHO|CSIM", do: { kind: "error" } }],
      world: { reportedEid: "invalid" },
    },
    code: "modem_protocol",
    state: "failed",
    status: 76,
    charges: 0,
    withinMs: 8_000,
  },
  "reports another EID than the card": {
    modem: {
      behaviours: [
        { command: 'QESIM="eid"', do: { kind: "raw", text: `\r\n+QESIM: "eid",0,"${otherEid}"\r\n\r\nOK\r\n` } },
      ],
    },
    code: "eid_mismatch",
    state: "failed",
    status: 65,
    charges: 0,
    withinMs: 8_000,
  },
  "is not the unit that was expected": {
    modem: {},
    config: { modem: { expected_eid: otherEid } },
    code: "eid_mismatch",
    state: "failed",
    status: 65,
    charges: 0,
    withinMs: 8_000,
  },
  "has no eUICC": { modem: "no-euicc", code: "no_euicc", state: "failed", status: 69, charges: 0, withinMs: 8_000 },
  "has a full eUICC": {
    modem: "full-euicc",
    code: "euicc_full",
    state: "held",
    status: 79,
    charges: 0,
    withinMs: 8_000,
  },
  "has an eUICC with too little room for the profile": {
    modem: {},
    profileBytes: 1_100_000,
    dialects: ["quectel-iccid"],
    code: "euicc_full",
    state: "held",
    status: 79,
    charges: 1,
    withinMs: 15_000,
  },
  "calls every download a success, and none is": {
    modem: "download-ok-but-absent",
    config: { download: { attempts: 1 } },
    code: "install_unconfirmed",
    state: "held",
    status: 79,
    charges: 1,
    withinMs: 40_000,
  },
};

/** The built-in scenarios whose story is told elsewhere: built-in-scenarios, quirks-card, unplugged-in-download, doctor-faults. */
const elsewhere: readonly string[] = [
  "burst-limit",
  "device-settings",
  "diag-port",
  "gnss-port",
  "isdr-window",
  "late-loader-error",
  "m2m-euicc",
  "needs-sim-power",
  "pin-locked",
  "refresh-ignored",
  "refresh-needs-reset",
  "self-reset",
  "silent-at-cfun0",
  "slow-refresh",
  "slow-start",
  "unplug",
  "wrong-slot",
];

describe.concurrent("a modem that", () => {
  describe.each(Object.entries(goodEnds))("%s", (_name, story) => {
    it.each(story.dialects ?? modemDialects)("is provisioned all the same: %s", { timeout: 180_000 }, (dialect) =>
      inField({ dialect, modem: story.modem }, async (field) => {
        const startMs = systemClock.monotonicMs();
        const ended = await field.provision([...byModem, ...(await configured(field, story.config))]);
        expect(ended).toMatchObject({ status: 0 });
        expect(systemClock.monotonicMs() - startMs).toBeLessThan(story.withinMs);
        const report = ended.report();
        expect(report).toMatchObject({ state: "provisioned", changed: true, eid: field.world.modem.euicc.eid });
        expect(report.modem).toMatchObject({ vendor: "Quectel", model: expect.stringMatching(/^EC2/), dialect });
        expect(report.modem.imei).toMatch(/^\d{15}$/);
        const enabled = field.world.modem.euicc.profiles.filter(({ state }) => state === "enabled");
        expect(enabled.map(({ iccid }) => iccid)).toEqual([report.iccid]);
        expect(field.world.smdp.orders()).toMatchObject([{ iccid: report.iccid, state: "Installed" }]);
        expect(field.charges()).toBe(1);
      }),
    );
  });

  describe.each(Object.entries(badEnds))("%s", (_name, story) => {
    it.each(story.dialects ?? modemDialects)(
      `ends ${story.state}, ${story.code}: %s`,
      { timeout: 180_000 },
      (dialect) =>
        inField({ dialect, modem: story.modem, world: { profileSizeBytes: story.profileBytes } }, async (field) => {
          const startMs = systemClock.monotonicMs();
          const before = field.world.modem.euicc.profiles.length;
          const ended = await field.provision([...byModem, ...(await configured(field, story.config))]);
          expect(ended).toMatchObject({ status: story.status });
          expect(systemClock.monotonicMs() - startMs).toBeLessThan(story.withinMs);
          expect(ended.report()).toMatchObject({ state: story.state, error: { code: story.code } });
          expect(field.charges()).toBe(story.charges);
          // Whatever was paid for can still be downloaded: nothing of ours ended the order.
          expect(field.world.smdp.orders().map(({ state }) => state)).not.toContain("Error");
          expect(field.world.modem.euicc.profiles).toHaveLength(before);
        }),
    );
  });

  it("misbehaves as a built-in scenario does has its story", () => {
    const told = [...Object.values(goodEnds), ...Object.values(badEnds)].map(({ modem }) => modem);
    expect([...told.filter((modem) => typeof modem === "string"), ...elsewhere].sort()).toEqual(
      Object.keys(builtInScenarios).sort(),
    );
  });
});
