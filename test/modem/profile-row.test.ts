import { describe, expect, it } from "vitest";
import { hasOwnLpa } from "../../src/modem/dialects/dialect.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";
import { parseProfileRow } from "../../src/modem/profile-row.js";

const quectel = ownCatalogue.find("quectel-iccid");

function parseListAnswer(lines: readonly string[]): unknown {
  if (!hasOwnLpa(quectel) || quectel.ownLpa.list.kind !== "rows") throw new Error("the family has no list of rows");
  return quectel.ownLpa.list.parse(lines);
}

function parseEidAnswer(lines: readonly string[]): unknown {
  return quectel.eid?.parse(lines);
}

describe("a line of a modem's profile list", () => {
  it.each([
    [
      "without a prefix",
      '"89883070000000000016",1,0,2,"Super SIM","KORE"',
      { iccid: "89883070000000000016", enabled: true },
    ],
    [
      "with the prefix and a result",
      '+QESIM: "list",0,89883070000000000016,0,"nick","provider"',
      { iccid: "89883070000000000016", enabled: false },
    ],
    [
      "with an index in front",
      "+QESIM: 1,8988307000000000001,1,,,Name,2",
      { iccid: "8988307000000000001", enabled: true },
    ],
    ["with the filler nibble", '"8988307000000000001F",0,0,2,"",""', { iccid: "8988307000000000001", enabled: false }],
    [
      "with a comma in a name",
      '"89883070000000000016",1,0,2,"A, B","C"',
      { iccid: "89883070000000000016", enabled: true },
    ],
    [
      "with the state in words",
      '+QESIM: "list",0,"89883070000000000016","enabled"',
      { iccid: "89883070000000000016", enabled: true },
    ],
  ])("%s", (_name, line, expected) => {
    expect(parseProfileRow(line)).toMatchObject(expected);
  });

  it.each([
    ['+QESIM: "list",0', "the header"],
    ['"89883070000000000016"', "no state"],
    ['"89883070000000000016",7', "a state that is none"],
    ['"898830700",1', "too short"],
    ["OK", "a result"],
  ])("%s is no profile: %s", (line) => {
    expect(parseProfileRow(line)).toBeUndefined();
  });

  it("skips the header of a list", () => {
    expect(parseListAnswer(['+QESIM: "list",0', '"89883070000000000016",1,0,2,"",""'])).toHaveLength(1);
    expect(parseListAnswer(['+QESIM: "list",0'])).toEqual([]);
  });

  it.each([
    ["a header with a word in place of its result", '+QESIM: "list",banana'],
    ["a profile without its state", '"89883070000000000016"'],
    ["a profile with a state that is none", '+QESIM: "list",0,89883070000000000016,7,"",""'],
    ["an ICCID that noise ran into", '"x89883070000000000016",1,0,2,"",""'],
  ])("does not read a list as one without a profile: %s", (_name, line) => {
    expect(() => parseListAnswer(['+QESIM: "list",0', line])).toThrow(/cannot be read/);
  });
});

describe("an EID answer", () => {
  const eid = "89049032123451234512345678901235";
  it.each([
    [[`+QESIM: "eid",${eid}`]],
    [[`+QESIM: "eid",0,"${eid}"`]],
    [[`+QESIM:"eid","${eid}"`]],
    [["+QESIM: something", `+QESIM: "eid",0,${eid}`]],
  ])("%j", (lines) => {
    expect(parseEidAnswer(lines)).toBe(eid);
  });

  it("is refused when its check digits are wrong", () => {
    expect(() => parseEidAnswer(['+QESIM: "eid",89049032123451234512345678901234'])).toThrow("check digits");
  });

  it("is none where no 32 digits stand", () => {
    expect(parseEidAnswer([`+QESIM: "eid",${eid}99`])).toBeUndefined();
  });
});
