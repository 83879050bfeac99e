import { describe, expect, it } from "vitest";
import { inspectConfig, type LoadRequest, loadConfig } from "../../../src/daemon/config/load.js";
import { type MemoryFile, memoryFiles } from "./memory-files.js";

const main = "/etc/esimd/config.toml";

function problemsOf(files: Readonly<Record<string, string | MemoryFile>>, request: Partial<LoadRequest> = {}) {
  return inspectConfig({ env: {}, fileSystem: memoryFiles(files), ...request }).problems;
}

describe("a bad file gives one sentence that names file, key, value and what is allowed", () => {
  it.each([
    ["deadlin = 3", 'unknown key "deadlin"; did you mean "deadline"?'],
    ["[reservations]\nmethod = 'eid'", 'unknown key "reservations"'],
    ["max_reservations = 2", 'unknown key "max_reservations"; did you mean "reservation.max_reservations"?'],
    ["[api]\ncallback = 'x'", 'unknown key "api.callback"'],
    ["[api.url]\nx = 1", "api.url is a table; allowed is an https URL"],
    ["api = 3", "api is 3; allowed is a table [api]"],
    ["[[api]]\nurl = 'x'", "api is a list; allowed is a table [api]"],
    ["constructor = 1", "line 1, column 1: document contains an unsafe property"],
    ["deadline = '15m'", 'deadline is "15m"; allowed is a duration'],
    ["deadline = -1", "deadline is -1; allowed is a duration"],
    ["deadline = 0", "deadline is 0; allowed is a duration"],
    ["deadline = 2026-01-01", "deadline is 2026-01-01; allowed is a duration"],
    ["state_dir = 'state'", 'state_dir is "state"; allowed is an absolute path'],
    ['state_dir = "/a\\u0000b"', 'state_dir is "/a?b"; allowed is an absolute path'],
    ["[log]\nlevel = 'loud'", 'log.level is "loud"; allowed is "silent", "error", "warn", "info", "debug" or "trace"'],
    ["[modem]\nport = ''", 'modem.port is ""; allowed is a tty path'],
    ["[modem]\ndialect = 'Quectel BG95'", 'modem.dialect is "Quectel BG95"; allowed is "auto" or the name'],
    ["[modem]\nlpa = true", 'modem.lpa is true; allowed is "auto", "host" or "modem"'],
    ["[modem]\nexpected_eid = '8904'", 'modem.expected_eid is "8904"; allowed is an EID of 32 digits'],
    [
      "[modem]\nexpected_eid = '89049032123451234512345678901236'",
      'modem.expected_eid is "8904…1236"; allowed is an EID of 32 digits',
    ],
    ["[api]\nprovider = 'Twilio'", 'api.provider is "Twilio"; allowed is "twilio", "kore" or "none"'],
    ["[api]\nurl = 'supersim.twilio.com'", 'api.url is "supersim.twilio.com"; allowed is an https URL'],
    ["[api]\nurl = 'http://supersim.twilio.com'", "(http only on the loopback)"],
    ["[api]\nurl = 'http://127.0.0.1.example.com'", "(http only on the loopback)"],
    ["[api]\nurl = 'ftp://127.0.0.1'", 'api.url is "ftp://127.0.0.1"'],
    ["[api]\nurl = 'https://h/?a=b'", 'api.url is "https://h/?a=b"'],
    [
      "[api]\nprovider = 'kore'\ncallback_method = 'GET'",
      'api.callback_method is "GET"; provider kore takes POST only',
    ],
    ["[api]\ncallback_method = 'PUT'", 'api.callback_method is "PUT"; allowed is "GET" or "POST"'],
    [
      "[reservation]\nmax_reservations = '1'",
      'reservation.max_reservations is "1"; allowed is a whole number from 0 to 100',
    ],
    ["[reservation]\nmax_reservations = 1.5", "reservation.max_reservations is 1.5; allowed is a whole number"],
    ["[reservation]\nmax_reservations = -1", "reservation.max_reservations is -1; allowed is a whole number"],
    ["[reservation]\nmethod = 'qr'", 'reservation.method is "qr"; allowed is "eid" or "activation-code"'],
    ["[sim]\nactivate = 'inactive'", 'sim.activate is "inactive"; allowed is "ready", "active" or "none"'],
    ["[sim]\nfleet = 'a/b'", 'sim.fleet is "a/b"; allowed is the SID or the unique name of a Fleet'],
    ["[sim]\nunique_name = 'gw-{serial}'", 'sim.unique_name is "gw-{serial}"; allowed is letters'],
    ["[sim]\nunique_name = 'gw-{eid'", 'sim.unique_name is "gw-{eid"; allowed is letters'],
    ["[sim]\nreactivate = 'yes'", 'sim.reactivate is "yes"; allowed is true or false'],
    ["[download]\nsmdp_address = 'https://smdp.example.com'", "allowed is a bare host name"],
    ["[download]\nattempts = 0", "download.attempts is 0; allowed is a whole number from 1 to 20"],
    ["deadline = ", "line 1, column 12:"],
    ["[sim]\nfleet = 'a'\nfleet = 'b'", "line 3, column 1:"],
    ["{", "line 1, column 1:"],
  ])("%j", (text, sentence) => {
    const problems = problemsOf({ [main]: text });
    expect(problems).toHaveLength(1);
    const [problem] = problems;
    expect(problem?.message.startsWith(`${main}: `)).toBe(true);
    expect(problem?.message).toContain(sentence);
    expect(problem?.message).not.toMatch(/[\n\r]/);
    expect([problem?.code, problem?.exitStatus]).toEqual(["config_invalid", 78]);
  });

  it.each<[string, MemoryFile]>([
    ["is not UTF-8 text", { text: Uint8Array.of(0x64, 0xff, 0xfe) }],
    ["is larger than 262144 bytes", { text: "#".repeat(300_000) }],
    ["is not a regular file", { text: "", regular: false }],
    ["cannot be read: EACCES: cannot open", { text: "", fails: "EACCES" }],
  ])("a file that %s", (sentence, file) => {
    const problems = problemsOf({ [main]: file });
    expect(problems.map(({ code, exitStatus, message }) => [code, exitStatus, message])).toEqual([
      ["config_unreadable", 78, `${main} ${sentence}`],
    ]);
  });
});

describe("what a sentence does not give away", () => {
  it.each(["key", "secret"])("api.%s in the file is refused, with the right place for it", (name) => {
    const [problem, ...more] = problemsOf({ [main]: `[api]\n${name} = "TheSecretItself"` });
    expect(more).toEqual([]);
    expect(problem?.message).toBe(`${main}: api.${name} may not stand in a configuration file, which others can read`);
    expect(problem?.hint).toContain(`esimd_api_${name}`);
    expect(problem?.hint).toContain(`api.${name}_file`);
    expect(`${problem?.message}${problem?.hint}`).not.toContain("TheSecretItself");
  });

  it("the password of a URL", () => {
    const [problem] = problemsOf({ [main]: '[api]\nurl = "https://user:TheSecretItself@host"' });
    expect(problem?.message).toContain('api.url is "https://***@host"');
  });
});

describe("bad values from elsewhere name their place", () => {
  it.each([
    [{ env: { ESIMD_PROVIDER: "acme" } }, "config_invalid", 'environment variable ESIMD_PROVIDER is "acme"'],
    [{ env: { ESIMD_API_URL: "x" } }, "config_invalid", 'environment variable ESIMD_API_URL is "x"'],
    [{ env: { ESIMD_ACCOUNT_SID: "A C" } }, "config_invalid", 'environment variable ESIMD_ACCOUNT_SID is "A C"'],
    [{ env: { STATE_DIRECTORY: "relative" } }, "config_invalid", 'environment variable STATE_DIRECTORY is "relative"'],
    [{ overrides: [{ key: "deadline", value: "soon", flag: "--deadline" }] }, "usage", 'flag --deadline is "soon"'],
    [{ overrides: [{ key: "modem.lpa", value: "ours", flag: "--lpa" }] }, "usage", 'flag --lpa is "ours"'],
  ] satisfies readonly [Partial<LoadRequest>, string, string][])("%j", (request, code, sentence) => {
    const problems = problemsOf({}, request);
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect(problems[0]?.message).toContain(sentence);
  });
});

describe("several problems", () => {
  const files = { [main]: "deadlin = 1\nstat_dir = 2", "/etc/esimd/conf.d/x.toml": "[sim]\nflet = 'x'" };

  it("are all found in one pass", () => {
    expect(problemsOf(files).map(({ message }) => message)).toEqual([
      `${main}: unknown key "deadlin"; did you mean "deadline"?`,
      `${main}: unknown key "stat_dir"; did you mean "state_dir"?`,
      '/etc/esimd/conf.d/x.toml: unknown key "sim.flet"; did you mean "sim.fleet"?',
    ]);
  });

  it("become one error that says how many there are", () => {
    expect(() => loadConfig({ env: {}, fileSystem: memoryFiles(files) })).toThrow(
      `${main}: unknown key "deadlin"; did you mean "deadline"? (and 2 more problems)`,
    );
  });

  it("a folder with far too many drop-ins is refused, not read", () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`/etc/esimd/conf.d/${i}.toml`, "nonsense"]));
    expect(problemsOf(many).map(({ message }) => message)).toEqual(["/etc/esimd/conf.d has 101 files, more than 100"]);
  });
});
