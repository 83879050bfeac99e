import { describe, expect, it } from "vitest";
import { parseFinalResult } from "../../src/at/result-code.js";
import { parseIccid } from "../../src/base/identifiers.js";
import { parsePacketContext } from "../../src/modem/apn.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";
import { iccidOfCrsm, isSameIccid, pinStateOf } from "../../src/modem/sim-status.js";

describe("the state of the SIM", () => {
  it.each([
    [["+CPIN: READY"], "OK", "ready"],
    [["+CPIN:READY"], "OK", "ready"],
    [["+CPIN: EMPTY_EUICC"], "OK", "empty-euicc"],
    [["+CPIN: SIM PIN"], "OK", "pin"],
    [["+CPIN: SIM PUK2"], "OK", "puk"],
    [["+CPIN: NOT READY"], "OK", "busy"],
    [["+CPIN: NOT INSERTED"], "OK", "absent"],
    [[], "+CME ERROR: 10", "absent"],
    [[], "+CME ERROR: SIM not inserted", "absent"],
    [[], "+CME ERROR: 11", "pin"],
    [[], "+CME ERROR: 13", "failure"],
    [[], "+CME ERROR: 14", "busy"],
    [[], "+CME ERROR: 100", "unknown"],
    [[], "ERROR", "unknown"],
    [["+CPIN: NONSENSE"], "OK", "unknown"],
  ] as const)("%j %s", (lines, final, expected) => {
    const result = parseFinalResult(final);
    if (result === undefined) throw new Error(`${final} is no result`);
    expect(pinStateOf(lines, result)).toBe(expected);
  });
});

describe("the ICCID that a modem uses", () => {
  const iccid = "8988307000000000001";

  it.each([
    ["quectel-iccid", "AT+QCCID", `+QCCID: ${iccid}`],
    ["quectel-index", "AT+ICCID", `+ICCID: ${iccid}`],
    ["fibocom-mtk", "AT+ICCID", `+ICCID: ${iccid}F`],
    ["sierra", "AT!ICCID?", `!ICCID: ${iccid}`],
    ["simcom", "AT+CICCID", `+ICCID: ${iccid}`],
    ["etsi-apdu", "AT+CCID", `+CCID: "${iccid}"`],
  ])("%s: %s", (name, send, line) => {
    const query = ownCatalogue.find(name).iccid.find((one) => one.send === send);
    expect(query?.parse([line])).toBe(iccid);
  });

  it.each([
    [['+CRSM: 144,0,"98880307000000000010"'], "89883070000000000001"],
    [['+CRSM: 144,0,"988803070000000000F1"'], "8988307000000000001"],
    [["+CRSM: 106,130"], undefined],
    [["+CRSM: 144,0"], undefined],
    [[], undefined],
  ])("in EF ICCID: %j", (lines, expected) => {
    expect(iccidOfCrsm(lines)).toBe(expected);
  });

  it("is the same with or without its check digit", () => {
    const [short, long, other] = [iccid, `${iccid}5`, "8988307000000000002"].map((text) => parseIccid(text, "test"));
    if (short === undefined || long === undefined || other === undefined) throw new Error("no ICCIDs");
    expect(isSameIccid(short, long)).toBe(true);
    expect(isSameIccid(long, short)).toBe(true);
    expect(isSameIccid(short, other)).toBe(false);
    expect(isSameIccid(long, other)).toBe(false);
  });
});

describe("SIM slots", () => {
  it.each([
    ["quectel-index", "+QUIMSLOT: 2", 2],
    ["quectel-index", "+QUSIMSLOT: 1", 1],
    ["fibocom-mtk", '+GTDUALSIM : 1, "SUB2", "NO SERVICE"', 1],
    ["fibocom-mtk", "+GTDUALSIM: (0-1)", undefined],
  ])("%s: %s", (name, line, expected) => {
    expect(ownCatalogue.find(name).slot?.query.parse([line])).toBe(expected);
  });

  it("are told all at once by MediaTek", () => {
    const line =
      '+ESLOTSINFO: 2, "+CPIN: READY","1","0","3B9F","","89860000000000000001","+CPIN: EMPTY_EUICC","1","1","3B9F","89049032123451234512345678901235",""';
    expect(ownCatalogue.find("fibocom-mtk").slots?.parse([line])).toEqual([
      { slot: 0, hasEuicc: false },
      { slot: 1, hasEuicc: true },
    ]);
  });
});

describe("the first packet context", () => {
  it.each([
    [['+CGDCONT: 1,"IPV4V6","super","0.0.0.0",0,0,0,0', '+CGDCONT: 2,"IP","ims",""'], { type: "IPV4V6", apn: "super" }],
    [['+CGDCONT: 2,"IP","ims",""'], undefined],
    [['+CGDCONT:1,"IP",""'], { type: "IP", apn: "" }],
    [[], undefined],
  ])("%j", (lines, expected) => {
    expect(parsePacketContext(lines)).toEqual(expected);
  });
});
