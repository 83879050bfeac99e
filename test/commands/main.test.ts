import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { version } from "../../src/base/version.js";
import type { Command, FlagSpec } from "../../src/commands/command.js";
import { main } from "../../src/commands/main.js";
import { type CommandEntry, commands } from "../../src/commands/table.js";
import { testContext } from "./test-context.js";

const flags: Readonly<Record<string, FlagSpec>> = {
  port: { type: "string", value: "PORT", help: "The port." },
  json: { type: "boolean", help: "JSON." },
  "log-level": { type: "string", value: "LEVEL", help: "The level." },
  tag: { type: "string", value: "TAG", help: "A tag.", multiple: true },
};

/** A command that does what the test says. */
function entry(run: Command["run"], positionals = ""): readonly CommandEntry[] {
  const command: Command = { name: "work", summary: "works", positionals, flags, run };
  return [{ name: "work", summary: "works", load: async () => command }];
}

const idle = entry(async () => 0);

describe("what is said without a command", () => {
  it.each([["help"], ["--help"], ["-h"]])("%s lists every command", async (word) => {
    const test = testContext();
    expect(await main([word], test.context)).toBe(0);
    const lines = test.stdout().split("\n");
    for (const { name, summary } of commands) {
      expect(
        lines.some((line) => line.startsWith(`  ${name} `) && line.endsWith(` ${summary}`)),
        name,
      ).toBe(true);
    }
    expect(test.stderr()).toBe("");
  });

  it("nothing at all is a usage error, with the help for people", async () => {
    const test = testContext();
    expect(await main([], test.context)).toBe(64);
    expect(test.stdout()).toBe("");
    expect(test.stderr()).toContain("Usage: esimd COMMAND");
  });

  it("--version", async () => {
    const test = testContext();
    expect(await main(["--version"], test.context)).toBe(0);
    expect(test.stdout()).toBe(`esimd ${version()}\n`);
    expect(version()).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe("the table of commands", () => {
  it.each(commands.map((command) => [command.name, command] as const))(
    "%s is what it says it is",
    async (_, listed) => {
      const command = await listed.load();
      expect([command.name, command.summary]).toEqual([listed.name, listed.summary]);
    },
  );

  it.each(commands.map(({ name }) => [name]))("help for %s lists every flag", async (name) => {
    const [byHelp, byFlag] = [testContext(), testContext()];
    expect(await main(["help", name], byHelp.context)).toBe(0);
    expect(await main([name, "--help"], byFlag.context)).toBe(0);
    expect(byFlag.stdout()).toBe(byHelp.stdout());
    const command = await commands.find((listed) => listed.name === name)?.load();
    for (const flag of Object.keys(command?.flags ?? {})) expect(byHelp.stdout()).toContain(`--${flag} `);
  });
});

describe("a call that does not fit is one sentence, a hint, and 64", () => {
  it.each([
    [["wrok"], 'there is no command "wrok"; did you mean "work"?'],
    [["hepl"], 'there is no command "hepl"; did you mean "help"?'],
    [["--verson"], 'there is no flag "--verson"; did you mean "--version"?'],
    [["help", "wok"], 'there is no command "wok"; did you mean "work"?'],
    [["something-else"], 'there is no command "something-else"'],
    [["work", "--prot", "x"], 'work: there is no flag "--prot"; did you mean "--port"?'],
    [["work", "--prot=x"], 'work: there is no flag "--prot"; did you mean "--port"?'],
    [["work", "-x"], 'work: there is no flag "-x"'],
    [["work", "--constructor"], 'work: there is no flag "--constructor"'],
    [["work", "--port"], "work: flag --port needs a value: --port PORT"],
    [["work", "--port="], "work: flag --port needs a value: --port PORT"],
    [["work", "--port", "--tag"], "work: flag --port needs a value: --port PORT"],
    [["work", "--json=yes"], "work: flag --json takes no value"],
    [["work", "/dev/ttyUSB2"], 'work: "/dev/ttyUSB2" stands where nothing is expected'],
    [["wo\u001b[31mrk\n"], 'there is no command "wo?[31mrk?"'],
  ])("%j", async (words, sentence) => {
    const test = testContext();
    expect(await main(words, test.context, idle)).toBe(64);
    const [first, second, ...rest] = test.stderr().split("\n");
    expect(first).toBe(`esimd: ${sentence} (usage)`);
    expect(second).toMatch(/^ {2}See `esimd help/);
    expect(rest).toEqual([""]);
    expect(test.stdout()).toBe("");
  });
});

describe("the words of a call", () => {
  it("reach the command: the last value of a flag, all values of a repeated one, positionals", async () => {
    const seen: unknown[] = [];
    const table = entry(async (_, args) => {
      seen.push(args.positionals, args.text("port"), args.texts("tag"), args.has("json"), args.text("none"));
      return 7;
    }, "ACTION");
    const words = ["work", "go", "--port", "a", "--tag=x", "--port", "b", "--tag", "y", "--json", "--", "--late"];
    expect(await main(words, testContext().context, table)).toBe(7);
    expect(seen).toEqual([["go", "--late"], "b", ["x", "y"], true, undefined]);
  });

  it("a lone hyphen is a value: stdin, by custom", async () => {
    const seen: unknown[] = [];
    const table = entry(async (_, args) => seen.push(args.text("port")) - 1);
    expect(await main(["work", "--port", "-"], testContext().context, table)).toBe(0);
    expect(seen).toEqual(["-"]);
  });
});

describe("an error of a command", () => {
  const held = entry(() => Promise.reject(new EsimdError("budget_spent", "the budget of 1 is spent")));
  const surprise = entry(() => Promise.reject(new TypeError("cannot read\n  properties of undefined")));

  it("is one sentence with its code, its hint, and its exit status", async () => {
    const test = testContext();
    expect(await main(["work"], test.context, held)).toBe(79);
    expect(test.stderr()).toBe(
      "esimd: the budget of 1 is spent (budget_spent)\n  Look with `esimd reservation list`; to pay again, `esimd reservation release SID`, or raise reservation.max_reservations.\n",
    );
    expect(test.stdout()).toBe("");
  });

  it("with --json is also one object on the last line of stdout", async () => {
    const test = testContext();
    expect(await main(["work", "--json"], test.context, held)).toBe(79);
    expect(test.result()).toEqual({
      schema: "esimd.error/1",
      error: {
        code: "budget_spent",
        message: "the budget of 1 is spent",
        actor: "operator",
        retry: "never",
        hint: "Look with `esimd reservation list`; to pay again, `esimd reservation release SID`, or raise reservation.max_reservations.",
      },
    });
  });

  it("that nobody foresaw is 1, one line, and no stack", async () => {
    const test = testContext();
    expect(await main(["work", "--json"], test.context, surprise)).toBe(1);
    expect(test.stderr()).toMatch(
      /^esimd: an unforeseen failure: cannot read properties of undefined \(unexpected\)\n {2}Report it/,
    );
    expect(test.stderr().split("\n")).toHaveLength(3);
    expect(`${test.stderr()}${test.stdout()}`).not.toMatch(/\bat \S+ \(|main\.test|\.ts:\d/);
  });

  it.each([[["--log-level", "debug"]], [["--log-level=trace"]]])(
    "shows where it came from in the log, at %j",
    async (words) => {
      const test = testContext({ env: { ESIMD_API_SECRET: "TheSecretItself" } });
      const table = entry(() => Promise.reject(new Error("lost TheSecretItself")));
      expect(await main(["work", "--json", ...words], test.context, table)).toBe(1);
      expect(test.stdout() + test.stderr()).not.toContain("TheSecretItself");
      const line = test.stderr().trimEnd().split("\n").at(-1) ?? "";
      expect(JSON.parse(line)).toMatchObject({ level: "debug", msg: "where the failure came from" });
      expect(line).toContain("main.test");
      expect(line).not.toContain("TheSecretItself");
    },
  );

  it("that is no Error at all, or a command that cannot be loaded, is 1 as well", async () => {
    const test = testContext();
    expect(
      await main(
        ["work"],
        test.context,
        entry(() => Promise.reject("just words")),
      ),
    ).toBe(1);
    const broken: readonly CommandEntry[] = [
      { name: "work", summary: "works", load: () => Promise.reject(new Error("no such module")) },
    ];
    expect(await main(["work"], test.context, broken)).toBe(1);
    expect(test.stderr()).toContain("just words");
    expect(test.stderr()).toContain("no such module");
  });
});
