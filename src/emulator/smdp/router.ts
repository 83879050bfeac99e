import { type Clock, sleep } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import { callEs2Plus, type Es2PlusOptions } from "./es2plus.js";
import type { Es9Plus } from "./es9plus.js";
import { FunctionFailure } from "./failures.js";
import { parseJson } from "./http.js";
import type { Order } from "./orders.js";
import { readProgressUrl } from "./progress.js";
import { type Action, type Behaviours, es2Functions, es9Functions } from "./scenario.js";

/** From an HTTP request to a function and back (SGP.22, 6.5): which function, who may call it how, and what a scenario does instead. */
export type Router = (request: SmdpRequest) => Promise<SmdpAnswer>;

/** One request, read whole. */
export interface SmdpRequest {
  readonly method: string;
  readonly path: string;
  /** By their lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Undefined when it was longer than any legal one. */
  readonly body: string | undefined;
  readonly isTls: boolean;
}

export type SmdpAnswer =
  | { readonly kind: "reply"; readonly status: number; readonly type: string; readonly body: string }
  /** The connection breaks without an answer. */
  | { readonly kind: "cut" };

function reply(status: number, type: string, body: string): SmdpAnswer {
  return { kind: "reply", status, type, body };
}

function replyJson(body: unknown): SmdpAnswer {
  return reply(200, "application/json;charset=UTF-8", JSON.stringify(body));
}

export interface RouterOptions {
  readonly es9: Es9Plus;
  readonly es2: Es2PlusOptions;
  readonly behaviours: Behaviours;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends delays when the server stops. */
  readonly signal: AbortSignal;
}

const adminProtocol = /^gsma\/rsp\/v2\.\d+\.\d+$/;

export function createRouter(options: RouterOptions): Router {
  const { es9, es2, behaviours, clock, signal, log } = options;
  return async ({ method, path, headers, body, isTls }) => {
    if (!isTls && method === "GET") {
      if (path === "/_orders") return replyJson(es2.orders.list().map(describeOrder));
      if (path === "/_notifications") return replyJson(es9.notifications());
    }
    const [, role, name] = /^\/gsma\/rsp2\/(es9plus|es2plus)\/(\w+)$/.exec(path) ?? [];
    const es9Function = role === "es9plus" ? es9Functions.find((fn) => fn === name) : undefined;
    const es2Function = role === "es2plus" ? es2Functions.find((fn) => fn === name) : undefined;
    const fn = es9Function ?? es2Function;
    if (fn === undefined) return reply(404, "text/plain", "no such function");
    if ((role === "es9plus") !== isTls)
      return reply(403, "text/plain", isTls ? "ES2+ is served on plain HTTP" : "ES9+ is served on HTTPS only");
    if (method !== "POST") return reply(405, "text/plain", "POST is wanted");
    if (!adminProtocol.test(String(headers["x-admin-protocol"] ?? "")))
      return reply(400, "text/plain", "X-Admin-Protocol must be gsma/rsp/v2.x.y");
    if (!/^application\/json\b/i.test(String(headers["content-type"] ?? "")))
      return reply(415, "text/plain", "Content-Type must be application/json");
    if (body === undefined) return reply(413, "text/plain", "the body is too long");
    const json = parseJson(body);
    if (json === undefined) return reply(400, "text/plain", "the body is not JSON");
    const progressHeader = headers["x-progress-url"];
    const progressUrl = typeof progressHeader === "string" ? readProgressUrl(progressHeader) : undefined;
    if (progressHeader !== undefined && progressUrl === undefined)
      return reply(400, "text/plain", "X-Progress-Url must be plain HTTP to a loopback host");

    const action = behaviours.next(fn, es9.eidOf(json));
    if (action?.kind === "delay") await sleep(clock, action.ms, signal);
    const spoiling = spoilingOf(action);
    if (spoiling !== undefined && !(spoiling.kind !== "failed" && spoiling.executed)) return spoil(spoiling);
    const result = run(() =>
      es9Function !== undefined
        ? es9.call(es9Function, json, action)
        : callEs2Plus(es2, es2Function ?? "downloadOrder", json, progressUrl),
    );
    log.debug({ function: fn, status: "failure" in result ? "Failed" : "Executed-Success" }, "SM-DP+ answered");
    if (spoiling !== undefined) return spoil(spoiling);
    if (fn === "handleNotification") {
      return "failure" in result ? reply(400, "text/plain", result.failure.message) : reply(204, "", "");
    }
    return replyJson({
      header: {
        functionExecutionStatus:
          "failure" in result ? { status: "Failed", statusCodeData: result.failure } : { status: "Executed-Success" },
      },
      ...("fields" in result ? result.fields : {}),
    });
  };
}

type FunctionResult =
  | { readonly fields: Readonly<Record<string, string>> }
  | { readonly failure: FunctionFailure["refusal"] };

function run(call: () => Readonly<Record<string, string>>): FunctionResult {
  try {
    return { fields: call() };
  } catch (error) {
    if (error instanceof FunctionFailure) return { failure: error.refusal };
    throw error;
  }
}

type Spoiling = Extract<Action, { kind: "http" | "cut" | "failed" }>;

/** The action that takes the place of the answer, if it is one. */
function spoilingOf(action: Action | undefined): Spoiling | undefined {
  return action?.kind === "http" || action?.kind === "cut" || action?.kind === "failed" ? action : undefined;
}

function spoil(action: Spoiling): SmdpAnswer {
  switch (action.kind) {
    case "cut":
      return { kind: "cut" };
    case "http":
      return reply(action.status, "text/html", `<html><body><h1>${action.status}</h1></body></html>`);
    case "failed": {
      const { subjectCode, reasonCode, message } = action;
      const functionExecutionStatus = { status: "Failed", statusCodeData: { subjectCode, reasonCode, message } };
      return replyJson({ header: { functionExecutionStatus } });
    }
  }
}

/** Without the hash of the confirmation code, which is a secret. */
function describeOrder(order: Order): object {
  const { confirmationHash, refusal, ...rest } = order;
  return { ...rest, confirmationCodeRequired: confirmationHash !== undefined, refusal };
}
