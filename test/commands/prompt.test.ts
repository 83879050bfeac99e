import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { ask, askSecretly, askYesNo, canAsk, readLine, withoutErased } from "../../src/commands/prompt.js";
import { testContext } from "./test-context.js";

const { signal } = new AbortController();

function terminal() {
  const test = testContext({ terminal: true });
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
  return { ...test, context: { ...test.context, stdin }, stdin, raw };
}

describe("a line from a pipe", () => {
  it.each([
    ["one\n", "one"],
    ["one\r\ntwo\n", "one"],
    ["without an end", "without an end"],
    ["\n", ""],
    ["", undefined],
  ])("%j", async (text, line) => {
    const stream = new PassThrough();
    stream.end(text);
    expect(await readLine(stream, signal)).toBe(line);
  });

  it("leaves the next line for the next question", async () => {
    const stream = new PassThrough();
    stream.end("one\ntwo\n");
    expect(await readLine(stream, signal)).toBe("one");
    expect(await readLine(stream, signal)).toBe("two");
  });

  it("that does not end is refused", async () => {
    const stream = new PassThrough();
    stream.write("x".repeat(5_000));
    await expect(readLine(stream, signal)).rejects.toMatchObject({ code: "bad_input" });
  });

  it("is not waited for when the command is stopped", async () => {
    const controller = new AbortController();
    const reading = readLine(new PassThrough(), controller.signal);
    controller.abort(new Error("stopped"));
    await expect(reading).rejects.toThrow("stopped");
  });
});

describe("a question", () => {
  it("needs a terminal at both ends", () => {
    expect(canAsk(terminal().context)).toBe(true);
    expect(canAsk(testContext({ terminal: true }).context)).toBe(false);
    expect(canAsk({ ...terminal().context, stderrIsTerminal: false })).toBe(false);
  });

  it.each([
    ["y", true],
    [" Yes ", true],
    ["n", false],
    ["", false],
    ["yesterday", false],
  ])("%j is %s", async (answer, yes) => {
    const { context, stdin, stderr } = terminal();
    stdin.write(`${answer}\n`);
    expect(await askYesNo(context, "Go on?", signal)).toBe(yes);
    expect(stderr()).toBe("Go on? [y/N] ");
  });

  it("at a terminal that is closed ends the command", async () => {
    const { context, stdin } = terminal();
    stdin.end();
    await expect(ask(context, "Name: ", signal)).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a secret", () => {
  it("is typed unseen, and may be corrected", async () => {
    const { context, stdin, raw, stderr } = terminal();
    for (const key of ["4", "8", "\x7f", "7", "1", "\r"]) stdin.write(key);
    expect(await askSecretly(context, "Code: ", signal)).toBe("471");
    expect(raw).toEqual([true, false]);
    expect(stderr()).toBe("Code: \n");
  });

  it("is not given by Ctrl-C, and the terminal is left as it was", async () => {
    const { context, stdin, raw } = terminal();
    stdin.write("47\x03");
    await expect(askSecretly(context, "Code: ", signal)).rejects.toMatchObject({ code: "cancelled" });
    expect(raw).toEqual([true, false]);
  });

  it("loses what was erased", () => expect(withoutErased("ab\x7f\x7f\x7fc\bd")).toBe("d"));
});
