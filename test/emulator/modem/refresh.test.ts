import { describe, expect, it } from "vitest";
import type { WorldInput } from "../../../src/emulator/modem/scenario.js";
import { type Desk, firstIccid, lines, quietDesk, secondIccid } from "./desk.js";

/** What a modem knows of a profile that was enabled, and what it takes until it does. */

const enable = `AT+QESIM="enable","${secondIccid}"`;
const list = 'AT+QESIM="list"';
const open = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';

/** Enables the second profile and lets every timer of an ordinary REFRESH pass. */
async function switched(world: WorldInput): Promise<Desk> {
  const desk = await quietDesk({ world });
  expect(await desk.ask(enable)).toBe('+QESIM: "enable",0|OK');
  await desk.heard(10_000);
  return desk;
}

const iccid = async (desk: Desk): Promise<string> => desk.ask("AT+QCCID");
const old = `+QCCID: ${firstIccid}|OK`;
const fresh = `+QCCID: ${secondIccid}|OK`;

describe("a modem that does not honour REFRESH", () => {
  it("has the new profile on its eUICC and goes on with the old one in all that it says", async () => {
    const desk = await switched({ refresh: "ignored" });
    expect(await desk.ask(list)).toContain(`"${secondIccid}",1`);
    expect(await iccid(desk)).toBe(old);
    expect(await desk.ask("AT+CIMI")).toBe("001010000000017|OK");
    expect(await desk.ask("AT+CRSM=176,12258,0,0,10")).toContain("988803030000000010F7");
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,5|OK");
    expect(desk.euicc.resets).toBe(0);
  });

  it("honours it by default", async () => {
    expect(await iccid(await switched({}))).toBe(fresh);
  });

  const functionality = ["AT+CFUN=0", "AT+CFUN=1"];
  const simPower = ["AT#SIMDET=0", "AT#SIMDET=1"];
  const reset = ["AT+CFUN=1,1"];
  it.each([
    ["ignored", functionality, fresh],
    ["ignored", simPower, fresh],
    ["needs-cfun", functionality, fresh],
    ["needs-cfun", simPower, old],
    ["needs-cfun", reset, fresh],
    ["needs-sim-power", functionality, old],
    ["needs-sim-power", simPower, fresh],
    ["needs-sim-power", reset, fresh],
    ["needs-reset", functionality, old],
    ["needs-reset", simPower, old],
    ["needs-reset", reset, fresh],
  ] as const)("%s, after %j", async (refresh, commands, expected) => {
    const desk = await switched({ refresh, simPower: "simdet" });
    for (const command of commands) {
      expect(await desk.ask(command)).toContain("OK");
      await desk.heard(3_000);
    }
    await desk.ask("ATE0");
    expect(await iccid(desk)).toBe(expected);
  });
});

describe("a modem that is slow about REFRESH", () => {
  it("answers ES10 with 6985 and keeps the old profile, and then the SIM restarts with its errors in turn", async () => {
    const world: WorldInput = { notReadyMs: 10_000, simBusyMs: 3_000, simBusyErrors: [14, 13, 10] };
    const desk = await quietDesk({ world });
    await desk.ask(open);
    await desk.ask(enable);
    expect(await desk.ask('AT+CGLA=1,10,"80E2910000"', 9_000)).toBe('+CGLA: 4,"6985"|OK');
    expect(await iccid(desk)).toBe(old);
    await desk.heard(1_000);
    const said: string[] = [];
    for (let i = 0; i < 3; i++) {
      said.push(await desk.ask("AT+CPIN?"));
      await desk.heard(i === 2 ? 0 : 1_000);
    }
    expect(said).toEqual(["+CME ERROR: 14", "+CME ERROR: 13", "+CME ERROR: 10"]);
    expect(lines(await desk.heard(1_000))).toBe("+CPIN: READY|+QUSIM: 1|+QIND: PB DONE");
    expect(await iccid(desk)).toBe(fresh);
  });
});

describe("the SIM's own power", () => {
  it("is taken and given by Telit's command, and CFUN does not show it", async () => {
    const desk = await quietDesk({ world: { simPower: "simdet" } });
    expect(await desk.ask("AT#SIMDET?")).toBe("#SIMDET: 2,1|OK");
    expect(await desk.ask("AT#SIMDET=0")).toBe("OK");
    expect(await desk.ask("AT+CPIN?")).toBe("+CME ERROR: 10");
    expect(await desk.ask("AT+CFUN?")).toBe("+CFUN: 1|OK");
    expect(await desk.ask("AT#SIMDET=1", 1_500)).toContain("+CPIN: READY");
    expect(await desk.ask("AT#SIMDET=3")).toBe("+CME ERROR: 50");
  });

  it("is MediaTek's affair by another one, and most modems' by none", async () => {
    const desk = await quietDesk({ world: { simPower: "esimpower" } });
    expect(await desk.ask("AT+ESIMPOWER=0")).toBe("OK");
    expect(await desk.ask("AT+CPIN?")).toBe("+CME ERROR: 10");
    expect(await desk.ask("AT+ESIMPOWER=1", 1_500)).toContain("+CPIN: READY");
    expect(await desk.ask("AT#SIMDET=0")).toBe("+CME ERROR: 4");
    expect(await (await quietDesk()).ask("AT+ESIMPOWER=0")).toBe("+CME ERROR: 4");
  });
});

describe("a SIM with a PIN", () => {
  it("wants it before it is used, but for its ICCID and the eUICC, and after each start again", async () => {
    const desk = await quietDesk({ world: { pin: "locked" } });
    expect(await desk.ask("AT+CPIN?")).toBe("+CPIN: SIM PIN|OK");
    expect(await desk.ask("AT+CIMI")).toBe("+CME ERROR: 11");
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,0|OK");
    expect(await iccid(desk)).toBe(old);
    expect(await desk.ask(open)).toBe("+CCHO: 1|OK");
    expect(await desk.ask('AT+CPIN="1234"', 2_500)).toContain("OK|+CPIN: READY");
    expect(await desk.ask("AT+CPIN?")).toBe("+CPIN: READY|OK");
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,5|OK");
    expect(await desk.ask('AT+CPIN="1234"')).toBe("+CME ERROR: 3");
    await desk.ask("AT+CFUN=0");
    expect(await desk.ask("AT+CFUN=1", 1_500)).toContain("+CPIN: SIM PIN");
  });

  it("is blocked by three wrong ones, over resets", async () => {
    const desk = await quietDesk({ world: { pin: "locked" } });
    for (let i = 0; i < 3; i++) expect(await desk.ask("AT+CPIN=0000")).toBe("+CME ERROR: 16");
    expect(await desk.ask("AT+CPIN?")).toBe("+CPIN: SIM PUK|OK");
    await desk.ask("AT+CFUN=1,1", 3_000);
    await desk.ask("ATE0;+CMEE=1");
    expect(await desk.ask("AT+CPIN=1234")).toBe("+CME ERROR: 12");
  });
});

describe("an eUICC of SGP.02", () => {
  it("opens its ISD-R and refuses every ES10 command, for good", async () => {
    const desk = await quietDesk({ world: { euicc: "m2m" } });
    expect(await desk.ask(open)).toBe("+CCHO: 1|OK");
    for (let i = 0; i < 3; i++) expect(await desk.ask('AT+CGLA=1,10,"80E2910000"')).toBe('+CGLA: 4,"6985"|OK');
    expect(await desk.ask('AT+QESIM="eid"')).toBe("+CME ERROR: 3");
    expect(await iccid(desk)).toBe(old);
  });
});

describe("an LPA inside that gives the ISD-R away at times", () => {
  it("does so in a window after each start of the SIM", async () => {
    const desk = await quietDesk({ dialect: "etsi-apdu", world: { isdrWindow: { opensMs: 3_000, closesMs: 8_000 } } });
    expect(await desk.ask(open)).toBe("+CME ERROR: 3");
    await desk.heard(3_000);
    expect(await desk.ask(open)).toBe("+CCHO: 1|OK");
    await desk.heard(5_000);
    expect(await desk.ask(open)).toBe("+CME ERROR: 3");
    await desk.ask("AT+CFUN=0");
    await desk.ask("AT+CFUN=1", 4_000);
    expect(await desk.ask(open)).toBe("+CCHO: 2|OK");
  });
});
