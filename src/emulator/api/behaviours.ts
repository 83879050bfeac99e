import { readFile } from "node:fs/promises";
import { z } from "zod";
import { EsimdError } from "../../base/errors.js";

/**
 * What the fake API does differently from a good day. Behaviours are data: the first one that matches a request decides, and a scenario
 * file puts its own in front.
 */

const delayMs = z.number().int().min(0).max(86_400_000);
const effect = z.boolean().default(false).describe("whether the request is processed before the answer is spoilt");

/** Spoils the answer. */
const answerActions = [
  z.strictObject({
    do: z.literal("error"),
    status: z.number().int().min(400).max(599),
    code: z.number().int().min(1).optional(),
    message: z.string().max(500).default("emulated failure"),
    /** Seconds, or a date. */
    retryAfter: z.union([z.number().int().min(0), z.string().min(1).max(100)]).optional(),
    shape: z.enum(["vendor", "problem", "html", "empty"]).default("vendor"),
    effect,
  }),
  z.strictObject({ do: z.literal("stock-out") }),
  z.strictObject({ do: z.literal("html"), status: z.number().int().min(200).max(599).default(200), effect }),
  z.strictObject({ do: z.literal("wrong-json"), effect }),
  z.strictObject({ do: z.literal("redirect"), location: z.string().min(1).max(1000), effect }),
  z.strictObject({ do: z.literal("cut"), within: z.enum(["head", "body"]).default("head"), effect }),
  z.strictObject({ do: z.literal("silence"), effect }),
] as const;

/** Changes what becomes of one reservation; for `POST /v1/ESimProfiles` only. */
const reservationActions = [
  z.strictObject({ do: z.literal("walk"), toReservingMs: delayMs.optional(), toAvailableMs: delayMs.optional() }),
  z.strictObject({ do: z.literal("stale-list"), ms: delayMs }),
  z.strictObject({
    do: z.literal("reservation-fails"),
    code: z.string().min(1).max(20).default("83500"),
    message: z.string().max(500).default("No eSIM Profiles are available"),
  }),
  z.strictObject({
    do: z.literal("fails-after-available"),
    ms: delayMs,
    code: z.string().min(1).max(20).default("83500"),
    message: z.string().max(500).default("The profile can no longer be downloaded"),
  }),
  z.strictObject({
    do: z.literal("never-updates"),
    statuses: z
      .array(z.enum(["downloaded", "installed"]))
      .min(1)
      .default(["downloaded", "installed"]),
  }),
] as const;

const actionSchema = z.discriminatedUnion("do", [
  ...answerActions,
  ...reservationActions,
  z.strictObject({ do: z.literal("delay"), ms: delayMs }),
  /** How long an update of a Sim's status stays `scheduled`; 0: it is done at once, with 200. */
  z.strictObject({ do: z.literal("sim-update"), scheduledMs: delayMs }),
]);

const behaviourSchema = z
  .strictObject({
    match: z
      .strictObject({
        method: z.enum(["GET", "POST"]).optional(),
        /** A path such as `/v1/ESimProfiles`; `*` stands for one segment. */
        path: z
          .string()
          .regex(/^\/[A-Za-z0-9_*/.-]*$/, "must be a path, with * for one segment")
          .optional(),
        /** Only requests that name this EID, in the form of a POST or in the query. */
        eid: z
          .string()
          .regex(/^\d{32}$/, "must be an EID of 32 digits")
          .optional(),
        /** From the nth request that fits on; 1 is the first. */
        nth: z.number().int().min(1).optional(),
        /** For how many requests; once when `nth` is given, for ever otherwise. */
        times: z.number().int().min(1).optional(),
      })
      .default({}),
    actions: z.array(actionSchema).min(1).max(10),
  })
  .superRefine(({ match, actions }, context) => {
    for (const [index, action] of actions.entries()) {
      const wanted = requestOf(action.do);
      if (wanted === undefined || (match.method === wanted.method && match.path === wanted.path)) continue;
      const message = `"${action.do}" needs match {"method":"${wanted.method}","path":"${wanted.path}"}`;
      context.addIssue({ code: "custom", path: ["actions", index], message });
    }
    if (actions.filter((action) => isAnswerAction(action)).length > 1) {
      context.addIssue({ code: "custom", path: ["actions"], message: "only one of the actions can be the answer" });
    }
  });

const scenarioSchema = z.strictObject({ behaviours: z.array(behaviourSchema).max(1000) });

export type Behaviour = z.output<typeof behaviourSchema>;
export type BehaviourInput = z.input<typeof behaviourSchema>;
export type Action = Behaviour["actions"][number];
export type AnswerAction = z.output<(typeof answerActions)[number]>;
export type ReservationAction = z.output<(typeof reservationActions)[number]>;

const answerNames: ReadonlySet<string> = new Set<AnswerAction["do"]>([
  "error",
  "stock-out",
  "html",
  "wrong-json",
  "redirect",
  "cut",
  "silence",
]);

export function isAnswerAction(action: Action): action is AnswerAction {
  return answerNames.has(action.do);
}

function requestOf(name: Action["do"]): { readonly method: string; readonly path: string } | undefined {
  switch (name) {
    case "walk":
    case "stale-list":
    case "reservation-fails":
    case "fails-after-available":
    case "never-updates":
      return { method: "POST", path: "/v1/ESimProfiles" };
    case "sim-update":
      return { method: "POST", path: "/v1/Sims/*" };
    default:
      return undefined;
  }
}

/** Behaviours given in code, with their defaults filled in. @throws EsimdError `scenario_invalid`. */
export function parseBehaviours(input: readonly BehaviourInput[], place: string): readonly Behaviour[] {
  return parseScenario({ behaviours: input }, place);
}

/** @throws EsimdError `scenario_invalid`, naming the file, the entry and the reason. */
export async function readScenario(path: string): Promise<readonly Behaviour[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new EsimdError("scenario_invalid", `${path}: the scenario cannot be read`, { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EsimdError("scenario_invalid", `${path}: the scenario is not JSON (${why})`, { cause });
  }
  return parseScenario(value, path);
}

function parseScenario(value: unknown, place: string): readonly Behaviour[] {
  const result = scenarioSchema.safeParse(value);
  if (result.success) return result.data.behaviours;
  const issue = result.error.issues[0];
  const entry = issue === undefined || issue.path.length === 0 ? "the scenario" : issue.path.join(".");
  throw new EsimdError("scenario_invalid", `${place}: ${entry}: ${issue?.message ?? "malformed"}`);
}

/** What a behaviour can match of a request. */
export interface MatchedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
}

interface Counted {
  readonly behaviour: Behaviour;
  readonly pattern: RegExp;
  timesLeft: number;
  seen: number;
}

const namedEid = /(?:^|&)Eid=(\d{32})(?:&|$)/;

/** Which actions a request gets; counts the requests that each behaviour has seen. */
export function createBehaviourMatcher(
  behaviours: readonly Behaviour[],
): (request: MatchedRequest) => readonly Action[] {
  const forAll: Counted[] = [];
  // A factory line has a behaviour for each of many EIDs: a request looks at those of its own only.
  const byEid = new Map<string, Counted[]>();
  for (const behaviour of behaviours) {
    const { match } = behaviour;
    const counted: Counted = {
      behaviour,
      pattern: match.path === undefined ? /^/ : pathPattern(match.path),
      timesLeft: match.times ?? (match.nth === undefined ? Number.POSITIVE_INFINITY : 1),
      seen: 0,
    };
    if (match.eid === undefined) forAll.push(counted);
    else byEid.set(match.eid, [...(byEid.get(match.eid) ?? []), counted]);
  }
  return ({ method, path, query, body }) => {
    const eid = byEid.size === 0 ? undefined : (namedEid.exec(query) ?? namedEid.exec(body))?.[1];
    const own = eid === undefined ? [] : (byEid.get(eid) ?? []);
    // Those for one EID come first: they were made for it.
    const fitting = [...own, ...forAll].filter(
      ({ behaviour: { match }, pattern }) =>
        (match.method === undefined || match.method === method) && pattern.test(path),
    );
    for (const one of fitting) one.seen++;
    const chosen = fitting.find((one) => one.timesLeft > 0 && one.seen >= (one.behaviour.match.nth ?? 1));
    if (chosen === undefined) return [];
    chosen.timesLeft--;
    return chosen.behaviour.actions;
  };
}

function pathPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/\*/g, "[^/]+")}$`);
}
