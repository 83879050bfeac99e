import { describe, expect, it } from "vitest";
import { createProgress } from "../../src/commands/terminal.js";
import { testContext } from "./test-context.js";

const erase = "\r\x1b[2K";

describe("progress on a terminal", () => {
  const plain = { env: { NO_COLOR: "1" }, terminal: true };

  it("is one living line with the seconds since the state began", async () => {
    const test = testContext(plain);
    const progress = createProgress(test.context, { json: false, quiet: false });
    progress.state("downloading", "the profile comes");
    await test.clock.advance(2500);
    progress.state("enabling", "the profile is enabled");
    progress.done();
    expect(test.stderr().split(erase)).toEqual([
      "",
      "downloading: the profile comes",
      "downloading: the profile comes (1 s)",
      "downloading: the profile comes (2 s)",
      "enabling: the profile is enabled",
      "",
    ]);
    expect(test.stdout()).toBe("");
  });

  it("leaves neither a line nor a timer behind", async () => {
    const test = testContext(plain);
    const progress = createProgress(test.context, { json: false, quiet: false });
    progress.state("probing", "a modem is sought");
    progress.done();
    expect(test.stderr().endsWith(erase)).toBe(true);
    expect(test.clock.nextDueMs()).toBeUndefined();
  });

  it("a note gets a line of its own, and the living line goes on below it", () => {
    const test = testContext(plain);
    const progress = createProgress(test.context, { json: false, quiet: false });
    progress.state("probing", "a modem is sought");
    progress.note("a SIM without a PIN");
    expect(test.stderr()).toBe(
      `${erase}probing: a modem is sought${erase}a SIM without a PIN\n${erase}probing: a modem is sought`,
    );
  });

  it("stays on one line, however long the sentence, and lets no control character through", async () => {
    const test = testContext({ ...plain, env: { NO_COLOR: "1", COLUMNS: "40" } });
    const progress = createProgress(test.context, { json: false, quiet: false });
    progress.state("downloading", `\x1b[2J${"word\n".repeat(100)}`);
    await test.clock.advance(130_000);
    for (const line of test.stderr().split(erase)) {
      expect(line.length).toBeLessThan(40);
      expect(line).not.toMatch(/\p{Cc}/u);
    }
    expect(test.stderr()).toContain("… (2.2 min)");
  });

  it.each([
    ["bold where colours are wanted", {}, false, true],
    ["plain with NO_COLOR", { NO_COLOR: "1" }, false, false],
    ["plain with --no-color", {}, true, false],
  ])("the state is %s", (_, env, noColor, bold) => {
    const test = testContext({ env, terminal: true });
    createProgress(test.context, { json: false, quiet: false, noColor }).state("probing", "a modem is sought");
    expect(test.stderr().includes("\x1b[1mprobing\x1b[22m")).toBe(bold);
  });
});

describe("progress elsewhere", () => {
  it.each([
    ["a pipe", {}],
    ["a dumb terminal", { env: { TERM: "dumb" }, terminal: true }],
  ])("%s gets a line per state", async (_, options) => {
    const test = testContext(options);
    const progress = createProgress(test.context, { json: false, quiet: false });
    progress.state("probing", "a modem is sought");
    await test.clock.advance(5000);
    progress.note("a word");
    progress.done();
    expect(test.stderr()).toBe("probing: a modem is sought\na word\n");
  });

  it("--json: JSON lines on stdout, nothing for people", () => {
    const test = testContext({ terminal: true });
    const progress = createProgress(test.context, { json: true, quiet: false });
    progress.state("downloading", "the profile comes", { attempt: 2, state: "not this one" });
    progress.note("a word");
    progress.done();
    const at = "2026-01-01T00:00:00.000Z";
    const lines = test.stdout().trimEnd().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { schema: "esimd.progress/1", attempt: 2, state: "downloading", sentence: "the profile comes", at },
      { schema: "esimd.progress/1", note: "a word", at },
    ]);
    expect(test.stderr()).toBe("");
  });

  it.each([true, false])("--quiet: nothing (--json %s)", (json) => {
    const test = testContext({ terminal: true });
    const progress = createProgress(test.context, { json, quiet: true });
    progress.state("probing", "a modem is sought");
    progress.note("a word");
    progress.done();
    expect([test.stdout(), test.stderr()]).toEqual(["", ""]);
  });
});
