import { describe, expect, it } from "vitest";
import { deskEid, quietDesk } from "./desk.js";

const dialect = "quectel-index";
const openIsdR = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';
const selectIsdR = 'AT+CSIM=42,"01A4040010A0000005591010FFFFFFFF8900000100"';
const bootMs = 10_000;

describe("the LPA of a Quectel 5G modem", () => {
  it("lists the operations of its family", async () => {
    const desk = await quietDesk({ dialect });
    const listed = await desk.ask("AT+QESIM=?");
    expect(listed.split("|")).toHaveLength(10);
    for (const operation of ["lpa_enable", "profile_brief", "def_svr_addr"]) expect(listed).toContain(`"${operation}"`);
    expect(await desk.ask("AT+QESIM?")).toBe("+CME ERROR: 4");
    expect(await desk.ask("AT+QESIM")).toBe("+CME ERROR: 4");
  });

  it("is on at first, tells the EID, and keeps the ISD-R to itself", async () => {
    const desk = await quietDesk({ dialect });
    expect(await desk.ask('AT+QESIM="lpa_enable"')).toBe('+QESIM: "lpa_enable",1|OK');
    expect(await desk.ask('AT+QESIM="eid"')).toBe(`+QESIM: "eid",${deskEid}|OK`);
    expect(await desk.ask(openIsdR)).toBe("+CME ERROR: 3");
    expect(await desk.ask(selectIsdR)).toBe('+CSIM: 4,"6985"|OK');
  });

  it.each([",-1", ",2", ',"0"', ",0,1"])("refuses lpa_enable%s", async (value) => {
    const desk = await quietDesk({ dialect });
    expect(await desk.ask(`AT+QESIM="lpa_enable"${value}`)).toBe("ERROR");
    expect(await desk.ask('AT+QESIM="lpa_enable"')).toBe('+QESIM: "lpa_enable",1|OK');
  });

  it("lets go of the ISD-R with a reset, and not before; the setting outlives resets", async () => {
    const desk = await quietDesk({ dialect });
    expect(await desk.ask('AT+QESIM="lpa_enable",0')).toBe("OK");
    expect(await desk.ask('AT+QESIM="lpa_enable"')).toBe('+QESIM: "lpa_enable",0|OK');
    expect(await desk.ask(openIsdR)).toBe("+CME ERROR: 3");
    for (let reset = 0; reset < 2; reset++) {
      expect(await desk.ask("AT+CFUN=1,1")).toMatch(/OK$/);
      await desk.heard(bootMs);
      await desk.ask("ATE0");
      await desk.ask("AT+CMEE=1");
      expect(await desk.ask('AT+QESIM="lpa_enable"')).toBe('+QESIM: "lpa_enable",0|OK');
      expect(await desk.ask(openIsdR)).toMatch(/^\+CCHO: \d+\|OK$/);
      expect(await desk.ask('AT+QESIM="eid"')).toBe("ERROR");
    }
    expect(await desk.ask('AT+QESIM="lpa_enable",1')).toBe("OK");
    await desk.ask("AT+CFUN=1,1");
    await desk.heard(bootMs);
    await desk.ask("ATE0");
    await desk.ask("AT+CMEE=1");
    expect(await desk.ask(openIsdR)).toBe("+CME ERROR: 3");
  });

  it("has no power over its eUICC while the SIM is off", async () => {
    const desk = await quietDesk({ dialect });
    await desk.ask("AT+CFUN=0");
    expect(await desk.ask('AT+QESIM="eid"')).toBe("ERROR");
    expect(await desk.ask('AT+QESIM="lpa_enable"')).toBe('+QESIM: "lpa_enable",1|OK');
  });

  it.each([
    '"profile_brief"',
    '"profile_detail",1',
    '"enable_profile",1',
    '"def_svr_addr"',
    '"download","LPA:1$h$M"',
    "1",
  ])("answers ERROR to %s, which is not emulated", async (operation) => {
    const desk = await quietDesk({ dialect });
    expect(await desk.ask(`AT+QESIM=${operation}`)).toBe("ERROR");
  });
});
