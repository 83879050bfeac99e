import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isEsimdError } from "../../../src/base/errors.js";
import {
  type Cell,
  type CsvStyle,
  csvHead,
  csvLine,
  plainCsv,
  readCsv,
  separators,
} from "../../../src/station/records/csv.js";

const asIs: CsvStyle = { ...plainCsv, guard: false };

describe("writing CSV", () => {
  it.each<readonly [string, readonly Cell[], string]>([
    ["plain cells", ["a", "b"], "a,b"],
    ["nothing as nothing, also at the end", ["", null, "x", null], ",,x,"],
    ["numbers and truth", [1.5, -2, true, false], "1.5,-2,true,false"],
    ["a separator in quotes", ["a,b", "c"], '"a,b",c'],
    ["a quote doubled", ['a "b" c'], '"a ""b"" c"'],
    ["line breaks of every kind in quotes", ["a\nb", "c\rd", "e\r\nf"], '"a\nb","c\rd","e\r\nf"'],
    ["spaces at the edge in quotes, which some readers take away otherwise", [" a", "b "], '" a","b "'],
    ["digits of an EID whole", ["89049032123451234512345678901235"], "89049032123451234512345678901235"],
    ["other separators as they are", ["a;b", "c\td"], "a;b,c\td"],
  ])("has %s", (_what, cells, line) => {
    expect(csvLine(cells, plainCsv)).toBe(`${line}\r\n`);
  });

  it.each(["=1+1", "+44", "-x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＋1", "－1", "＠1"])(
    "puts an apostrophe before what a spreadsheet takes for a formula: %j",
    (text) => {
      const [record] = readCsv(csvLine([text, "x"], plainCsv), "the test").records;
      expect(record?.cells[0]).toBe(`'${text}`);
      const [bare] = readCsv(csvLine([text, "x"], asIs), "the test").records;
      expect(bare?.cells[0]).toBe(text);
    },
  );

  it("leaves numbers of its own alone, and text that only has such a sign inside", () => {
    expect(csvLine([-5, "a=1", "SN-1", "1+1"], plainCsv)).toBe("-5,a=1,SN-1,1+1\r\n");
  });

  it("writes long digits so that a spreadsheet shows them whole, where that is asked for", () => {
    const style: CsvStyle = { ...plainCsv, textDigits: true, bom: true, separator: ";" };
    expect(csvHead(style)).toBe("\ufeff");
    expect(csvLine(["89440000000000000012", "12345", "8944F"], style)).toBe(
      '"=""89440000000000000012""";12345;8944F\r\n',
    );
  });
});

describe("reading CSV", () => {
  it("gives back what was written, whatever it was", () => {
    const cell = fc.oneof(fc.string({ unit: "grapheme" }), fc.stringMatching(/^[",;\t\r\n =a]{0,12}$/));
    const table = fc
      .integer({ min: 1, max: 6 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
      );
    fc.assert(
      fc.property(table, fc.constantFrom(...separators), fc.boolean(), (rows, separator, bom) => {
        const style: CsvStyle = { ...asIs, separator, bom };
        // The separator is known by the head.
        const head = ["first", "second"];
        const text = csvHead(style) + [head, ...rows].map((row) => csvLine(row, style)).join("");
        const read = readCsv(text, "the test");
        expect(read.separator).toBe(separator);
        const kept = rows.filter((row) => row.some((one) => one.trim() !== ""));
        expect(read.records.map(({ cells }) => cells)).toEqual([head, ...kept]);
      }),
    );
  });

  it("says in which line each record begins", () => {
    const text = 'a,b\n1,"two\nlines"\n\n2,x\r\n3,"y\r\nz"\r\n4,last';
    expect(readCsv(text, "the test").records.map(({ line, cells }) => [line, cells[0]])).toEqual([
      [1, "a"],
      [2, "1"],
      [5, "2"],
      [6, "3"],
      [8, "4"],
    ]);
  });

  it.each([
    ['a,b\n1,"x\ny', "line 2", "opened and not closed"],
    ['a,b\n1,2\n3,x"y\n', "line 3", "a quote stands inside a cell"],
    ['a,b\n1,"x"y\n', "line 2", "a quote stands inside a cell"],
    [`a,b\n1,"${"x".repeat(200_000)}"\n`, "line 2", "more than 100000 characters"],
  ])("names the line of what is no CSV (%#)", (text, line, why) => {
    const error = errorOf(() => readCsv(text, "work.csv"));
    expect(error).toContain(`work.csv, ${line}: `);
    expect(error).toContain(why);
  });
});

function errorOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isEsimdError(error, "bad_input")) return error.message;
    throw error;
  }
  return "no error";
}
