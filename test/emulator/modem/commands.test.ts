import { describe, expect, it } from "vitest";
import { Desk, deskEid, firstIccid, quietDesk, secondIccid } from "./desk.js";

describe("the line", () => {
  it("echoes until told not to, ignores LF, and frames its answers in CR LF", async () => {
    const desk = new Desk();
    desk.type("AT\r\n");
    expect(await desk.heard()).toBe("AT\r\r\nOK\r\n");
    desk.type("ATE0\r\n");
    expect(await desk.heard()).toBe("ATE0\r\r\nOK\r\n");
    desk.type("ATI\r\n");
    expect(await desk.heard()).toBe("\r\nQuectel\r\nEC25\r\nRevision: EC25EFAR06A11M4G\r\n\r\nOK\r\n");
    await desk.ask("ATZ");
    expect(await desk.ask("AT")).toBe("AT|OK");
  });

  it("takes a command in any split of bytes", async () => {
    const desk = await quietDesk();
    for (const character of "AT+CMEE?\r") desk.type(character);
    expect(await desk.heard()).toBe("\r\n+CMEE: 1\r\n\r\nOK\r\n");
  });

  it("answers one line after the other when a host does not wait", async () => {
    const desk = await quietDesk({ delayMs: 100 });
    desk.type("AT+CMEE?\rAT+CSCS?\rAT\r");
    expect(await desk.heard(1000)).toBe('\r\n+CMEE: 1\r\n\r\nOK\r\n\r\n+CSCS: "GSM"\r\n\r\nOK\r\n\r\nOK\r\n');
  });

  it("says ERROR to a line that is too long, and goes on", async () => {
    const desk = await quietDesk();
    expect(await desk.ask(`AT+CGLA=1,9999,"${"00".repeat(5000)}"`)).toBe("ERROR");
    expect(await desk.ask("AT")).toBe("OK");
  });

  it("forgets half a line when another host comes", async () => {
    const desk = await quietDesk();
    desk.type("AT+CME");
    await desk.heard();
    desk.modem.onHostChange();
    expect(await desk.ask("AT")).toBe("OK");
  });

  it("is silent to noise and refuses what is half a command", async () => {
    const desk = await quietDesk();
    expect(await desk.ask("hello")).toBe("");
    expect(await desk.ask('AT+CCHO="A0')).toBe("ERROR");
  });

  it("has one final result for a line of several commands and skips what follows an error", async () => {
    const desk = await quietDesk();
    expect(await desk.ask("AT+CMEE?;+CSCS?")).toBe('+CMEE: 1|+CSCS: "GSM"|OK');
    expect(await desk.ask("AT+CMEE?;+NOSUCH;+CSCS?")).toBe("+CMEE: 1|+CME ERROR: 4");
  });

  it("says errors as the host chose", async () => {
    const desk = await quietDesk();
    expect(await desk.ask("AT+NOSUCH")).toBe("+CME ERROR: 4");
    await desk.ask("AT+CMEE=2");
    expect(await desk.ask("AT+NOSUCH")).toBe("+CME ERROR: Operation not supported");
    await desk.ask("AT+CMEE=0");
    expect(await desk.ask("AT+NOSUCH")).toBe("ERROR");
    expect(await desk.ask("ATV0")).toBe("0");
    expect(await desk.ask("AT+NOSUCH")).toBe("4");
  });

  it("paces its bytes as a line of that speed does", async () => {
    const desk = new Desk({ baud: 9600 });
    await desk.ask("ATE0", 1000);
    const startMs = desk.clock.monotonicMs();
    desk.type("AT+CSCS?\r");
    let text = "";
    while (!text.endsWith("OK\r\n")) text += await desk.heard(1);
    // 8 characters in and 24 out, ten bits each.
    const tookMs = desk.clock.monotonicMs() - startMs;
    expect(tookMs).toBeGreaterThanOrEqual(30);
    expect(tookMs).toBeLessThanOrEqual(36);
  });
});

describe("what the modem says of itself", () => {
  it.each([
    ["AT+CGMI", "Quectel|OK"],
    ["AT+CGMM", "EC25|OK"],
    ["AT+CGMR", "EC25EFAR06A11M4G|OK"],
    ["AT+CGSN", "867698040000010|OK"],
    ["AT+CIMI", "001010000000017|OK"],
    ["AT+CPIN?", "+CPIN: READY|OK"],
    ["AT+QCCID", `+QCCID: ${firstIccid}|OK`],
    ["AT+ICCID", `+ICCID: ${firstIccid}|OK`],
    ["AT+CRSM=176,12258,0,0,10", '+CRSM: 144,0,"988803030000000010F7"|OK'],
    ["AT+CRSM=176,12258,0,0,11", "+CRSM: 108,10|OK"],
    ["AT+CRSM=176,28423,0,0,9", "+CRSM: 106,130|OK"],
    ["AT+CRSM=214,12258,0,0,1", "+CRSM: 109,0|OK"],
    ["AT+CSQ", "+CSQ: 21,99|OK"],
    ["AT+CREG?", "+CREG: 0,5|OK"],
    ["AT+CGREG?", "+CGREG: 0,5|OK"],
    ["AT+CEREG?", "+CEREG: 0,5|OK"],
    ["AT+COPS?", '+COPS: 0,0,"Test PLMN 1-1",7|OK'],
    ["AT+CCLK?", '+CCLK: "26/01/01,00:00:00+00"|OK'],
    ["AT+IPR?", "+IPR: 115200|OK"],
    ["AT+CFUN?", "+CFUN: 1|OK"],
    ["AT+CMEE?", "+CMEE: 1|OK"],
  ])("%s", async (command, answer) => {
    const desk = await quietDesk();
    expect(await desk.ask(command)).toBe(answer);
  });

  it.each(["AT+CGDCONT?", "AT+CPIN=?", "AT+CCHO=?", "AT+CCHC=?", "AT+CGLA=?", "AT+CSIM=?"])(
    "%s ends in OK",
    async (command) => {
      const desk = await quietDesk();
      expect(await desk.ask(command)).toMatch(/(^|\|)OK$/);
    },
  );

  it.each([
    "AT+CMEE=3",
    "AT+CMEE=",
    "AT+CMEE=1,1",
    "AT+CEREG=3",
    'AT+CEREG="2"',
    "AT+CFUN=7",
    "AT+CFUN=1,2",
    "AT+CRSM=x",
    "AT+CCHO=1",
    'AT+CCHO=""',
    'AT+CCHO="A0A"',
    `AT+CCHO="${"A0".repeat(17)}"`,
    "AT+CCHC=",
    'AT+CGLA=1,21,"80E2910006BF3E035C015A"',
    'AT+CGLA=1,22,"80E2910006BF3E035C015"',
    "AT+CGLA=1,22,80E2910006BF3E035C015A",
    'AT+CGLA=1,22,"80E2910006BF3E035C01ZZ"',
    'AT+CGLA=1,4,"80E2"',
    'AT+CGLA=1,"80E2910006BF3E035C015A"',
    'AT+CSIM=10,"80F20000"',
    'AT+QESIM="nosuch"',
    "AT+QESIM=1",
    'AT+QESIM="eid",1',
    'AT+QESIM="enable"',
    'AT+QESIM="enable","123"',
    `AT+QESIM="enable",${firstIccid}`,
    `AT+QESIM="delete","${firstIccid}",1`,
    `AT+QESIM="nickname","${firstIccid}"`,
    `AT+QESIM="nickname","${firstIccid}","${"x".repeat(65)}"`,
    'AT+QESIM="download"',
    'AT+QESIM="download","1$smdp.example$X"',
    'AT+QESIM="download","LPA:2$smdp.example$X"',
    'AT+QESIM="download","LPA:1$smdp.example$X","1234"',
    'AT+QESIM="trans",1',
  ])("refuses %s as incorrect parameters", async (command) => {
    const desk = await quietDesk();
    expect(await desk.ask(command)).toBe("+CME ERROR: 50");
  });

  it.each([
    ["AT+QESIM", "+CME ERROR: 4"],
    ["AT+QESIM?", "+CME ERROR: 4"],
    ["ATE7", "ERROR"],
    ["ATX", "ERROR"],
    ['AT+QESIM="ota","LPA:1$smdp.example$X"', "+CME ERROR: 3"],
    ['AT+QESIM="trans",4,0,0,4,"4142"', "+CME ERROR: 3"],
    ['AT+CCHO="A0000000871002FF86FFFF89FFFFFFFF"', "+CME ERROR: 22"],
    ["AT+CCHC=7", "+CME ERROR: 22"],
    ['AT+CGLA=7,22,"80E2910006BF3E035C015A"', "+CME ERROR: 22"],
  ])("refuses %s with %s", async (command, refusal) => {
    const desk = await quietDesk();
    expect(await desk.ask(command)).toBe(refusal);
  });
});

describe("logical channels", () => {
  const open = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';

  it("are opened, used with the modem's own channel number, and closed", async () => {
    const desk = await quietDesk();
    expect(await desk.ask(open)).toBe("+CCHO: 1|OK");
    expect(await desk.ask('AT+CGLA=1,10,"83E2910000"')).toBe('+CGLA: 8,"81E29000"|OK');
    expect(await desk.ask('AT+CGLA="1",10,"80e2910000"')).toBe('+CGLA: 8,"81E29000"|OK');
    expect(await desk.ask("AT+CCHC=1")).toBe("OK");
    expect(await desk.ask('AT+CGLA=1,10,"80E2910000"')).toBe("+CME ERROR: 22");
    // The next session has another id although the channel is the same.
    expect(await desk.ask(open)).toBe("+CCHO: 2|OK");
    expect(desk.euicc.apdus).toEqual(["81e2910000", "81e2910000"]);
  });

  it("run out", async () => {
    const desk = await quietDesk();
    for (let i = 1; i <= 3; i++) expect(await desk.ask(open)).toBe(`+CCHO: ${i}|OK`);
    expect(await desk.ask(open)).toBe("+CME ERROR: 20");
  });

  it("die when the card asks for a REFRESH, and the SIM is busy for a while", async () => {
    const desk = await quietDesk();
    await desk.ask(open);
    expect(await desk.ask('AT+CGLA=1,12,"80E291000131"')).toBe('+CGLA: 8,"81E29100"|OK');
    expect(desk.euicc.resets).toBe(1);
    expect(await desk.ask('AT+CGLA=1,10,"80E2910000"')).toBe("+CME ERROR: 14");
    expect(await desk.ask(open, 1500)).toContain("+CME ERROR: 14|+CPIN: READY|+QUSIM: 1|+QIND: PB DONE");
    expect(await desk.ask('AT+CGLA=1,10,"80E2910000"')).toBe("+CME ERROR: 22");
  });

  it("are the host's own affair through CSIM", async () => {
    const desk = await quietDesk();
    expect(await desk.ask('AT+CSIM=10,"82E2910000"')).toBe('+CSIM: 8,"82E29000"|OK');
  });
});

describe("power and radio", () => {
  it("CFUN=0 takes the SIM away, CFUN=1 brings it back, and the network follows", async () => {
    const desk = await quietDesk();
    await desk.ask("AT+CEREG=2");
    expect(await desk.ask("AT+CFUN=0")).toBe("OK|+CEREG: 0");
    expect(await desk.ask("AT+CFUN?")).toBe("+CFUN: 0|OK");
    for (const command of ["AT+CPIN?", "AT+QCCID", 'AT+QESIM="eid"']) {
      expect(await desk.ask(command)).toBe("+CME ERROR: 13");
    }
    expect(await desk.ask("AT+CFUN=1", 1499)).toBe("OK");
    expect(await desk.ask("AT+CPIN?")).toBe("+CME ERROR: 14");
    expect((await desk.heard(1)).replace(/[\r\n]+/g, "|")).toBe("|+CPIN: READY|+QUSIM: 1|+QIND: PB DONE|+CEREG: 2|");
    expect((await desk.heard(2500)).replace(/[\r\n]+/g, "|")).toBe('|+CEREG: 5,"1A2B","0A1B2C3D",7|');
  });

  it("CFUN=4 keeps the SIM and leaves the network", async () => {
    const desk = await quietDesk();
    await desk.ask("AT+CFUN=4");
    expect(await desk.ask("AT+CPIN?")).toBe("+CPIN: READY|OK");
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,0|OK");
    expect(await desk.ask("AT+CSQ")).toBe("+CSQ: 99,99|OK");
    expect(await desk.ask("AT+COPS?")).toBe("+COPS: 0|OK");
  });

  it("CFUN=1,1 starts the modem anew: OK, silence, RDY, and the line's settings are gone", async () => {
    const desk = await quietDesk();
    expect(await desk.ask("AT+CFUN=1,1")).toBe("OK");
    expect(await desk.ask("AT", 299)).toBe("");
    expect(await desk.heard(1)).toBe("\r\nRDY\r\n");
    expect(await desk.ask("AT+CPIN?")).toBe("AT+CPIN?|ERROR");
    await desk.heard(1500);
    expect(await desk.ask("AT+CPIN?")).toBe("AT+CPIN?|+CPIN: READY|OK");
  });

  it("there is no network where there is no coverage", async () => {
    const desk = await quietDesk({ world: { coverage: "none" } });
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,2|OK");
  });
});

describe("an eUICC without an enabled profile", () => {
  it("answers as a SIM that fails, while the LPA's commands work", async () => {
    const desk = await quietDesk({ profiles: [] });
    expect(await desk.ask("AT+CPIN?")).toBe("+CME ERROR: 13");
    expect(await desk.ask("AT+QCCID")).toBe("+CME ERROR: 13");
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,0|OK");
    expect(await desk.ask('AT+QESIM="eid"')).toBe(`+QESIM: "eid",${deskEid}|OK`);
    expect(await desk.ask('AT+QESIM="list"')).toBe('+QESIM: "list",0|OK');
  });
});

describe("no eUICC", () => {
  it.each(["AT+CPIN?", "AT+QCCID", 'AT+QESIM="eid"', 'AT+QESIM="list"', 'AT+CSIM=10,"0070000001"'])(
    "%s says that no SIM is inserted",
    async (command) => {
      const desk = await quietDesk({ world: { euicc: "absent" } });
      expect(await desk.ask(command)).toBe("+CME ERROR: 10");
    },
  );
});

describe("AT+QESIM by ICCID (EC25)", () => {
  it("lists, renames, enables, disables and deletes, each with a result code", async () => {
    const desk = await quietDesk();
    const list = 'AT+QESIM="list"';
    expect(await desk.ask(list)).toBe(
      `+QESIM: "list",0|"${firstIccid}",1,-1,1,"Start","Boot"|"${secondIccid}",0,-1,2,"Super SIM","KORE"|OK`,
    );
    expect(await desk.ask(`AT+QESIM="nickname","${secondIccid}","Gate 7"`)).toBe('+QESIM: "nickname",0|OK');
    expect(await desk.ask(list)).toContain(`"${secondIccid}",0,-1,2,"Gate 7","KORE"`);
    expect(await desk.ask(`AT+QESIM="delete","${firstIccid}"`)).toBe('+QESIM: "delete",1|OK');
    expect(await desk.ask(`AT+QESIM="enable","${secondIccid}"`)).toBe('+QESIM: "enable",0|OK');
    expect(await desk.ask(list)).toBe("+CME ERROR: 14");
    await desk.heard(1500);
    expect(await desk.ask("AT+QCCID")).toBe(`+QCCID: ${secondIccid}|OK`);
    expect(await desk.ask(`AT+QESIM="enable","${secondIccid}"`)).toBe('+QESIM: "enable",1|OK');
    expect(await desk.ask(`AT+QESIM="delete","${firstIccid}"`)).toBe('+QESIM: "delete",0|OK');
    expect(await desk.ask(`AT+QESIM="disable","${secondIccid}"`)).toBe('+QESIM: "disable",0|OK');
    expect(await desk.heard(1500)).toBe("\r\n+CPIN: NOT READY\r\n");
    expect(await desk.ask(list)).toBe(`+QESIM: "list",0|"${secondIccid}",0,-1,2,"Gate 7","KORE"|OK`);
  });

  it("shows what it takes, so that a host can tell the family", async () => {
    const desk = await quietDesk();
    expect(await desk.ask("AT+QESIM=?")).toMatch(/"trans".*"ota".*OK$/);
  });
});

describe("AT+QESIM with result codes (EC200)", () => {
  const dialect = "quectel-nwmode";

  it("lists, renames, enables, disables and deletes, and says by code what is wrong", async () => {
    const desk = await quietDesk({ dialect });
    const list = 'AT+QESIM="list",0';
    expect(await desk.ask('AT+QESIM="eid"')).toBe(`+QESIM: "eid",0,"${deskEid}"|OK`);
    expect(await desk.ask(list)).toBe(
      `+QESIM: "list",0,${firstIccid},1,"","Boot"|+QESIM: "list",0,${secondIccid},0,"","KORE"|OK`,
    );
    expect(await desk.ask(`AT+QESIM="nickname","Gate 7","${secondIccid}"`)).toBe('+QESIM: "nickname",0|OK');
    expect(await desk.ask(`AT+QESIM="delete","${firstIccid}"`)).toBe('+QESIM: "delete",0x85000302|OK');
    expect(await desk.ask(`AT+QESIM="enable","${firstIccid}"`)).toBe('+QESIM: "enable",0x85000102|OK');
    expect(await desk.ask('AT+QESIM="enable","8988303000000000099"')).toBe('+QESIM: "enable",0x85000101|OK');
    expect(await desk.ask('AT+QESIM="disable","8988303000000000099"')).toBe('+QESIM: "disable",0x85000201|OK');
    expect(await desk.ask('AT+QESIM="delete","8988303000000000099"')).toBe('+QESIM: "delete",0x85000301|OK');
    expect(await desk.ask('AT+QESIM="nickname","x","8988303000000000099"')).toBe('+QESIM: "nickname",0x85000501|OK');
    expect(await desk.ask(`AT+QESIM="enable","${secondIccid}"`)).toBe('+QESIM: "enable",0|OK');
    await desk.heard(1500);
    expect(await desk.ask(list)).toContain(`+QESIM: "list",0,${secondIccid},1,"Gate 7","KORE"`);
  });

  it.each([
    ['AT+QESIM="list"', "+CME ERROR: 50"],
    ['AT+QESIM="list",2', "+CME ERROR: 50"],
    ['AT+QESIM="download","LPA:1$smdp.example$X"', "+CME ERROR: 50"],
    ['AT+QESIM="download",1,"LPA:1$smdp.example$X"', "+CME ERROR: 4"],
    ['AT+QESIM="download",0,"smdp.example"', '+QESIM: "download",0x85000003|OK'],
    [`AT+QESIM="nickname","${secondIccid}","Gate 7"`, "+CME ERROR: 50"],
    ['AT+QESIM="trans",4,0,0,4,"4142"', "+CME ERROR: 50"],
  ])("refuses %s with %s", async (command, refusal) => {
    const desk = await quietDesk({ dialect });
    expect(await desk.ask(command)).toBe(refusal);
  });

  it("shows no relay and no ota in what it takes", async () => {
    const desk = await quietDesk({ dialect });
    expect(await desk.ask("AT+QESIM=?")).not.toMatch(/trans|ota/);
  });
});
