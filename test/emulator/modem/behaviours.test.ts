import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Behaviour, BehaviourList, type ModemCondition } from "../../../src/emulator/modem/behaviours.js";
import { builtInScenarios } from "../../../src/emulator/modem/built-in-scenarios.js";
import { checkScenario, loadScenario } from "../../../src/emulator/modem/scenario.js";

const anywhere: ReadonlySet<ModemCondition> = new Set();

function listOf(...behaviours: Behaviour[]): (line: string, conditions?: ReadonlySet<ModemCondition>) => string {
  const list = new BehaviourList();
  list.prepend(...behaviours);
  return (line, conditions = anywhere) => list.choose(line, conditions)?.action.kind ?? "-";
}

describe("behaviours", () => {
  it("the first that matches wins", () => {
    const choose = listOf({ command: "^AT\\+CSQ", do: { kind: "busy" } }, { do: { kind: "silence" } });
    expect([choose("AT+CSQ"), choose("at+csq"), choose("AT")]).toEqual(["busy", "busy", "silence"]);
  });

  it("what is prepended comes first", () => {
    const list = new BehaviourList();
    list.prepend({ do: { kind: "silence" } });
    list.prepend({ command: "CSQ", do: { kind: "busy" } });
    expect(list.choose("AT+CSQ", anywhere)?.action.kind).toBe("busy");
    expect(list.choose("AT", anywhere)?.action.kind).toBe("silence");
  });

  it("match so many times, only the n-th time, or every n-th time", () => {
    const twice = listOf({ times: 2, do: { kind: "busy" } });
    expect([twice("AT"), twice("AT"), twice("AT")]).toEqual(["busy", "busy", "-"]);
    const second = listOf({ nth: 2, do: { kind: "busy" } });
    expect([second("AT"), second("AT"), second("AT")]).toEqual(["-", "busy", "-"]);
    const everyOther = listOf({ every: 2, do: { kind: "busy" } });
    expect([1, 2, 3, 4].map(() => everyOther("AT"))).toEqual(["-", "busy", "-", "busy"]);
  });

  it("match in a condition of the modem, and count only there", () => {
    const choose = listOf({ state: "downloading", nth: 1, do: { kind: "busy" } });
    expect([choose("AT"), choose("AT", new Set(["downloading"]))]).toEqual(["-", "busy"]);
  });
});

describe("scenarios", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "esimd-scenario-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(Object.keys(builtInScenarios))("the built-in %s is sound and says what it is", (name) => {
    const scenario = checkScenario(builtInScenarios[name], name);
    expect(scenario.description).toMatch(/\w/);
    expect(scenario.behaviours.length > 0 || scenario.world !== undefined).toBe(true);
  });

  it("come from a file before a built-in of the same name", async () => {
    const path = join(folder, "slow");
    await writeFile(path, JSON.stringify({ behaviours: [{ do: { kind: "busy" } }] }));
    expect((await loadScenario(path)).behaviours[0]?.do.kind).toBe("busy");
    expect((await loadScenario("slow")).behaviours[0]?.do.kind).toBe("answer");
  });

  it("of an unknown name are refused with the names that exist", async () => {
    await expect(loadScenario("slwo")).rejects.toMatchObject({
      code: "scenario_invalid",
      hint: expect.stringContaining("busy-then-ok"),
    });
  });

  it.each([
    ["an unknown action", '{"behaviours":[{"do":{"kind":"explode"}}]}', /behaviours\[0\]\.do/],
    [
      "a misspelt key",
      '{"behaviours":[{"do":{"kind":"busy"}},{"comand":"x","do":{"kind":"busy"}}]}',
      /behaviours\[1\]/,
    ],
    ["a pattern that is none", '{"behaviours":[{"command":"(","do":{"kind":"busy"}}]}', /behaviours\[0\]\.command/],
    ["a delay below zero", '{"behaviours":[{"delayMs":-1,"do":{"kind":"busy"}}]}', /behaviours\[0\]\.delayMs/],
    ["a world that is none", '{"world":{"euicc":"gone"}}', /world\.euicc/],
    ["an EID that is too short", '{"world":{"reportedEid":"123"}}', /world\.reportedEid/],
    ["a list in place of an object", "[]", /object/],
    ["text that is no JSON", "{", /JSON/],
  ])("refuse %s, naming the file and the entry", async (_what, text, pattern) => {
    const path = join(folder, "wrong.json");
    await writeFile(path, text);
    const refusal = loadScenario(path);
    await expect(refusal).rejects.toMatchObject({ code: "scenario_invalid", message: expect.stringMatching(pattern) });
    await expect(refusal).rejects.toThrow("wrong.json");
  });
});
