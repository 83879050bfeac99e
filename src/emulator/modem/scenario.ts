/** A scenario: behaviours and a state of the world, from a file or from the built-in list. */

import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { behaviourSchema } from "./behaviours.js";
import { builtInScenarios } from "./built-in-scenarios.js";
import { type WorldInput, worldSchema } from "./world-options.js";

export { ordinaryWorld, type World, type WorldInput, worldSchema } from "./world-options.js";

const scenarioSchema = z.strictObject({
  description: z.string().max(300).optional(),
  behaviours: z.array(behaviourSchema).max(500).default([]),
  // Kept as written: what is left out may be otherwise by dialect.
  world: z
    .custom<WorldInput>()
    .superRefine((value, context) => {
      for (const { message, path } of worldSchema.safeParse(value).error?.issues ?? []) {
        context.addIssue({ code: "custom", message, path });
      }
    })
    .optional(),
});

export type ScenarioInput = z.input<typeof scenarioSchema>;
export type Scenario = z.output<typeof scenarioSchema>;

const maxBytes = 1_000_000;

/** `name` is a file, or a built-in scenario where no such file exists. @throws EsimdError `scenario_invalid`. */
export async function loadScenario(name: string): Promise<Scenario> {
  const file = await stat(name).catch(() => undefined);
  if (file === undefined) {
    const builtIn = Object.hasOwn(builtInScenarios, name) ? builtInScenarios[name] : undefined;
    if (builtIn !== undefined) return checkScenario(builtIn, `the built-in scenario ${name}`);
    throw new EsimdError(
      "scenario_invalid",
      `there is no scenario file ${quote(name)}, and no built-in scenario of this name`,
      {
        hint: `The built-in scenarios are ${Object.keys(builtInScenarios).join(", ")}.`,
      },
    );
  }
  const place = `the scenario file ${quote(name)}`;
  if (!file.isFile() || file.size > maxBytes)
    throw new EsimdError("scenario_invalid", `${place} is no file of at most 1 MB`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(name, "utf8"));
  } catch (cause) {
    throw new EsimdError("scenario_invalid", `${place} is not readable JSON`, { cause });
  }
  return checkScenario(value, place);
}

/** @throws EsimdError `scenario_invalid`, naming the place, the first wrong entry and what is wrong with it. */
export function checkScenario(value: unknown, place: string): Scenario {
  const result = scenarioSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const entry = (issue?.path ?? []).reduce<string>(
    (path, key) => (typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`),
    "",
  );
  const where = entry === "" ? "" : ` at ${entry}`;
  throw new EsimdError("scenario_invalid", `${place}${where}: ${issue?.message ?? "is not a scenario"}`);
}
