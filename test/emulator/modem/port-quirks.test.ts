import { describe, expect, it } from "vitest";
import { judgePort } from "../../../src/modem/wrong-port.js";
import { Desk, type DeskOptions, lines, quietDesk } from "./desk.js";

/** What ports of modems lose, keep back, spell otherwise and spoil. */

const world = (options: DeskOptions["world"]): DeskOptions => ({ world: options ?? {} });

describe("a port", () => {
  it("is silent for a while after power on, hears nothing in that time, and then says what waited", async () => {
    const desk = new Desk(world({ silentAfterOpenMs: 45_000, staleUrcs: ["+ESIMS: 1,29"] }));
    expect(await desk.ask("AT", 44_999)).toBe("");
    expect(lines(await desk.heard(1))).toBe("+ESIMS: 1,29");
    expect(await desk.ask("AT")).toBe("AT|OK");
    desk.modem.onHostChange();
    expect(await desk.ask("AT", 44_999)).toBe("");
    await desk.heard(1);
    await desk.ask("AT+CFUN=1,1", 45_299);
    expect(lines(await desk.heard(1))).toBe("+ESIMS: 1,29|RDY|+CPIN: READY|+QUSIM: 1|+QIND: PB DONE");
  });

  it("has lines for the next host that came while there was none", async () => {
    const desk = await quietDesk(world({ staleUrcs: ["+ESIMS: 1,29", "RING"] }));
    desk.modem.onHostChange();
    expect(lines(await desk.heard())).toBe("+ESIMS: 1,29|RING");
  });

  it("loses what comes beyond a burst, and takes the same in pieces with pauses", async () => {
    const desk = await quietDesk(world({ inputBurstBytes: 16 }));
    expect(await desk.ask('AT+CGDCONT=1,"IP","iot.example"')).toBe("");
    await desk.heard(2);
    desk.type("\r");
    expect(lines(await desk.heard(2))).toBe("ERROR");
    for (const piece of ["AT+CGDCONT=1,", '"IP","iot.', 'example"\r']) {
      desk.type(piece);
      await desk.clock.advance(2);
    }
    expect(lines(await desk.heard())).toBe("OK");
    expect(await desk.ask("AT+CGDCONT?")).toContain("iot.example");
  });

  it("says nothing from CFUN=0 to CFUN=1, and does what it is told", async () => {
    const desk = await quietDesk(world({ silentAtCfun0: true }));
    expect([await desk.ask("AT+CFUN=0"), await desk.ask("AT")]).toEqual(["", ""]);
    expect(await desk.ask("AT+CFUN=1")).toBe("OK");
    expect(await desk.ask("AT")).toBe("OK");
  });

  it("loses the beginning of echoes", async () => {
    const desk = new Desk(world({ partialEcho: 1 }));
    expect(await desk.ask("AT+CCHC=1")).toBe("T+CCHC=1|ERROR");
  });

  it.each([
    ["lf", "\n+CSQ: 21,99\n\nOK\n"],
    ["cr", "\r+CSQ: 21,99\r\rOK\r"],
    ["crcrlf", "\r\r\n+CSQ: 21,99\r\r\n\r\r\nOK\r\r\n"],
    ["behind", "+CSQ: 21,99\r\nOK\r\n"],
  ] as const)("ends its lines in its own way: %s", async (lineEnds, text) => {
    const desk = await quietDesk(world({ lineEnds }));
    desk.type("AT+CSQ\r");
    expect(await desk.heard()).toBe(text);
  });

  it("has words of its own for errors", async () => {
    const desk = await quietDesk(world({ cmeWords: "other", euicc: "absent" }));
    await desk.ask("AT+CMEE=2");
    expect(await desk.ask("AT+CPIN?")).toBe("+CME ERROR: (U)SIM not inserted");
    expect(await desk.ask("AT+CFUN=7")).toBe("+CME ERROR: Parameters error");
    expect(await desk.ask("AT+CMEE=1;+CFUN=7")).toBe("+CME ERROR: 50");
  });

  it("is not the one that unsolicited lines come from", async () => {
    const desk = await quietDesk(world({ urcs: "elsewhere" }));
    await desk.ask("AT+CEREG=1");
    expect(await desk.ask("AT+CFUN=0", 1_000)).toBe("OK");
    expect(await desk.ask("AT+CFUN=1", 9_000)).toBe("OK");
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 1,5|OK");
    expect(desk.modem.counts.urcs).toBe(0);
  });

  it("vanishes with its modem's reset by itself, once", async () => {
    const desk = await quietDesk(world({ selfResetAfterMs: 90_000 }));
    await desk.heard(89_999);
    expect(desk.unplugs).toEqual([]);
    await desk.heard(1);
    expect(desk.unplugs).toEqual([2_000]);
    desk.modem.powerOff();
    desk.modem.powerOn();
    await desk.heard(200_000);
    expect(desk.unplugs).toHaveLength(1);
  });
});

describe("a port that is not for AT", () => {
  it("says where the modem is, once a second, with good checksums, and answers nothing", async () => {
    const desk = new Desk(world({ port: "nmea" }));
    const text = await desk.ask("AT", 2_000);
    const sentences = text.split("|");
    expect(sentences).toHaveLength(6);
    expect(sentences[0]).toBe("$GPGGA,000001.00,,,,,0,,,,,,,,*49");
    for (const sentence of sentences) {
      const [, body = "", sum] = /^\$(.*)\*(..)$/.exec(sentence) ?? [];
      const xor = [...Buffer.from(body)].reduce((all, byte) => all ^ byte, 0);
      expect(sum).toBe(xor.toString(16).toUpperCase().padStart(2, "0"));
    }
    desk.modem.powerOff();
    expect(await desk.heard(5_000)).toBe("");
  });

  it("makes noise when it is spoken to", async () => {
    const desk = new Desk(world({ port: "diag" }));
    expect(await desk.heard(5_000)).toBe("");
    desk.type("AT\r");
    const noise = await desk.heard();
    // One frame of HDLC: DIAG's word for a command that it does not know comes first.
    expect(noise.charCodeAt(0)).toBe(0x13);
    expect(judgePort(Buffer.from(noise, "latin1"), true)).toBe("diagnostic");
    expect(noise).not.toMatch(/OK|AT/);
  });
});
