import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { describeCause, EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";

/** What the fake SM-DP+ does other than well: an ordered list, the first that matches wins. As data, from a file or a test. */

export const es9Functions = [
  "initiateAuthentication",
  "authenticateClient",
  "getBoundProfilePackage",
  "handleNotification",
  "cancelSession",
] as const;
export type Es9Function = (typeof es9Functions)[number];

export const es2Functions = ["downloadOrder", "confirmOrder", "releaseProfile"] as const;
export type Es2Function = (typeof es2Functions)[number];

/** Called in a session whose eUICC has authenticated. */
const functionsOfKnown: readonly string[] = ["getBoundProfilePackage", "cancelSession"];

const code = z.string().regex(/^\d+(\.\d+)*$/, "must be numbers and dots, as 8.2.6");

const action = z.discriminatedUnion("kind", [
  /** Answers well, but later. */
  z.strictObject({ kind: z.literal("delay"), ms: z.number().int().min(0).max(3_600_000) }),
  /** An HTML page with this HTTP status, as a proxy or a crashed server gives it; `executed`: the function takes effect all the same. */
  z.strictObject({
    kind: z.literal("http"),
    status: z.number().int().min(400).max(599).default(500),
    executed: z.boolean().default(false),
  }),
  /** `Failed` in an HTTP 200. */
  z.strictObject({
    kind: z.literal("failed"),
    subjectCode: code,
    reasonCode: code,
    message: z.string().max(500).default("emulated failure"),
  }),
  /** The connection breaks without an answer. */
  z.strictObject({ kind: z.literal("cut"), executed: z.boolean().default(false) }),
  /** For getBoundProfilePackage: a package with one wrong MAC. */
  z.strictObject({ kind: z.literal("wrong-mac") }),
  /** For authenticateClient: the metadata and the package name another ICCID than the order. */
  z.strictObject({ kind: z.literal("wrong-iccid") }),
]);

export type Action = z.output<typeof action>;

const behaviour = z
  .strictObject({
    function: z.enum([...es9Functions, ...es2Functions]),
    /** Only for this eUICC; for the functions of a session that knows whom it serves. */
    eid: z
      .string()
      .regex(/^\d{32}$/, "must be an EID of 32 digits")
      .optional(),
    /** From the nth call of the function on; 1 is the first. */
    nth: z.number().int().min(1).optional(),
    /** For so many calls; left out: once where `nth` is given, else always. */
    times: z.number().int().min(1).optional(),
    do: action,
  })
  .refine((entry) => entry.eid === undefined || functionsOfKnown.includes(entry.function), {
    message: `eid is for ${functionsOfKnown.join(" and ")} only`,
  })
  .refine((entry) => entry.do.kind !== "wrong-mac" || entry.function === "getBoundProfilePackage", {
    message: "wrong-mac is for getBoundProfilePackage only",
  })
  .refine((entry) => entry.do.kind !== "wrong-iccid" || entry.function === "authenticateClient", {
    message: "wrong-iccid is for authenticateClient only",
  });

const scenarioSchema = z.strictObject({
  description: z.string().max(300).optional(),
  behaviours: z.array(behaviour).max(500).default([]),
  /** Refuses the second session for an order, whatever became of the first. */
  singleShot: z.boolean().default(false),
  /** Sessions that one eUICC may have for an order before it ends in Error. */
  maxAttempts: z.number().int().min(1).max(1000).default(3),
  maxCodeTries: z.number().int().min(1).max(100).default(3),
  /** Refuses an eUICC whose free memory is too small, before it loads anything. */
  checksMemory: z.boolean().default(true),
  /**
   * Bytes of the profile in each protected element. 1007 fill the 1020 bytes that SGP.22 2.5.3 allows: tag, three of length, 1008 of cipher
   * text, eight of MAC. A public SM-DP+ program was seen to take 1008, which padding makes 1036.
   */
  segmentBytes: z.number().int().min(64).max(1008).default(1007),
});

export type ScenarioInput = z.input<typeof scenarioSchema>;
export type Scenario = z.output<typeof scenarioSchema>;

/** Scenarios by name, beside files. */
export const builtInScenarios: Readonly<Record<string, ScenarioInput>> = {
  "single-shot": { description: "a second session for an order is refused", singleShot: true },
  "wrong-mac": {
    description: "the first package has a wrong MAC",
    behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "wrong-mac" } }],
  },
  "wrong-iccid": {
    description: "the first session offers another profile than the one that was ordered",
    behaviours: [{ function: "authenticateClient", nth: 1, do: { kind: "wrong-iccid" } }],
  },
  "server-error": {
    description: "the first request for a package is answered by an HTML page with status 500",
    behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "http" } }],
  },
  cut: {
    description: "the connection breaks once while the package is asked for",
    behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "cut" } }],
  },
};

const maxFileBytes = 1_000_000;

/** @throws EsimdError `scenario_invalid`, naming `place` and the entry. */
export function checkScenario(input: unknown, place: string): Scenario {
  const parsed = scenarioSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const entry = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new EsimdError("scenario_invalid", `${place}: ${entry}${issue?.message ?? "not a scenario"}`);
}

/** `name` is a file, or a built-in scenario where no such file exists. @throws EsimdError `scenario_invalid` */
export function loadScenario(name: string): Scenario {
  const place = `the scenario file ${quote(name)}`;
  const size = statSync(name, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    const builtIn = Object.hasOwn(builtInScenarios, name) ? builtInScenarios[name] : undefined;
    if (builtIn !== undefined) return checkScenario(builtIn, `the built-in scenario ${name}`);
    throw new EsimdError("scenario_invalid", `${place} does not exist, and no built-in scenario has this name`, {
      hint: `The built-in scenarios are ${Object.keys(builtInScenarios).join(", ")}.`,
    });
  }
  if (size > maxFileBytes) throw new EsimdError("scenario_invalid", `${place} has ${size} bytes, too many`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(name, "utf8"));
  } catch (cause) {
    throw new EsimdError("scenario_invalid", `${place} cannot be read: ${describeCause(cause)}`, { cause });
  }
  return checkScenario(json, place);
}

/** Counts the calls of each function and gives the first behaviour that fits. */
export class Behaviours {
  readonly #scenario: Scenario;
  readonly #calls = new Map<string, number>();
  readonly #eids: ReadonlySet<string>;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#eids = new Set(scenario.behaviours.flatMap(({ eid }) => eid ?? []));
  }

  /** `eid`: of the eUICC that calls, where it is known. */
  next(fn: Es9Function | Es2Function, eid?: string): Action | undefined {
    const call = this.#count(fn);
    const own = eid !== undefined && this.#eids.has(eid) ? this.#count(`${fn} ${eid}`) : 0;
    return this.#scenario.behaviours.find((entry) => {
      if (entry.function !== fn || (entry.eid !== undefined && entry.eid !== eid)) return false;
      const first = entry.nth ?? 1;
      const times = entry.times ?? (entry.nth === undefined ? Number.POSITIVE_INFINITY : 1);
      const number = entry.eid === undefined ? call : own;
      return number >= first && number < first + times;
    })?.do;
  }

  #count(of: string): number {
    const calls = (this.#calls.get(of) ?? 0) + 1;
    this.#calls.set(of, calls);
    return calls;
  }
}
