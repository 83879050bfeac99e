import { z } from "zod";
import {
  evidence,
  operationOf,
  pattern,
  patternWith,
  patternWithGroup,
  prefix,
  queryOf,
  readingOf,
  source,
  timeoutMs,
} from "./command-spec.js";

export { type Evidence, evidences } from "./command-spec.js";

/**
 * A dialect as data, in the one form that esimd's own dialects and an operator's TOML file share: commands, patterns of answers,
 * deadlines, what success and failure look like, the steps after, and for each fact where it comes from and how sure it is.
 */

/** What stands behind the state in the line of a profile, in this order. */
const rowField = z.enum(["nickname", "provider", "name", "class", "icon", "other"]);

const list = z.discriminatedUnion("kind", [
  /** One line a profile. `row` reads it; without `row` the ICCID and the state are found by their shape, and `fields` names the rest. */
  readingOf().extend({
    kind: z.literal("rows"),
    row: patternWith("iccid", "state").optional(),
    fields: z.array(rowField).max(12).default([]),
    /** Lines that belong to the list and are no profile. Any other line of it that cannot be read is an error, not a profile less. */
    header: pattern.optional(),
  }),
  /** A count, then a line for each index from 1. */
  z.strictObject({
    kind: z.literal("indexed"),
    count: queryOf(),
    detail: readingOf({ must: ["index"] }).extend({
      row: patternWith("iccid", "state").optional(),
      fields: z.array(rowField).max(12).default([]),
    }),
  }),
]);

/**
 * Of one profile, which the command must name: without it, it would be done to whatever profile the modem takes. Where OK means accepted
 * and no more, the list is read until it shows the change; `resend` asks again each time.
 */
const changeOf = (...more: readonly string[]) =>
  operationOf({ oneOf: ["iccid", "index"], must: more }).extend({
    settle: z
      .strictObject({
        pollEveryMs: timeoutMs,
        windowMs: timeoutMs,
        resend: z.boolean().default(false),
      })
      .optional(),
  });

/** The line that says the download ended. First group: result code, 0 for success. */
const downloadEnd = z.strictObject({ line: patternWithGroup, evidence, source });

const download = z.discriminatedUnion("kind", [
  /** The host carries the modem's HTTPS: `start` is answered by requests, each of which is answered by chunks of a whole HTTP response. */
  z.strictObject({
    kind: z.literal("host-relay"),
    start: operationOf({ must: ["activationCode"] }),
    chunk: operationOf({ must: ["hex"], may: ["total", "more", "sequence", "length"] }),
    maxChunkHex: z.int().min(64).max(65_536),
    /** The prefix of lines that carry a request or the end. */
    prefix,
    end: downloadEnd,
    /** How long the modem may think between our last chunk and its next request; loading a package into the eUICC is in it. */
    stepTimeoutMs: timeoutMs,
    /** How long it may take from the delivered install result to the line that ends the download; without it, the list decides. */
    endTimeoutMs: timeoutMs,
  }),
  /** The modem downloads over its own network; its word about the end is hearsay until the list has the profile. */
  z.strictObject({
    kind: z.literal("modem-network"),
    start: operationOf({ must: ["activationCode"] }),
    /** In place of `start` where the SM-DP+ asks for a confirmation code. */
    startWithCode: operationOf({ must: ["activationCode", "confirmationCode"] }).optional(),
    end: downloadEnd,
    windowMs: timeoutMs,
    pollEveryMs: timeoutMs,
  }),
  z.strictObject({ kind: z.literal("none"), why: z.string().min(1).max(300) }),
]);

const ownLpa = z.strictObject({
  list,
  enable: changeOf(),
  disable: changeOf(),
  delete: changeOf().optional(),
  nickname: changeOf("nickname").optional(),
  download,
  defaultSmdp: z.strictObject({ read: queryOf(), write: operationOf({ must: ["address"] }).optional() }).optional(),
  /** What the result codes mean, without `0x`, in lower case. */
  resultCodes: z.record(z.string().regex(/^[0-9a-f]{1,8}$/), z.string().max(200)).default({}),
});

/** A modem's own LPA that holds the ISD-R while it is switched on. */
const lpaSwitch = z.strictObject({
  name: z.string().min(1).max(40),
  /** First group: 1 while it is on. */
  query: queryOf(),
  /** What the modem wants first, such as a maker's password, before it lets the setting be changed. */
  unlock: operationOf().optional(),
  off: operationOf(),
  /** Whether the setting takes effect only with a reset of the modem. */
  needsReset: z.boolean(),
});

const slot = z.strictObject({
  /** First group: the number of the active slot. */
  query: queryOf(),
  set: operationOf({ must: ["slot"] }),
  /** How the numbers are counted and what a switch does, for the docs. */
  note: z.string().max(300),
});

/** Every slot at once. `each` is matched over the whole answer again and again; the slots are numbered from `first`. */
const slots = readingOf().extend({ each: patternWith("euicc"), first: z.int().min(0).max(1) });

export const refreshSteps = ["cfun", "sim-power", "reset"] as const;
export type RefreshStep = (typeof refreshSteps)[number];

const refresh = z
  .strictObject({
    /** How long the modem is given to take the new profile up by itself. */
    waitMs: timeoutMs,
    /** What is tried then, in this order, each with the same patience. */
    ladder: z.array(z.enum(refreshSteps)).max(3),
    simPower: z.strictObject({ off: operationOf(), on: operationOf() }).optional(),
    evidence,
    source,
  })
  .refine(({ ladder, simPower }) => simPower !== undefined || !ladder.includes("sim-power"), {
    path: ["ladder"],
    message: "has sim-power, and there is no sim_power with the commands for it",
  });

const recognise = z.strictObject({
  /** On the answers to AT+CGMI and AT+CGMM together. */
  identity: pattern.optional(),
  /** Asked where `identity` fits; an answer with OK whose lines match all of `matches` and none of `rejects` is the sign. */
  ask: z
    .strictObject({
      send: operationOf().shape.send,
      answer: prefix,
      timeoutMs,
      matches: z.array(pattern).max(10).default([]),
      rejects: z.array(pattern).max(10).default([]),
    })
    .optional(),
  evidence,
  source,
});

export const dialectSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,40}$/, "is lower-case letters, digits and hyphens"),
  summary: z.string().min(1).max(300),
  /** The modems that it is known from, for the docs. */
  modems: z.array(z.string().min(1).max(80)).max(60),
  evidence,
  sources: z.array(source).min(1).max(20),
  /** Left out: never found by itself, only by name. */
  recognise: recognise.optional(),
  /** The EID by a command of its own; first group: 32 digits. `absent`: a line that says that there is no eUICC. */
  eid: queryOf().extend({ absent: pattern.optional() }).optional(),
  ownLpa: ownLpa.optional(),
  lpaSwitch: lpaSwitch.optional(),
  /** Commands that esimd does not use, each looked for by a form that changes nothing; what the modem has of them is shown by `probe`. */
  offers: z
    .array(readingOf().extend({ name: z.string().min(1).max(40) }))
    .max(20)
    .default([]),
  /** The ICCID of the profile that the modem works with, tried in this order before the card's own file is read. */
  iccid: z.array(queryOf()).max(8).default([]),
  slot: slot.optional(),
  slots: slots.optional(),
  refresh,
  /** Long lines go out in pieces of so many bytes with pauses between them; left out: whole. */
  pieces: z.strictObject({ bytes: z.int().min(1).max(4096), pauseMs: z.int().min(1).max(1000) }).optional(),
  /** For how long after a start or a switch of slots the ISD-R may refuse to open because the modem itself uses it. */
  isdrWindowMs: z.int().min(0).max(1_200_000).default(0),
  /** What else is to be known of it, for people. */
  notes: z.array(z.string().min(1).max(400)).max(20).default([]),
});

/** As it is written down. */
export type DialectInput = z.input<typeof dialectSchema>;
/** Checked, with its defaults. */
export type DialectSpec = z.output<typeof dialectSchema>;
export type OperationSpec = z.output<ReturnType<typeof operationOf>>;
