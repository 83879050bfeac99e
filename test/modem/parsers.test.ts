import { describe, expect, it } from "vitest";
import { afterPrefix, bareValue, splitFields } from "../../src/at/fields.js";
import { dialects, ownCatalogue } from "../../src/modem/dialects/index.js";
import { fillTemplate } from "../../src/modem/exchange.js";
import { parseRegistration } from "../../src/modem/registration.js";
import { parseCchoAnswer } from "../../src/modem/uicc-access.js";

describe("fields of an answer", () => {
  it.each([
    ["+QSIMSTAT : 1,0", "+QSIMSTAT", "1,0"],
    ['+CGLA:4,"611A"', "+CGLA", '4,"611A"'],
    ["+cereg: 0,1", "+CEREG", "0,1"],
    ["+CEREGX: 0,1", "+CEREG", undefined],
  ])("%s behind %s", (line, prefix, expected) => {
    expect(afterPrefix(line, prefix)).toBe(expected);
  });

  it("splits at commas outside quotes", () => {
    expect(splitFields('4,"a, b",, "c" ')).toEqual(["4", "a, b", "", "c"]);
  });

  it("finds a bare value behind a prefix and quotes", () => {
    expect(bareValue('+CGMM: "FM350"', "+CGMM")).toBe("FM350");
    expect(bareValue("EG25", "+CGMM")).toBe("EG25");
  });
});

describe("the answer to CCHO", () => {
  it.each([
    [["+CCHO: 1"], "1"],
    [["1"], "1"],
    [["+CCHO: 000000000385a7cf"], "000000000385a7cf"],
    [['+CCHO: "2"'], "2"],
    [["hello there"], undefined],
    [[], undefined],
  ])("%j", (lines, expected) => {
    expect(parseCchoAnswer(lines)).toBe(expected);
  });
});

describe("registration", () => {
  it.each([
    ["+CEREG: 0,1", "home"],
    ['+CEREG: 2,5,"1A2B","01",7', "roaming"],
    ["+CEREG: 0,2", "searching"],
    ["+CEREG: 0,3", "denied"],
    ["+CEREG: 0,0", "not-registered"],
    ["+CEREG: 0,6", "unknown"],
  ])("%s is %s", (line, expected) => {
    expect(parseRegistration(line, "+CEREG")).toBe(expected);
  });
});

describe("a command made from its template", () => {
  it("carries its values", () => {
    expect(fillTemplate('AT+X="{a}",{b}', { a: "LPA:1$h$M", b: 3 })).toBe('AT+X="LPA:1$h$M",3');
  });

  it.each(['a"b', "a\rAT+CFUN=0", "ä", "a\n"])("refuses %j, which could end its argument", (value) => {
    expect(() => fillTemplate('AT+X="{a}"', { a: value })).toThrow("cannot stand in an AT command");
  });
});

describe("the setting that gives the ISD-R to the modem's LPA", () => {
  it.each([
    [['+QESIM: "lpa_enable",1'], true],
    [['+QESIM:"lpa_enable",0'], false],
    [["+QESIM: lpa_enable, 1"], true],
    [['+QESIM: "status",1', '+QESIM: "lpa_enable",0'], false],
    [['+QESIM: "lpa_enable",(0,1)'], undefined],
    [['+QESIM: "lpa_enable",2'], undefined],
    [['+QESIM: "eid",1'], undefined],
    [[], undefined],
  ])("%j", (lines, expected) => {
    expect(ownCatalogue.find("quectel-index").lpaSwitch?.query.parse(lines)).toBe(expected);
  });
});

describe("telling the families of AT+QESIM apart", () => {
  it.each([
    [
      ['+QESIM: "eid"', '+QESIM: "list"', '+QESIM: "download",<AC>', '+QESIM: "trans",<total>', '+QESIM: "ota",<AC>'],
      "quectel-iccid",
    ],
    [['+QESIM: "eid"', '+QESIM: "list",(0,1)', '+QESIM: "download",(0,1),<AC>,<CC>'], "quectel-nwmode"],
    [['+QESIM: "lpa_enable",(0,1)', '+QESIM: "profile_brief"'], "quectel-index"],
    [['+QESIM: "lpa_enable",(0,1)', '+QESIM: "download"', '+QESIM: "ota"'], "quectel-index"],
    [[], undefined],
  ])("%j", (lines, expected) => {
    expect(
      dialects.find(({ recognise }) => recognise?.ask?.prefix === "+QESIM" && recognise.ask.matches(lines))?.name,
    ).toBe(expected);
  });

  it("gives the source of every dialect", () => {
    for (const dialect of dialects) expect(dialect.sources.length).toBeGreaterThan(0);
  });
});
