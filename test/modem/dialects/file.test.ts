import { describe, expect, it } from "vitest";
import { isEsimdError } from "../../../src/base/errors.js";
import { createCatalogue } from "../../../src/modem/dialects/catalogue.js";
import { parseDialectFile } from "../../../src/modem/dialects/file.js";
import { ownDialects } from "../../../src/modem/dialects/own.js";
import { dialectSchema } from "../../../src/modem/dialects/spec.js";

/** An operator's dialect file: what it changes, and how one that is wrong is refused. */

const path = "/etc/esimd/dialects/own.toml";

function refusalOf(text: string): string {
  try {
    parseDialectFile(text, path);
  } catch (error) {
    if (isEsimdError(error, "dialect_invalid")) return error.message;
    throw error;
  }
  return "it was taken";
}

const whole = `
name = "acme"
summary = "Acme modems"
modems = ["Acme A1"]
evidence = "documented"
sources = ["Acme manual"]

[recognise]
identity = "acme"
evidence = "documented"
source = "Acme manual, 1"

[recognise.ask]
send = "AT+ACME=?"
answer = "+ACME"
timeout_ms = 2000
matches = ["esim"]

[eid]
send = "AT+ACMEEID"
answer = "+ACMEEID"
timeout_ms = 3000
value = '(\\d{32})'
evidence = "documented"
source = "Acme manual, 3"

[refresh]
wait_ms = 5000
ladder = ["reset"]
evidence = "guess"
source = "nobody knows"
`;

/** A change of one table of a family that knows profiles by ICCID. */
const based = (table: string, line: string): string => `based_on = "quectel-iccid"\n[own_lpa.${table}]\n${line}\n`;
const nwmode = (text: string): string => `based_on = "quectel-nwmode"\n${text}\n`;
const withoutSlot = 'based_on = "quectel-iccid"\n[slot.set]\nsend = "AT+QUIMSLOT"\n';

const iccidTable = (send: string, timeoutMs: number): string => `
[[iccid]]
send = "${send}"
answer = "+ICCID"
timeout_ms = ${timeoutMs}
value = '(\\d{19})'
evidence = "guess"
source = "nobody knows"
`;

describe("a dialect file", () => {
  it("adds a dialect, which is asked for before esimd's own", () => {
    const { dialects } = createCatalogue([parseDialectFile(whole, path)]);
    const [first] = dialects;
    expect(first?.name).toBe("acme");
    expect(first?.origin).toBe(path);
    expect(first?.eid?.parse(["+ACMEEID: 89049032123451234512345678901235"])).toBe("89049032123451234512345678901235");
    expect(first?.recognise?.ask?.matches(["+ACME: esim"])).toBe(true);
    expect(dialects).toHaveLength(ownDialects.length + 1);
  });

  it("changes one fact of a dialect and leaves the others", () => {
    const given = parseDialectFile(
      `based_on = "quectel-index"\n[own_lpa.enable.settle]\nwindow_ms = 90000\n[own_lpa.result_codes]\n2a = "the answer"\n`,
      path,
    );
    const dialect = createCatalogue([given]).find("quectel-index");
    expect(dialect.ownLpa?.enable.settle).toEqual({ pollEveryMs: 2000, windowMs: 90_000, resend: false });
    expect(dialect.ownLpa?.enable.send).toBe('AT+QESIM="enable_profile",{index}');
    expect(dialect.ownLpa?.describeResultCode("0x2A")).toBe("the answer");
    expect(dialect.origin).toBe(path);
    expect(createCatalogue().find("quectel-index").ownLpa?.enable.settle?.windowMs).toBe(63_000);
  });

  it("lists the ICCID's queries in tables of their own, keys in snake_case as everywhere", () => {
    const { spec } = parseDialectFile(`${whole}${iccidTable("AT+ONE", 3000)}${iccidTable("AT+TWO", 4000)}`, path);
    expect(spec.iccid.map(({ send, timeoutMs }) => [send, timeoutMs])).toEqual([
      ["AT+ONE", 3_000],
      ["AT+TWO", 4_000],
    ]);
  });

  it("gives a family a download that esimd has no proof of", () => {
    const given = parseDialectFile(
      `based_on = "quectel-index"
[own_lpa.download]
kind = "modem-network"
window_ms = 180000
poll_every_ms = 5000
[own_lpa.download.end]
line = '^\\+QESIM\\s*:\\s*"add_profile"\\s*,\\s*(\\d+)'
evidence = "guess"
source = "a forum post"
[own_lpa.download.start]
send = 'AT+QESIM="add_profile","{activationCode}"'
answer = "+QESIM"
timeout_ms = 30000
evidence = "guess"
source = "a forum post"
`,
      path,
    );
    const { download } = createCatalogue([given]).find("quectel-index").ownLpa ?? {};
    expect(download?.kind).toBe("modem-network");
    expect(download?.kind === "modem-network" && download.end.line.exec('+QESIM: "add_profile",0')?.[1]).toBe("0");
  });

  it.each<readonly [string, string, string]>([
    ["no TOML", "name = \n", "line 1, column"],
    ["an unknown base", '\nbased_on = "quectel"\n', 'line 2: based_on "quectel" is none of quectel-iccid'],
    ["a key that does not exist", `${whole}timeout = 3\n`, "line 32: refresh.timeout: there is no such key"],
    ["a deadline that is none", whole.replace("timeout_ms = 3000", "timeout_ms = 5"), "line 22: eid.timeout_ms:"],
    ["a pattern that is none", whole.replace("(\\d{32})", "(\\d{32}"), "line 23: eid.value:"],
    ["a command that is none", whole.replace("AT+ACMEEID", "+ACMEEID"), "line 20: eid.send: must begin with AT"],
    ["a command with a line break in it", whole.replace('"AT+ACMEEID"', '"AT+A\\rAT+B"'), "line 20: eid.send:"],
    ["a fact without its source", whole.replace('source = "Acme manual, 3"', ""), "line 19: eid.source:"],
    ["evidence of an unknown kind", whole.replace('"guess"', '"rumour"'), "line 30: refresh.evidence:"],
    ["a step that nobody knows", whole.replace('"reset"', '"hammer"'), "line 29: refresh.ladder"],
    [
      "a row without its groups",
      'based_on = "quectel-iccid"\n[own_lpa.list]\nrow = "(.*)"\n',
      "line 3: own_lpa.list.row: needs the named groups (?<iccid>…), (?<state>…)",
    ],
    ["a query that reads nothing", whole.replace("(\\d{32})", "\\d{32}"), "line 23: eid.value: needs a group"],
    ["a group that reads nothing", whole.replace("(\\d{32})", "(?:\\d{32})"), "line 23: eid.value: needs a group"],
    [
      "a result code that is not read",
      based("enable.code", "pattern = 'QESIM'"),
      "line 3: own_lpa.enable.code.pattern: needs a group",
    ],
    [
      "an end without its code",
      nwmode("[own_lpa.download.end]\nline = 'download'"),
      "line 3: own_lpa.download.end.line: needs a group",
    ],
    [
      "a placeholder that nobody fills",
      based("enable", 'send = \'AT+QESIM="enable","{icid}"\''),
      "line 3: own_lpa.enable.send: has {icid}; esimd fills in {iccid} and {index} here",
    ],
    [
      "a placeholder of another operation",
      based("enable", 'send = \'AT+QESIM="enable","{iccid}","{nickname}"\''),
      "line 3: own_lpa.enable.send: has {nickname}; esimd fills in",
    ],
    [
      "a placeholder in snake case",
      nwmode('[own_lpa.download.start]\nsend = \'AT+QESIM="download","{activation_code}"\''),
      "line 3: own_lpa.download.start.send: has {activation_code}; esimd fills in {activationCode} here",
    ],
    [
      "a placeholder where none is",
      whole.replace("AT+ACMEEID", "AT+ACMEEID={iccid}"),
      "line 20: eid.send: has {iccid}; nothing is",
    ],
    ["half a placeholder", based("enable", "send = 'AT+X={iccid},{index'"), "line 3: own_lpa.enable.send: has {index;"],
    ...(["enable", "disable", "delete"] as const).map((name): [string, string, string] => [
      `${name} of no profile`,
      based(name, `send = 'AT+QESIM="${name}"'`),
      `line 3: own_lpa.${name}.send: needs {iccid} or {index}, or nothing says which profile is meant`,
    ]),
    [
      "a rename without the name",
      based("nickname", 'send = \'AT+QESIM="nickname","{iccid}"\''),
      "line 3: own_lpa.nickname.send: needs {nickname}",
    ],
    [
      "a download without its activation code",
      nwmode("[own_lpa.download.start]\nsend = 'AT+QESIM=\"download\",0'"),
      "line 3: own_lpa.download.start.send: needs {activationCode}",
    ],
    ["a switch to no slot", withoutSlot, "line 3: slot.set.send: needs {slot}"],
    [
      "a step without its commands",
      whole.replace('"reset"', '"sim-power"'),
      "line 29: refresh.ladder: has sim-power, and there is no sim_power",
    ],
    [
      "a fault in the first of two tables",
      `${whole}${iccidTable("AT+ONE", 5)}${iccidTable("AT+TWO", 4000)}`,
      "line 36: iccid.0.timeout_ms:",
    ],
    [
      "a fault in the second",
      `${whole}${iccidTable("AT+ONE", 3000)}${iccidTable("AT+TWO", 5)}`,
      "line 44: iccid.1.timeout_ms:",
    ],
    [
      "what the second lacks",
      `${whole}${iccidTable("AT+ONE", 3000)}${iccidTable("AT+TWO", 4000).replace("evidence", "evidenz")}`,
      "line 41: iccid.1.evidence:",
    ],
    [
      "a table within the second",
      `${whole}${iccidTable("AT+ONE", 3000)}${iccidTable("AT+TWO", 4000)}[iccid.code]\npattern = "x"\nsuccess = "0"\n`,
      "line 49: iccid.1.code.pattern:",
    ],
    ["a name with capitals", whole.replace('"acme"', '"Acme"'), "line 2: name: is lower-case"],
  ])("is refused with the line and the reason: %s", (_what, text, expected) => {
    const refusal = refusalOf(text);
    expect(refusal).toContain(path);
    expect(refusal).toContain(expected);
  });
});

describe("esimd's own dialects", () => {
  it.each(ownDialects.map((dialect) => [dialect.name, dialect] as const))(
    "%s is in the form it asks of others",
    (_name, dialect) => {
      expect(dialectSchema.safeParse(dialect).error).toBeUndefined();
    },
  );

  it("have names of their own, and each its sources", () => {
    expect(new Set(ownDialects.map(({ name }) => name)).size).toBe(ownDialects.length);
    for (const { sources } of ownDialects) expect(sources.length).toBeGreaterThan(0);
  });
});
