import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../src/commands/main.js";
import { testContext } from "./test-context.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "esimd-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, "config.toml");
  writeFileSync(path, text);
  return path;
}

const credentials = { ESIMD_API_KEY: "SKnotToBeSeen", ESIMD_API_SECRET: "SecretNotToBeSeen" };

describe("esimd config check", () => {
  it("a good configuration: says which files it read, 0", async () => {
    const test = testContext({ env: credentials });
    const path = file('[sim]\nfleet = "f"');
    expect(await main(["config", "check", "--config", path], test.context)).toBe(0);
    expect(test.stdout()).toBe(`the configuration is good: read from ${path}\n`);
    expect(test.stderr()).toBe("");
  });

  it("without credentials: a word for people, and still 0, for the unit may have them", async () => {
    const test = testContext();
    expect(await main(["config", "check", "--json"], test.context)).toBe(0);
    expect(test.stderr()).toBe("no API credentials are set here, and provider twilio needs them\n");
    expect(test.result()).toEqual({
      schema: "esimd.config-check/1",
      ok: true,
      files: ["/dev/null"],
      modems: [],
      problems: [],
      warnings: [],
    });
  });

  it("an operator's dialect that is wrong: its line and the reason, 78", async () => {
    const test = testContext({ env: credentials });
    const dialects = join(folder, "dialects");
    mkdirSync(dialects);
    writeFileSync(join(dialects, "mine.toml"), 'based_on = "quectel-index"\n\n[refresh]\nladder = ["hammer"]\n');
    const path = file(`[modem]\ndialects = "${dialects}"\n`);
    expect(await main(["config", "check", "--config", path], test.context)).toBe(78);
    expect(test.stderr()).toContain(`${dialects}/mine.toml: line 4: refresh.ladder`);
    expect(test.stderr()).toContain("(dialect_invalid)");
  });

  it("a dialect that nobody speaks: the ones that exist, 78", async () => {
    const test = testContext({ env: credentials });
    expect(await main(["config", "check", "--dialect", "quectel"], test.context)).toBe(78);
    expect(test.stderr()).toContain('there is no dialect "quectel"; known are auto, quectel-iccid,');
  });

  it("a bad one: every problem with its hint, 78", async () => {
    const test = testContext();
    const path = file("deadlin = 1\n[api]\nsecret = 'TheSecretItself'\n");
    expect(await main(["config", "check", "--json", "--config", path], test.context)).toBe(78);
    expect(test.stderr().match(/^esimd: .* \(config_invalid\)\n {2}.+$/gm)).toHaveLength(2);
    expect(test.result()).toMatchObject({
      ok: false,
      problems: [
        { code: "config_invalid", message: `${path}: unknown key "deadlin"; did you mean "deadline"?` },
        { code: "config_invalid" },
      ],
    });
    expect(`${test.stdout()}${test.stderr()}`).not.toContain("TheSecretItself");
  });
});

describe("esimd config check of an account's auth token", () => {
  it("is good, with a word on the API key that should stand there", async () => {
    const env = { ...credentials, ESIMD_API_KEY: `AC${"0".repeat(32)}` };
    const test = testContext({ env });
    expect(await main(["config", "check"], test.context)).toBe(0);
    expect(test.stderr()).toMatch(
      /^esimd: the API key is an account SID .* \(credentials_broad\)\n {2}Make an API key/,
    );
    const asJson = testContext({ env });
    expect(await main(["config", "check", "--json"], asJson.context)).toBe(0);
    expect(asJson.result()).toMatchObject({ ok: true, warnings: [{ code: "credentials_broad" }] });
  });
});

describe("esimd config show", () => {
  it("each value and where it came from; of secrets only that they are set", async () => {
    const test = testContext({ env: { ...credentials, ESIMD_PROVIDER: "kore" } });
    const path = file('[download]\ntimeout = "2min"');
    const words = ["config", "show", "--config", path, "--port", "/dev/ttyUSB2", "--deadline", "90"];
    expect(await main(words, test.context)).toBe(0);
    const lines = test.stdout().split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        `# read from ${path}`,
        'state_dir = "/var/lib/esimd"  # default',
        'deadline = "90"  # flag --deadline',
        'modem.port = "/dev/ttyUSB2"  # flag --port',
        "# modem.expected_eid is not set",
        'api.provider = "kore"  # environment variable ESIMD_PROVIDER',
        'api.url = "https://supersim.api.korewireless.com"  # default',
        `download.timeout = "2min"  # ${path}:download.timeout`,
        "# api.key is set, from environment variable ESIMD_API_KEY",
        "# api.secret is set, from environment variable ESIMD_API_SECRET",
      ]),
    );
    expect(test.stdout()).not.toContain("NotToBeSeen");
  });

  it("as one JSON object, with secrets as little shown", async () => {
    const test = testContext({ env: { ESIMD_API_SECRET: credentials.ESIMD_API_SECRET } });
    expect(await main(["config", "show", "--json"], test.context)).toBe(0);
    expect(test.result()).toMatchObject({
      schema: "esimd.config/1",
      files: ["/dev/null"],
      values: { "api.timeout": { value: "30s", origin: "default" }, "sim.fleet": { value: null, origin: "default" } },
      secrets: {
        "api.key": { set: false },
        "api.secret": { set: true, origin: "environment variable ESIMD_API_SECRET" },
      },
    });
    expect(test.stdout()).not.toContain("NotToBeSeen");
  });

  it("what it prints as TOML is a configuration that means the same", async () => {
    const first = testContext();
    expect(await main(["config", "show", "--fleet", "f"], first.context)).toBe(0);
    const second = testContext();
    expect(await main(["config", "show", "--config", file(first.stdout())], second.context)).toBe(0);
    const values = (text: string) => text.split("\n").map((line) => line.replace(/#.*$/, "").trim());
    expect(values(second.stdout())).toEqual(values(first.stdout()));
  });
});

describe("a call that does not fit", () => {
  it.each([
    [["config"], 64, "config: say check or show (usage)"],
    [["config", "chekc"], 64, 'config: there is no "chekc"; say check or show (usage)'],
    [["config", "show", "api"], 64, 'config: "api" stands where nothing is expected (usage)'],
    [["config", "show", "--lpa", "mine"], 64, 'flag --lpa is "mine"; allowed is "auto", "host" or "modem" (usage)'],
    [["config", "show", "--config", "/nowhere"], 78, "flag --config: there is no file /nowhere (config_unreadable)"],
  ])("%j", async (words, status, sentence) => {
    const test = testContext();
    expect(await main(words, test.context)).toBe(status);
    expect(test.stderr().split("\n")[0]).toBe(`esimd: ${sentence}`);
  });
});

describe("a modem with a file of its own", () => {
  const withModem = (): string => {
    const path = file('[sim]\nfleet = "gateways"\n');
    mkdirSync(join(folder, "modems.d"));
    writeFileSync(join(folder, "modems.d", "roof.toml"), '[sim]\nfleet = "roof"\n');
    return path;
  };

  it("is checked with the rest", async () => {
    const path = withModem();
    const good = testContext({ env: credentials });
    expect(await main(["config", "check", "--json", "--config", path], good.context)).toBe(0);
    expect(good.result()).toMatchObject({
      files: [path, join(folder, "modems.d", "roof.toml")],
      modems: [{ name: "roof", port: "/dev/esimd/roof" }],
    });
    writeFileSync(join(folder, "modems.d", "cellar.toml"), '[modem]\nport = "/dev/esimd/roof"\n');
    const bad = testContext({ env: credentials });
    expect(await main(["config", "check", "--config", path], bad.context)).toBe(78);
    expect(bad.stderr()).toContain(
      `${folder}/modems.d/cellar.toml: modem.port and the port of modem roof are one port`,
    );
  });

  it("is shown by its name, each value with its place; without a name it is told that it is there", async () => {
    const path = withModem();
    const test = testContext({ env: credentials });
    expect(await main(["config", "show", "--modem", "roof", "--config", path], test.context)).toBe(0);
    expect(test.stdout()).toContain(`sim.fleet = "roof"  # ${folder}/modems.d/roof.toml:sim.fleet`);
    expect(test.stdout()).toContain('modem.port = "/dev/esimd/roof"  # default');
    const shared = testContext({ env: credentials });
    expect(await main(["config", "show", "--config", path], shared.context)).toBe(0);
    expect(shared.stdout()).toContain("# modems of their own: roof (config show --modem NAME)");
    expect(shared.stdout()).toContain('sim.fleet = "gateways"');
  });

  it("is refused under a name that leads elsewhere", async () => {
    const test = testContext({ env: credentials });
    expect(await main(["config", "show", "--modem", "../roof"], test.context)).toBe(64);
    expect(test.stderr()).toContain('--modem is "../roof"; allowed is a name of at most 64 letters');
  });
});
