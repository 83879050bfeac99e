import { z } from "zod";

/** One command of a dialect, as it is written down: what is sent, which lines answer it, and what they must hold to be understood. */

/** How far a fact can be relied upon, best first; shown by `esimd probe`. */
export const evidences = ["documented", "seen in code", "forum", "guess"] as const;
export type Evidence = (typeof evidences)[number];

export const evidence = z.enum(evidences);
export const source = z.string().min(1).max(300);
export const timeoutMs = z.int().min(100).max(600_000);

export const pattern = z
  .string()
  .min(1)
  .max(500)
  .superRefine((text, context) => {
    try {
      new RegExp(text, "i");
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "no regular expression" });
    }
  });

/** Like {@link pattern}; its first group is what is read, and without one nothing ever would be. */
export const patternWithGroup = pattern.refine((text) => groupsIn(text) > 0, {
  message: "needs a group, ( ), around what is to be read",
});

/** Like {@link pattern}, with the named groups that `names` asks for. */
export const patternWith = (...names: readonly string[]) =>
  pattern.refine((text) => names.every((name) => text.includes(`(?<${name}>`)), {
    message: `needs the named group${names.length === 1 ? "" : "s"} ${names.map((name) => `(?<${name}>…)`).join(", ")}`,
  });

/** An alternative that always matches tells of all groups there are; what is no pattern at all is refused as that. */
function groupsIn(text: string): number {
  try {
    return (new RegExp(`${text}|`).exec("")?.length ?? 1) - 1;
  } catch {
    return 1;
  }
}

/** `+QESIM`, `#SIMDET`, `^ICCID`: how the lines of an answer begin. */
export const prefix = z.string().regex(/^[+#^!%*][A-Z0-9]{1,16}$/, "is none, free or a prefix such as +QESIM");

/** What esimd fills into a command: all of `must`, at least one of `oneOf`, and what else it `may` have. */
export interface Placeholders {
  readonly must?: readonly string[];
  readonly oneOf?: readonly string[];
  readonly may?: readonly string[];
}

const braced = (names: readonly string[], last: string): string =>
  names
    .map((name) => `{${name}}`)
    .join(", ")
    .replace(/, ([^,]*)$/, ` ${last} $1`);

/** A command's text. A placeholder that esimd does not fill in here would be sent empty, and one that is left out do something else. */
const commandWith = ({ must = [], oneOf = [], may = [] }: Placeholders) =>
  z
    .string()
    .max(400)
    .regex(/^AT[\x20-\x7e]*$/, "must begin with AT and hold printable ASCII only")
    .superRefine((text, context) => {
      const known = [...must, ...oneOf, ...may];
      const refuse = (message: string): void => context.addIssue({ code: "custom", message });
      const unknown = [...text.matchAll(/\{[^{}]*\}?|\}/g)].map(([part]) => part).find((part) => !isOneOf(part, known));
      const fills = known.length === 0 ? "nothing is filled in here" : `esimd fills in ${braced(known, "and")} here`;
      if (unknown !== undefined) refuse(`has ${unknown}; ${fills}`);
      const missing = must.filter((name) => !text.includes(`{${name}}`));
      if (missing.length > 0) refuse(`needs ${braced(missing, "and")}`);
      if (oneOf.length > 0 && !oneOf.some((name) => text.includes(`{${name}}`))) {
        refuse(`needs ${braced(oneOf, "or")}, or nothing says which profile is meant`);
      }
    });

function isOneOf(part: string, names: readonly string[]): boolean {
  return names.some((name) => part === `{${name}}`);
}

/** One exchange: a command and what its answer is. */
export const operationOf = (placeholders: Placeholders = {}) =>
  z.strictObject({
    /** `{name}` is filled in by esimd. */
    send: commandWith(placeholders),
    /** The prefix of the answer's lines (`+QESIM`), `none` where only a result comes, `free` for lines without a prefix. */
    answer: z.union([z.enum(["none", "free"]), prefix]),
    /** With `free`: lines that look like a URC and belong to this answer all the same. */
    own: pattern.optional(),
    timeoutMs,
    /** A second try after silence or garbage cannot do harm. */
    repeatable: z.boolean().default(false),
    /** The result code inside the answer, the first group of `pattern`. Without it OK alone decides. */
    code: z.strictObject({ pattern: patternWithGroup, success: pattern }).optional(),
    /** Codes that say that what was asked for is so already. */
    already: pattern.optional(),
    evidence,
    source,
  });

/** An operation that changes nothing, so that it may be asked again. */
export const readingOf = (placeholders: Placeholders = {}) =>
  operationOf(placeholders).extend({ repeatable: z.boolean().default(true) });

/** `value`: a pattern on each line of the answer; its first group is what was asked for. */
export const queryOf = () => readingOf().extend({ value: patternWithGroup });
