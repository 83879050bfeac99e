import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { parseArguments } from "../../src/commands/arguments.js";
import { fakeLineCommand } from "../../src/commands/fake-line.js";
import { testContext } from "./test-context.js";

const readyLine = z.strictObject({
  slots: z.array(z.strictObject({ number: z.number(), port: z.string() })),
  env: z.record(z.string(), z.string()),
  config: z.string(),
});

const dirs: string[] = [];
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

async function aFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-fake-line-"));
  dirs.push(dir);
  return dir;
}

describe("esimd fake-line", () => {
  it("prints where it is, has its first units in their slots, and ends with the result when its stdin closes", async () => {
    const dir = await aFolder();
    const test = testContext();
    const stdin = new PassThrough();
    const words = ["--dir", dir, "--slots", "3", "--units", "2", "--fault-percent", "0"];
    const running = fakeLineCommand.run({ ...test.context, stdin }, parseArguments(fakeLineCommand, words));
    running.catch(() => undefined);
    while (test.stdout() === "") await Promise.race([running, new Promise(setImmediate)]);
    const ready = readyLine.parse(test.result());
    expect(JSON.parse(await readFile(join(dir, "line.json"), "utf8"))).toEqual(ready);
    expect(ready.slots.map(({ number }) => number)).toEqual([1, 2, 3]);
    const socket = (number: number) => (ready.slots[number - 1]?.port ?? "").replace("unix:", "");
    while (!existsSync(socket(2))) await Promise.race([running, new Promise(setImmediate)]);
    expect([1, 2, 3].map((number) => existsSync(socket(number)))).toEqual([true, true, false]);
    stdin.end();
    expect(await running).toBe(0);
    expect(test.result()).toMatchObject({ units: 0, charges: 0, planned: { units: 2, passed: 2, charges: 2 } });
    expect(JSON.parse(await readFile(join(dir, "line-result.json"), "utf8"))).toEqual(test.result());
    expect(existsSync(socket(1))).toBe(false);
  });

  it.each([
    [[], /--dir is missing/],
    [["--dir", "x", "--slots", "65"], /--slots "65" is not a whole number from 1 to 64/],
    [["--dir", "x", "--units", "0"], /--units "0"/],
    [["--dir", "x", "--fault-percent", "101"], /--fault-percent "101"/],
    [["--dir", "x", "--operator", "robot"], /--operator "robot" is neither auto nor manual/],
    [["--dir", "x", "--executive", "somewhere"], /--executive "somewhere"/],
    [["--dir", "x", "--log-level", "loud"], /--log-level "loud"/],
  ])("refuses %j", async (words, message) => {
    const { context } = testContext();
    const run = async () => fakeLineCommand.run(context, parseArguments(fakeLineCommand, words));
    await expect(run()).rejects.toMatchObject({ code: "usage", message: expect.stringMatching(message) });
  });
});
