import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fakeModemCommand } from "../../src/commands/fake-modem.js";
import { behaviourSchema, modemConditions } from "../../src/emulator/modem/behaviours.js";
import { builtInScenarios } from "../../src/emulator/modem/built-in-scenarios.js";
import { fakeDialectNames } from "../../src/emulator/modem/dialects/index.js";
import { checkScenario, worldSchema } from "../../src/emulator/modem/scenario.js";

const page = readFileSync(new URL("../../docs/fake-modem.md", import.meta.url), "utf8");

describe("docs/fake-modem.md", () => {
  it.each([
    [
      "flag",
      Object.keys(fakeModemCommand.flags)
        .filter((flag) => flag !== "log-level")
        .map((flag) => `--${flag}`),
    ],
    ["dialect", [...fakeDialectNames]],
    ["built-in scenario", Object.keys(builtInScenarios)],
    ["condition", [...modemConditions]],
    ["key of a behaviour", Object.keys(behaviourSchema.shape)],
    ["action", behaviourSchema.shape.do.options.map(({ shape }) => shape.kind.value)],
    ["key of the world", Object.keys(worldSchema.shape)],
  ])("names every %s", (_what, names) => {
    expect(names.filter((name) => !new RegExp(`[\`.]${name}[ \`]`).test(page))).toEqual([]);
  });

  it("has an example that works", () => {
    const example: unknown = JSON.parse(/```json\n([\s\S]+?)```/.exec(page)?.[1] ?? "");
    expect(checkScenario(example, "the example").behaviours.length).toBe(2);
  });
});
