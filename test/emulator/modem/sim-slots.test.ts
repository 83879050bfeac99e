import { describe, expect, it } from "vitest";
import type { WorldInput } from "../../../src/emulator/modem/scenario.js";
import { deskEid, firstIccid, lines, quietDesk } from "./desk.js";

/** Two SIM slots, the eUICC in one of them. */

const open = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';
const wrong: WorldInput = { slots: { active: 1, euicc: 2, other: "sim" } };
const plainIccid = "+ICCID: 8988211000000000011|OK";

describe("a modem with two SIM slots", () => {
  it("has no way to an eUICC that is in the other one, and is online by the SIM in this one", async () => {
    const desk = await quietDesk({ world: wrong });
    expect(await desk.ask("AT+QUIMSLOT?")).toBe("+QUIMSLOT: 1|OK");
    expect(await desk.ask("AT+QUIMSLOT=?")).toBe("+QUIMSLOT: (1,2)|OK");
    expect(await desk.ask("AT+CPIN?")).toBe("+CPIN: READY|OK");
    expect(await desk.ask("AT+ICCID")).toBe(plainIccid);
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,5|OK");
    expect(await desk.ask(open)).toBe("+CME ERROR: 22");
    expect(await desk.ask('AT+QESIM="eid"')).toBe("+CME ERROR: 22");
    expect(await desk.ask('AT+CSIM=10,"0070000001"')).toBe('+CSIM: 6,"019000"|OK');
    expect(await desk.ask('AT+CSIM=42,"01A4040010A0000005591010FFFFFFFF8900000100"')).toBe('+CSIM: 4,"6A82"|OK');
    expect(await desk.ask('AT+CSIM=10,"81E2910000"')).toBe('+CSIM: 4,"6D00"|OK');
    expect(await desk.ask('AT+CSIM=10,"0070800100"')).toBe('+CSIM: 4,"9000"|OK');
    expect(desk.euicc.apdus).toEqual([]);
  });

  it("switches: the SIM restarts, the link is lost, channels are gone, and a reset changes nothing of it", async () => {
    const desk = await quietDesk({ world: wrong });
    await desk.ask("AT+CEREG=1");
    expect(await desk.ask("AT+QUIMSLOT=2")).toBe("OK|+CEREG: 0");
    expect(await desk.ask("AT+CPIN?")).toBe("+CME ERROR: 14");
    expect(lines(await desk.heard(4_000))).toBe("+CPIN: READY|+QUSIM: 1|+QIND: PB DONE|+CEREG: 2|+CEREG: 5");
    expect(await desk.ask('AT+QESIM="eid"')).toBe(`+QESIM: "eid",${deskEid}|OK`);
    expect(await desk.ask(open)).toBe("+CCHO: 1|OK");
    expect(await desk.ask("AT+ICCID")).toBe(`+ICCID: ${firstIccid}|OK`);
    await desk.ask("AT+CFUN=1,1", 3_000);
    await desk.ask("ATE0");
    expect(await desk.ask("AT+QUIMSLOT?")).toBe("+QUIMSLOT: 2|OK");
    expect(await desk.ask("AT+QUIMSLOT=1", 3_000)).toContain("OK");
    expect(await desk.ask("AT+ICCID")).toBe(plainIccid);
  });

  it("may have nothing in the other slot, and its answer may be spelt as in the manual's example", async () => {
    const desk = await quietDesk({ world: { slots: { other: "empty", spelling: "QUSIMSLOT" } } });
    expect(await desk.ask("AT+QUIMSLOT?")).toBe("+QUSIMSLOT: 1|OK");
    for (const command of ["AT+CPIN?", open, 'AT+QESIM="eid"']) expect(await desk.ask(command)).toBe("+CME ERROR: 10");
    expect(await desk.ask("AT+QUIMSLOT=2", 2_000)).toContain("+CPIN: READY");
    expect(await desk.ask("AT+QUIMSLOT=1", 2_000)).toBe("OK");
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,0|OK");
  });

  it("may lose its port with a switch", async () => {
    const desk = await quietDesk({ world: { slots: { portGoneMs: 5_000 } } });
    await desk.ask("AT+QUIMSLOT=1");
    expect(desk.unplugs).toEqual([]);
    await desk.ask("AT+QUIMSLOT=2");
    expect(desk.unplugs).toEqual([5_000]);
  });

  it.each(["AT+QUIMSLOT=0", "AT+QUIMSLOT=3", "AT+QUIMSLOT=1,1", 'AT+QUIMSLOT="1"'])("refuses %s", async (command) => {
    const desk = await quietDesk({ world: wrong });
    expect(await desk.ask(command)).toBe("+CME ERROR: 50");
  });

  it("is not what a modem with one slot is, nor one of another maker", async () => {
    expect(await (await quietDesk()).ask("AT+QUIMSLOT?")).toBe("+CME ERROR: 4");
    expect(await (await quietDesk({ world: wrong, dialect: "etsi-apdu" })).ask("AT+QUIMSLOT?")).toBe("+CME ERROR: 4");
  });
});
