import { describe, expect, it } from "vitest";
import { parseLabelData, valuesOf } from "../../src/label/data.js";
import { parseRows } from "../../src/label/rows.js";
import { eidOf } from "./units.js";

const eid = eidOf(1n);

describe("the data of a label", () => {
  it.each(["1$SMDP.example.com$ID-1", "LPA:1$SMDP.example.com$ID-1", " lpa:1$SMDP.example.com$ID-1 "])(
    "%s has LPA: in front once, and keeps its case",
    (code) => {
      const values = valuesOf(parseLabelData({ activation_code: code }, "here"));
      expect(values.get("lpa")).toBe("LPA:1$SMDP.example.com$ID-1");
      expect(values.get("activation_code")).toBe("1$SMDP.example.com$ID-1");
    },
  );

  it("keeps the confirmation flag and the OID of a code", () => {
    const values = valuesOf(parseLabelData({ activation_code: "1$a.example$X$1.3.6$1" }, "here"));
    expect(values.get("lpa")).toBe("LPA:1$a.example$X$1.3.6$1");
  });

  it("counts an empty text as not given", () => {
    expect([...valuesOf(parseLabelData({ serial: " ", eid: "", batch: "7" }, "here"))]).toEqual([["batch", "7"]]);
  });

  it.each([
    [{ eid: "89049032000000000000000000000000" }, "bad_eid", "here: eid"],
    [{ iccid: "12" }, "bad_input", "here: iccid"],
    [{ imei: "12" }, "bad_input", "here: imei"],
    [{ activation_code: "LPA:LPA:1$a.example$SECRET" }, "bad_activation_code", "here: the activation code"],
    [{ activation_code: "1$a.example$SEC RET" }, "bad_activation_code", "here: the activation code"],
    [{ activation_code: "1$a.example $SECRET" }, "bad_activation_code", "here: the activation code"],
    [{ batch: "a\nb" }, "bad_input", "here: batch has a line break"],
    [{ batch: "x".repeat(256) }, "bad_input", "here: batch has 256 characters"],
    [{ "a b": "x" }, "bad_input", 'here: "a b" is no name of a field'],
    [{ lpa: "x" }, "bad_input", "here: lpa is made from activation_code"],
  ])("%j is refused", (values, code, start) => {
    const refused = expect(() => parseLabelData({ ...values }, "here"));
    refused.toThrow(expect.objectContaining({ code, message: expect.stringContaining(start) }));
    refused.not.toThrow(/SEC/);
  });
});

describe("many labels", () => {
  it("come out of CSV, with quotes, empty lines, a byte order mark and semicolons", () => {
    const comma = `\ufeffserial,eid,note\r\nA1,${eid},"one, ""two"""\r\n\r\nA2,${eid},\r\n`;
    const semicolon = `serial;eid;note\nA1;${eid};one, "two"\n`.replace('one, "two"', '"one, ""two"""');
    expect(parseRows(comma, "f").map(({ serial, fields }) => [serial, fields])).toEqual([
      ["A1", { note: 'one, "two"' }],
      ["A2", {}],
    ]);
    expect(parseRows(semicolon, "f")[0]?.fields).toEqual({ note: 'one, "two"' });
  });

  it("come out of JSON lines", () => {
    const rows = parseRows(`{"serial":"A1","eid":"${eid}"}\n\n{"serial":"A2","run":7,"iccid":null}\n`, "f");
    expect(rows.map(({ serial, eid: read, fields }) => [serial, read, fields])).toEqual([
      ["A1", eid, {}],
      ["A2", undefined, { run: "7" }],
    ]);
  });

  it.each([
    ["serial,eid\nA1\n", "f: line 2 has 1 columns, and the first line names 2"],
    ["serial,eid\nA1,123\n", "f: line 2: eid"],
    ['serial,note\nA1,"one\ntwo"\nA2,"x"y\n', "f: line 4 has a quotation mark out of place"],
    ['serial,note\nA1,"ok"\nA2,"never ended\n', "f: line 3 has a quotation mark out of place"],
    ["serial,serial\nA,B\n", 'f: line 1: two columns are called "serial"'],
    ["serial\n", "f has no label in it"],
    ["", "f has no label in it"],
    ['{"serial":"A1"}\n{"serial":\n', "f: line 2 is not JSON"],
    ['{"serial":"A1"}\n[1]\n', "f: line 2 is no JSON object"],
    ['{"eid":89049032000000000000000000000042}\n', 'f: line 1: "eid" is no text'],
    [`serial\n${"A\n".repeat(10_001)}`, "f has 10001 labels"],
  ])("%j is refused with its line", (text, sentence) => {
    expect(() => parseRows(text, "f")).toThrow(sentence);
  });
});
