import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configured } from "./conditions.js";
import { type Field, type FieldOptions, lastLine, startField } from "./field.js";
import { startRewritingProxy } from "./rewriting-proxy.js";

/** Whatever a person, a file or a peer writes wrongly: one sentence that names the value and the place, one next step, and the right status. */

interface Mistake {
  readonly name: string;
  /** A configuration file; without it the field's own is used. */
  readonly config?: string;
  readonly words: (field: Field, file: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The content of `file`. */
  readonly file?: string;
  readonly status: number;
  readonly code: string;
  /** What the sentence must name. */
  readonly names: readonly (string | RegExp)[];
}

const provision = (field: Field, ...more: readonly string[]): readonly string[] => [
  "provision",
  "--port",
  field.world.port,
  "--lpa",
  "modem",
  ...more,
];
const withConfig = (field: Field, file: string): readonly string[] => provision(field, "--config", file);

const config = (name: string, file: string, code: string, ...names: readonly (string | RegExp)[]): Mistake => ({
  name: `a configuration with ${name}`,
  file,
  words: withConfig,
  status: 78,
  code,
  names,
});
const scenario = (command: string, name: string, file: string, ...names: readonly (string | RegExp)[]): Mistake => ({
  name: `${command} with ${name}`,
  file,
  words: (_field, path) => [command, "--listen", "127.0.0.1:0", "--scenario", path],
  status: 65,
  code: "scenario_invalid",
  names: [/file\.txt/, ...names],
});
const usage = (name: string, words: Mistake["words"], ...names: readonly (string | RegExp)[]): Mistake => ({
  name,
  words,
  status: 64,
  code: "usage",
  names,
});
const variable = (
  name: string,
  variableName: string,
  value: string,
  ...names: readonly (string | RegExp)[]
): Mistake => ({
  name,
  words: (field) => provision(field),
  env: { [variableName]: value },
  status: 78,
  code: "config_invalid",
  names: [variableName, ...names],
});

const mistakes: readonly Mistake[] = [
  usage("a command that does not exist", () => ["provison"], "provison", "provision"),
  usage("a flag that does not exist", (field) => provision(field, "--methd", "eid"), "--methd", "--method"),
  usage("a flag without its value", (field) => provision(field, "--method"), "--method"),
  usage("a method that does not exist", (field) => provision(field, "--method", "qr"), "--method", "qr"),
  usage("a provider that does not exist", (field) => provision(field, "--provider", "acme"), "--provider", "acme"),
  usage("a deadline that is no time", (field) => provision(field, "--deadline", "soon"), "--deadline", "soon"),
  usage("no port", () => ["provision"], "port"),
  config("a broken line", "[sim\nfleet = 1\n", "config_invalid", "file.txt", "line 1"),
  config("a value of the wrong kind", "[sim]\nfleet = 7\n", "config_invalid", "file.txt", "sim.fleet", "7"),
  config("an unknown key", '[sim]\nflete = "x"\n', "config_invalid", "file.txt", "sim.flete", "sim.fleet"),
  config(
    "an EID of 31 digits",
    `[modem]\nexpected_eid = "${"1".repeat(31)}"\n`,
    "config_invalid",
    "modem.expected_eid",
  ),
  config(
    "an EID with wrong check digits",
    `[modem]\nexpected_eid = "${"1".repeat(32)}"\n`,
    "config_invalid",
    "modem.expected_eid",
  ),
  config("a URL that is none", '[api]\nurl = "supersim"\n', "config_invalid", "api.url", "supersim"),
  config(
    "a URL without TLS",
    '[api]\nurl = "http://supersim.example.com"\n',
    "config_invalid",
    "api.url",
    "http://supersim.example.com",
  ),
  config(
    "an SM-DP+ address that is a URL",
    '[download]\nsmdp_address = "https://x.example"\n',
    "config_invalid",
    "download.smdp_address",
  ),
  config("a secret", '[api]\nsecret = "s3cret"\n', "config_invalid", "api.secret"),
  config("a byte that is no text", "\u0000", "config_invalid", "file.txt"),
  {
    name: "a configuration that is not there",
    words: (field) => provision(field, "--config", "/nonexistent/esimd.toml"),
    status: 78,
    code: "config_unreadable",
    names: ["/nonexistent/esimd.toml"],
  },
  variable("an API URL in the environment that is none", "ESIMD_API_URL", "not a url", "not a url"),
  variable("a provider in the environment that does not exist", "ESIMD_PROVIDER", "acme", "acme"),
  {
    name: "no credentials",
    words: (field) => provision(field),
    env: { ESIMD_API_KEY: "", ESIMD_API_SECRET: "" },
    status: 78,
    code: "credentials_missing",
    names: [/key|secret/],
  },
  {
    name: "a port that is not there",
    words: () => ["provision", "--port", "/dev/ttyNONE9"],
    status: 66,
    code: "port_missing",
    names: ["/dev/ttyNONE9"],
  },
  {
    name: "a port that is a file",
    file: "no tty",
    words: (_field, file) => ["provision", "--port", file],
    status: 66,
    code: "port_missing",
    names: [/file\.txt/],
  },
  {
    name: "a port address without a port",
    words: () => ["provision", "--port", "tcp://127.0.0.1"],
    status: 65,
    code: "bad_input",
    names: ["tcp://127.0.0.1"],
  },
  scenario("fake-modem", "a scenario that is no JSON", "{", /JSON/),
  scenario("fake-modem", "a behaviour that does not exist", '{"behaviours":[{"do":{"kind":"explode"}}]}', /behaviours/),
  scenario(
    "fake-modem",
    "a pattern that is none",
    '{"behaviours":[{"command":"(","do":{"kind":"busy"}}]}',
    /behaviours/,
  ),
  scenario("fake-api", "a scenario that is no JSON", "]", /JSON/),
  scenario(
    "fake-api",
    "an action that does not exist",
    '{"behaviours":[{"actions":[{"do":"explode"}]}]}',
    /behaviours/,
  ),
  scenario("fake-smdp", "a scenario that is no JSON", "nope"),
  scenario(
    "fake-smdp",
    "a function that does not exist",
    '{"behaviours":[{"function":"explode","do":{"kind":"cut"}}]}',
    /behaviours/,
  ),
  {
    name: "an EID for the fake modem with wrong check digits",
    words: () => ["fake-modem", "--listen", "127.0.0.1:0", "--eid", "1".repeat(32)],
    status: 65,
    code: "bad_eid",
    names: ["--eid", "1111…1111"],
  },
  {
    name: "an order for something that is no EID",
    words: () => ["fake-smdp", "--listen", "127.0.0.1:0", "--order", "x"],
    status: 65,
    code: "bad_eid",
    names: ['"x"'],
  },
];

let field: Field;
beforeAll(async () => {
  field = await startField();
});
afterAll(() => field.close());

/** One sentence with its code, one line of what to do, nothing else, and no stack; the same as JSON where it is asked for. */
function expectOneSentence(stderr: string, code: string, names: readonly (string | RegExp)[]): void {
  const lines = stderr.trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  const [sentence = "", hint = ""] = lines;
  expect(sentence).toMatch(new RegExp(`^esimd: .+ \\(${code}\\)$`));
  for (const name of names) expect(sentence).toMatch(typeof name === "string" ? literally(name) : name);
  expect(hint).toMatch(/^ {2}\S.{5,}/);
  expect(stderr).not.toMatch(/\n\s+at /);
}

function literally(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
}

describe("a person's mistake", () => {
  it.for(mistakes)("$name: $status", async ({ words, env, file, status, code, names }) => {
    const path = join(field.dir, "file.txt");
    if (file !== undefined) await writeFile(path, file);
    const line = words(field, path);

    const plain = await field.esimd(line, env);
    // A run that began has shown its states, a line each.
    expectOneSentence(plain.stderr.replace(/^(connecting|failed): .*\n/gm, ""), code, names);
    expect(plain.status).toBe(status);

    const takesJson = line[0] === "provision";
    if (!takesJson) return;
    const json = await field.esimd([...line, "--json"], env);
    expect(json.status).toBe(status);
    expectOneSentence(json.stderr, code, names);
    const last: unknown = JSON.parse(lastLine(json.stdout));
    expect(last).toMatchObject({ error: { code, message: expect.any(String), hint: expect.any(String) } });
    expect(json.stdout).not.toMatch(/\\n\s+at /);
  });
});

/** Peers that say what nobody understands; a run of its own for each, with the API's or the modem's answer spoilt. */
interface Nonsense {
  readonly name: string;
  readonly options?: FieldOptions;
  readonly rewrite?: (asked: string, body: string) => string;
  readonly words?: readonly string[];
  readonly status: number;
  readonly code: string;
  readonly names: readonly (string | RegExp)[];
}

const answers = (name: string, from: RegExp, to: string, ...names: readonly (string | RegExp)[]): Nonsense => ({
  name: `the API's ${name}`,
  rewrite: (asked, body) => (asked.startsWith("GET /v1/ESimProfiles") ? body.replace(from, to) : body),
  status: 69,
  code: "api_protocol",
  names: ["/v1/ESimProfiles", ...names],
});

const nonsense: readonly Nonsense[] = [
  answers("answer that is no JSON", /^.*$/s, "<html>Log in to the Wi-Fi</html>", /HTML/),
  answers("answer that is nothing", /^.*$/s, "", /empty/),
  answers("answer that is something else", /^.*$/s, "[1,2,3]"),
  answers("ICCID that is none", /"iccid":"\d+"/, '"iccid":"8988"', "iccid", "8988"),
  answers(
    "SM-DP+ address that is none",
    /"smdp_plus_address":"[^"]+"/,
    '"smdp_plus_address":"ftp://x"',
    "smdp_plus_address",
  ),
  answers("SID that is none", /"sid":"HP\w+"/, '"sid":"../../etc"', "sid"),
  {
    ...answers(
      "activation code that is none",
      /"activation_code":"[^"]+"/,
      '"activation_code":"LPA:1$only-a-host"',
      "activation_code",
    ),
    words: ["--method", "activation-code"],
  },
  {
    name: "the modem's EID with wrong check digits",
    options: { modem: "wrong-eid" },
    status: 65,
    code: "bad_eid",
    names: ["EID"],
  },
  {
    name: "the modem's answer that is no list",
    options: {
      modem: {
        behaviours: [{ command: '"list"', do: { kind: "raw", text: '\r\n+QESIM: "list",banana\r\n\r\nOK\r\n' } }],
      },
    },
    status: 76,
    code: "modem_protocol",
    names: ["list", "banana"],
  },
];

describe("a peer's nonsense", { concurrent: true }, () => {
  it.for(nonsense)("$name: $status", async ({ options, rewrite, words = [], status, code, names }, test) => {
    const own = await startField(options);
    test.onTestFinished(() => own.close());
    const env: Record<string, string> = {};
    if (rewrite !== undefined) {
      const proxy = await startRewritingProxy(own.world.api.url, rewrite);
      test.onTestFinished(() => proxy.close());
      env["ESIMD_API_URL"] = proxy.url;
      if (words.length === 0) await own.world.reserveForEuicc(new AbortController().signal);
    }
    const ended = await own.provision(
      [...(await configured(own, { reservation: { available_wait: "1s" } })), ...words],
      env,
    );
    expect({ status: ended.status, code: ended.report().error?.code }).toEqual({ status, code });
    expectOneSentence(ended.stderr, code, names);
    expect(ended.stdout).not.toMatch(/\\n\s+at /);
  });
});
