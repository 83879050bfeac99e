/** A scenario: behaviours and a state of the world, from a file or from the built-in list. */

import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { behaviourSchema } from "./behaviours.js";
import { builtInScenarios } from "./built-in-scenarios.js";

const milliseconds = z.number().int().min(0).max(3_600_000);

export const worldSchema = z.strictObject({
  /** The EID that the modem reports in place of its eUICC's: one whose check digits are wrong, or the given digits. */
  reportedEid: z.union([z.literal("invalid"), z.string().regex(/^\d{32}$/, "must be 32 digits")]).optional(),
  euicc: z.enum(["present", "absent", "full"]).default("present"),
  /** What the modem says of a download and what is then on the eUICC. */
  download: z.enum(["truthful", "fails-but-present", "ok-but-absent"]).default("truthful"),
  /** How many downloads `download` applies to; left out: all. */
  downloadTimes: z.number().int().min(1).max(1000).optional(),
  /** The line that ends a download comes so much later, or never. */
  completionDelayMs: milliseconds.default(0),
  completionMissing: z.boolean().default(false),
  /** Between the profile's arrival on the eUICC and the delivery of the install result: the window for a power cut. */
  installMs: milliseconds.default(0),
  coverage: z.enum(["home", "roaming", "none"]).default("roaming"),
  /** How long the SIM is busy after a REFRESH. Real ones take 1.5 to 10 s. */
  simBusyMs: milliseconds.default(1500),
  /** From a usable SIM to the network. */
  registrationMs: milliseconds.default(2500),
  /** The ways to the card: by logical channels and CSIM, or by CSIM alone, as on modems without CCHO. */
  cardAccess: z.enum(["channels", "csim"]).default("channels"),
  /** Longer APDUs are refused, as by modems whose AT lines are short. */
  maxApduBytes: z.number().int().min(16).max(261).default(261),
  /** How long a relayed download waits for the host. */
  relayTimeoutMs: milliseconds.default(120_000),
});

export type WorldInput = z.input<typeof worldSchema>;
export type World = z.output<typeof worldSchema>;

const scenarioSchema = z.strictObject({
  description: z.string().max(300).optional(),
  behaviours: z.array(behaviourSchema).max(500).default([]),
  world: worldSchema.optional(),
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

/** The world when no scenario says otherwise. */
export const ordinaryWorld: World = worldSchema.parse({});
