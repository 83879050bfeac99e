import { describe, expect, it } from "vitest";
import { parseCommandLine, parseParameters } from "../../../src/emulator/modem/command-line.js";

/** A command in one line: `+CGLA=s:…`, so that the tables stay readable. */
function shown(line: string): string {
  const parsed = parseCommandLine(line);
  if (parsed.kind !== "commands") return parsed.kind;
  return parsed.commands
    .map(({ name, form, parameters }) => {
      const shownParameters = parameters.map((parameter) =>
        parameter.kind === "empty" ? "-" : `${parameter.kind[0]}:${parameter.text}`,
      );
      return `${name}${{ execute: "", read: "?", test: "=?", set: "=" }[form]}${shownParameters.join(",")}`;
    })
    .join(" ");
}

describe("a command line", () => {
  it.each([
    ["AT", ""],
    ["at", ""],
    ["  AT  ", ""],
    ["ATE0", "En:0"],
    ["ATE0V1", "En:0 Vn:1"],
    ["ATZ", "Z"],
    ["AT&F", "&F"],
    ["AT&F0E1", "&Fn:0 En:1"],
    ["ATI", "I"],
    ["AT+CMEE=1", "+CMEE=n:1"],
    ["at+cmee?", "+CMEE?"],
    ["AT+CMEE=?", "+CMEE=?"],
    ["AT+CMEE = ?", "+CMEE=?"],
    ["AT+CPIN?;+CSQ", "+CPIN? +CSQ"],
    ["ATE0;+CMEE=1;+CPIN?", "En:0 +CMEE=n:1 +CPIN?"],
    ['AT+CCHO="a0000005591010ffffffff8900000100"', "+CCHO=s:a0000005591010ffffffff8900000100"],
    ['AT+CGLA=1,22,"80E2910006BF3E035C015A"', "+CGLA=n:1,n:22,s:80E2910006BF3E035C015A"],
    ["AT+CGLA=1,4,80E2", "+CGLA=n:1,n:4,w:80E2"],
    ['AT+QESIM="download","LPA:1$smdp.example$A;B"', "+QESIM=s:download,s:LPA:1$smdp.example$A;B"],
    ['AT+QESIM="list", 0', "+QESIM=s:list,n:0"],
    ["AT+CRSM=176,12258,0,0,10", "+CRSM=n:176,n:12258,n:0,n:0,n:10"],
    ["AT+X=1,,3", "+X=n:1,-,n:3"],
    ["AT+X=", "+X=-"],
    ["AT+X=-1", "+X=n:-1"],
    ["AT+X=99999999999999999999", "+X=w:99999999999999999999"],
    ["AT^ICCID?", "^ICCID?"],
  ])("%s", (line, expected) => {
    expect(shown(line)).toBe(expected);
  });

  it.each([
    ["no AT in it", "hello"],
    ["nothing in it", ""],
    ["half of another command", "+CGLA=1"],
  ])("is noise with %s", (_what, line) => {
    expect(shown(line)).toBe("noise");
  });

  it("drops what stands before AT, as a modem that listens for it does", () => {
    expect(shown("\x00\xff~AT+CSQ")).toBe("+CSQ");
  });

  it("takes a command that was broken off and begun anew for one unknown command", () => {
    expect(shown("AT+CGAT+CSQ")).toBe("malformed");
    expect(shown("AT+CGAT")).toBe("+CGAT");
  });

  it.each([
    ['AT+CCHO="A000', "an open quote"],
    ["AT+", "a name that is missing"],
    ["AT+1", "a name that begins with a digit"],
    ['AT+X="a"b', "characters behind a quote"],
    ["AT+X=1 2", "two numbers in one place"],
    ["AT+X? 1", "something behind the question mark"],
    ["AT=1", "no name at all"],
    ["AT+X=(1)", "a bracket"],
  ])("is malformed: %s (%s)", (line) => {
    expect(shown(line)).toBe("malformed");
  });
});

describe("parameters", () => {
  it("keep every character between quotes, commas and semicolons too", () => {
    expect(parseParameters('"a,b;c",2')).toEqual([
      { kind: "string", text: "a,b;c" },
      { kind: "number", value: 2, text: "2" },
    ]);
  });
});
