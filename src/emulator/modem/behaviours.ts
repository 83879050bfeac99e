/** What the fake modem does in place of answering well: an ordered list, the first that matches wins. Pure but for its counters. */

import { z } from "zod";

/** Conditions of the modem that a behaviour may ask for. */
export const modemConditions = [
  "registered",
  "unregistered",
  "enabled",
  "empty",
  "downloading",
  "idle",
  "busy",
] as const;
export type ModemCondition = (typeof modemConditions)[number];

const milliseconds = z.number().int().min(0).max(3_600_000);
const text = z.string().max(4096);

const action = z.discriminatedUnion("kind", [
  /** Answers well; with `delayMs` on the behaviour this is a plain delay. */
  z.strictObject({ kind: z.literal("answer") }),
  /** Never answers; `executed`: what was asked for happens all the same. */
  z.strictObject({ kind: z.literal("silence"), executed: z.boolean().default(false) }),
  /** Answers that much later, whatever else was answered meanwhile. */
  z.strictObject({ kind: z.literal("late"), ms: milliseconds }),
  /** `+CME ERROR: 14`. */
  z.strictObject({ kind: z.literal("busy") }),
  /** `+CME ERROR: number`, or plain ERROR without one; `executed` as above. */
  z.strictObject({
    kind: z.literal("error"),
    number: z.number().int().min(0).max(999).optional(),
    executed: z.boolean().default(false),
  }),
  /** Random bytes before or after the answer. */
  z.strictObject({
    kind: z.literal("garbage"),
    bytes: z.number().int().min(1).max(4096).default(24),
    where: z.enum(["before", "after"]).default("before"),
  }),
  /** The answer in pieces. */
  z.strictObject({
    kind: z.literal("split"),
    chunkBytes: z.number().int().min(1).max(4096).default(1),
    pauseMs: milliseconds.default(1),
  }),
  /** Unsolicited lines between the command and its answer. */
  z.strictObject({
    kind: z.literal("urc-storm"),
    count: z.number().int().min(1).max(1000).default(20),
    lines: z.array(text).min(1).max(50).optional(),
  }),
  /** The port disappears before the command is executed, or after it and before its answer, or in the middle of the answer. */
  z.strictObject({
    kind: z.literal("unplug"),
    when: z.enum(["before", "executed", "mid-answer"]).default("before"),
    replugAfterMs: milliseconds.optional(),
    /** Only the line breaks, as when the host's process dies: the modem keeps its power, and every channel that is open stays so. */
    keepsPower: z.boolean().default(false),
  }),
  /**
   * Something restarts by itself, with all that is volatile in it: the card, and the command gets `+CME ERROR: 13`, or the modem, and the
   * command gets no answer, while the port stays. `executed` as above.
   */
  z.strictObject({
    kind: z.literal("restart"),
    what: z.enum(["card", "modem"]),
    executed: z.boolean().default(false),
  }),
  /** These characters and nothing else; the command is not executed. `\r\n` is the scenario's to write. */
  z.strictObject({ kind: z.literal("raw"), text }),
]);

export const behaviourSchema = z.strictObject({
  /** A regular expression on the command line, without regard to case; left out: every line. */
  command: z.string().min(1).max(300).superRefine(checkPattern).optional(),
  /** Only while the modem is in this condition. */
  state: z.enum(modemConditions).optional(),
  /** Only the n-th line that matches command and state; 1 is the first. */
  nth: z.number().int().min(1).max(100_000).optional(),
  /** Only every n-th of them. */
  every: z.number().int().min(1).max(100_000).optional(),
  /** Only so many times. */
  times: z.number().int().min(1).max(100_000).optional(),
  /** Waits before it acts. */
  delayMs: milliseconds.optional(),
  do: action,
});

export type Behaviour = z.input<typeof behaviourSchema>;
export type BehaviourAction = z.output<typeof action>;

export interface ChosenBehaviour {
  readonly delayMs: number;
  readonly action: BehaviourAction;
}

function checkPattern(pattern: string, context: z.RefinementCtx): void {
  try {
    new RegExp(pattern, "i");
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "is no regular expression" });
  }
}

interface Entry {
  readonly pattern: RegExp | undefined;
  readonly behaviour: z.output<typeof behaviourSchema>;
  seen: number;
  used: number;
}

export class BehaviourList {
  #entries: Entry[] = [];

  /** Puts `behaviours` before all others, in their own order. @throws ZodError for one that is malformed. */
  prepend(...behaviours: readonly Behaviour[]): void {
    const fresh = behaviours.map((behaviour) => {
      const parsed = behaviourSchema.parse(behaviour);
      const pattern = parsed.command === undefined ? undefined : new RegExp(parsed.command, "i");
      return { pattern, behaviour: parsed, seen: 0, used: 0 };
    });
    this.#entries = [...fresh, ...this.#entries];
  }

  /** The first behaviour that matches this line in these conditions; it is counted as used. */
  choose(line: string, conditions: ReadonlySet<ModemCondition>): ChosenBehaviour | undefined {
    for (const entry of this.#entries) {
      const { state, nth, every, times, delayMs } = entry.behaviour;
      if (entry.pattern !== undefined && !entry.pattern.test(line)) continue;
      if (state !== undefined && !conditions.has(state)) continue;
      entry.seen++;
      if (nth !== undefined && entry.seen !== nth) continue;
      if (every !== undefined && entry.seen % every !== 0) continue;
      if (times !== undefined && entry.used >= times) continue;
      entry.used++;
      return { delayMs: delayMs ?? 0, action: entry.behaviour.do };
    }
    return undefined;
  }
}
