import { describe, expect, it } from "vitest";
import { describeResult, parseFinalResult, parseNumericResult } from "../../src/at/result-code.js";

describe("final result codes", () => {
  it.each([
    ["OK", { kind: "ok" }],
    ["ERROR", { kind: "error", text: "ERROR" }],
    ["+CME ERROR: 10", { kind: "cme", number: 10, text: "10" }],
    ["+CME ERROR:14", { kind: "cme", number: 14, text: "14" }],
    ["+CME ERROR : 3", { kind: "cme", number: 3, text: "3" }],
    ["+CME ERROR: SIM not inserted", { kind: "cme", number: 10, text: "SIM not inserted" }],
    ["+CME ERROR: (U)SIM not inserted", { kind: "cme", number: 10, text: "(U)SIM not inserted" }],
    ["+CME ERROR: SIM busy", { kind: "cme", number: 14, text: "SIM busy" }],
    ["+CME ERROR: Parameters error", { kind: "cme", number: undefined, text: "Parameters error" }],
    ["+CMS ERROR: 314", { kind: "cms", number: 314, text: "314" }],
    ["+CMS ERROR: SIM failure", { kind: "cms", number: 313, text: "SIM failure" }],
    ["NO CARRIER", { kind: "error", text: "NO CARRIER" }],
    ["BUSY", { kind: "error", text: "BUSY" }],
    ["NO ANSWER", { kind: "error", text: "NO ANSWER" }],
    ["NO DIALTONE", { kind: "error", text: "NO DIALTONE" }],
    ["CONNECT 115200", { kind: "error", text: "CONNECT 115200" }],
    ["COMMAND NOT SUPPORT", { kind: "error", text: "COMMAND NOT SUPPORT" }],
    ["MODEM ERROR: 4", { kind: "error", text: "MODEM ERROR: 4" }],
    ["ABORTED", { kind: "error", text: "ABORTED" }],
    [">", { kind: "prompt" }],
  ])("%s ends an answer", (line, result) => {
    expect(parseFinalResult(line)).toEqual(result);
  });

  it.each(["OKAY", "+CME ERRORS: 1", "+CPIN: READY", "0", "4", "CONNECTED", "> text", "NOT OK"])(
    "%s does not",
    (line) => {
      expect(parseFinalResult(line)).toBeUndefined();
    },
  );

  it("knows the numbers of ATV0 only where they are asked for", () => {
    expect(parseNumericResult("0")).toEqual({ kind: "ok" });
    expect(parseNumericResult("4")).toEqual({ kind: "error", text: "4" });
    expect(parseNumericResult("1")).toBeUndefined();
  });

  it("says a number with its words", () => {
    expect(describeResult({ kind: "cme", number: 14, text: "14" })).toBe("+CME ERROR: 14 (sim busy)");
    expect(describeResult({ kind: "cme", number: undefined, text: "Parameters error" })).toBe(
      "+CME ERROR: Parameters error",
    );
  });
});
