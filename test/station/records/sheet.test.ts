import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isEsimdError } from "../../../src/base/errors.js";
import { loadSheet, parseSheet } from "../../../src/station/records/sheet.js";
import { eidOf } from "./entries.js";

const folder = mkdtempSync(join(tmpdir(), "esimd-sheet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a sheet of work", () => {
  it("says what each unit shall get, and keeps the columns that are none of esimd's", () => {
    const sheet = parseSheet(
      [
        "Order;serial;Fleet;eid;imei;activation_code;label",
        `4711;SN1;HFa1;${eidOf(1)};860425040000019;LPA:1$smdp.example$ABC;unit`,
        ";SN2;;;;;",
        ";;;;;;",
        "4712; SN3 ;my fleet;;;;",
      ].join("\r\n"),
      "work.csv",
    );
    expect(sheet.separator).toBe(";");
    expect(sheet.columns).toEqual(["Order", "serial", "Fleet", "eid", "imei", "activation_code", "label"]);
    expect([...sheet.units.keys()]).toEqual(["SN1", "SN2", "SN3"]);
    expect(sheet.units.get("SN1")).toMatchObject({
      line: 2,
      fleet: "HFa1",
      eid: eidOf(1),
      imei: "860425040000019",
      activationCode: "LPA:1$smdp.example$ABC",
      label: "unit",
    });
    expect(sheet.units.get("SN2")).toMatchObject({
      line: 3,
      fleet: null,
      eid: null,
      activationCode: null,
      label: null,
    });
    expect(sheet.units.get("SN3")).toMatchObject({ line: 5, fleet: "my fleet" });
  });

  it("takes back what an export wrote for a spreadsheet", () => {
    const sheet = parseSheet(`\ufeffserial,eid\r\nSN1,"=""${eidOf(1)}"""\r\n`, "work.csv");
    expect(sheet.units.get("SN1")?.eid).toBe(eidOf(1));
  });

  it.each([
    ["", "it is empty"],
    ["serial\n", "it has a head and no unit"],
    ["name,eid\nSN1,\n", 'line 1 has no column "serial"'],
    ["serial,serial\nSN1,SN1\n", 'line 1, column 2: "serial" stands there twice'],
    ["serial,\nSN1,x\n", "line 1, column 2 has no name"],
    ["serial,Activation-Code\nSN1,x\n", 'line 1, column 2: "Activation-Code" is written activation_code'],
    ["serial,confirmation_code\nSN1,1234\n", "line 1, column 2: a confirmation code is a secret"],
    ["serial,fleet\nSN1\n", "line 2 has 1 cells, and the head has 2"],
    ["serial,fleet\n,HF1\n", "line 2, column serial: it is empty"],
    ["serial\n<b>\n", 'line 2, column serial: "<b>" is not a serial number'],
    ["serial\nSN1\nSN2\nSN1\n", 'line 4, column serial: "SN1" stands in line 2, too'],
    ["serial,eid\nSN1,123\n", 'line 2, column eid: "123" is not an EID of 32 digits'],
    ["serial,eid\nSN1,8.904E+31\n", "a spreadsheet has rounded it: make the column text"],
    ["serial,imei\nSN1,12\n", 'line 2, column imei: "12" is not an IMEI'],
    ["serial,fleet\nSN1,a\tb\n", "line 2, column fleet"],
    ["serial,label\nSN1,../x\n", 'line 2, column label: "../x" is not the name'],
    ["serial,activation_code\nSN1,hello\n", "line 2, column activation_code: the activation code is not of the form"],
    [`serial,eid\nSN1,${eidOf(1)}\nSN2,${eidOf(1)}\n`, "line 3, column eid: "],
  ])("is refused where it is wrong, by line and column (%#)", (text, mistake) => {
    const error = mistakesOf(text);
    expect(error.message).toContain(mistake);
    expect(error.hint).not.toBe("");
  });

  it("names all mistakes at once, up to a number that a person reads", () => {
    const error = mistakesOf("serial,eid,imei\nSN1,1,2\nSN2,,3\n-,,\n");
    for (const place of ["line 2, column eid", "line 2, column imei", "line 3, column imei", "line 4, column serial"]) {
      expect(error.message).toContain(place);
    }
    const many = mistakesOf(`serial\n${"?\n".repeat(100)}`);
    expect(many.message).toContain("line 21, column serial");
    expect(many.message).not.toContain("line 22, column serial");
    expect(many.message).toContain("and 80 more");
  });

  it("never says what an activation code is", () => {
    const code = "LPA:1$smdp.example$SECRET-TOKEN-1";
    const error = mistakesOf(`serial,activation_code\nSN1,${code}\nSN2,${code}\n`);
    expect(error.message).toContain("line 3, column activation_code: it stands in line 2, too");
    expect(error.message).not.toContain("SECRET");
  });

  it("is bounded in its units", () => {
    const lines = Array.from({ length: 100_001 }, (_none, index) => `SN${index}`);
    expect(parseSheet(`serial\n${lines.slice(1).join("\n")}\n`, "work.csv").units.size).toBe(100_000);
    expect(mistakesOf(`serial\n${lines.join("\n")}\n`).message).toContain("more than 100000");
  });

  it.each([
    ["no such file", undefined, "cannot be read"],
    ["no UTF-8", Buffer.from([0x73, 0xff, 0xfe]), "is not UTF-8 text"],
    ["too much", Buffer.alloc(32 * 1024 * 1024 + 1, 0x61), "cannot be read: "],
  ])("in a file that is %s is refused", async (name, bytes, why) => {
    const path = join(folder, `${name}.csv`);
    if (bytes !== undefined) writeFileSync(path, bytes);
    await expect(loadSheet(path)).rejects.toMatchObject({ code: "bad_input", message: expect.stringContaining(why) });
  });
});

function mistakesOf(text: string) {
  try {
    parseSheet(text, "work.csv");
  } catch (error) {
    if (isEsimdError(error, "bad_input")) return error;
    throw error;
  }
  throw new Error("it was taken");
}
