import { z } from "zod";
import { type ErrorCode, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { VendorCode } from "./resources.js";
import type { HttpAnswer } from "./transport.js";

/**
 * Answers that are not a success, in every shape that was seen: Twilio's and KORE's `{code,message,more_info,status}`, RFC 9457,
 * `errors[]`, OAuth2's `{error,error_description}`, HTML from something in between, and nothing at all.
 */

/** What an error's body says, whatever its shape. */
export interface ErrorBody {
  /** The vendor's code: 20404, 83500, … */
  readonly code: number | undefined;
  readonly text: string | undefined;
}

const errorCodeField = z
  .union([
    z.number().int(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .optional();
const textField = z.string().optional();
const errorShape = z.object({
  code: errorCodeField.catch(undefined),
  message: textField.catch(undefined),
  title: textField.catch(undefined),
  detail: textField.catch(undefined),
  error: textField.catch(undefined),
  error_description: textField.catch(undefined),
});
const errorListShape = z.object({ errors: z.array(z.unknown()).min(1) });

export function parseErrorBody(body: string): ErrorBody {
  const json = parseJson(body);
  const own = errorShape.safeParse(json);
  if (!own.success) return { code: undefined, text: undefined };
  const list = errorListShape.safeParse(json);
  const first = list.success ? errorShape.safeParse(list.data.errors[0]) : undefined;
  const inner = first?.success === true ? first.data : undefined;
  const texts = [
    own.data.message ?? inner?.message,
    own.data.title,
    own.data.detail ?? inner?.detail,
    own.data.error,
    own.data.error_description,
  ].filter((text) => text !== undefined && text !== "");
  return { code: own.data.code ?? inner?.code, text: texts.length === 0 ? undefined : texts.join(": ") };
}

/** Undefined where the text is not JSON; JSON itself has no such value. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The vendor's codes that say more than the HTTP status (whose pairing with them is documented nowhere). */
const byVendorCode: Readonly<Record<number, ErrorCode>> = {
  20003: "api_credentials",
  20006: "api_credentials",
  20403: "api_credentials",
  20404: "api_missing",
  20429: "api_rate_limited",
  20500: "api_unavailable",
  20503: "api_unavailable",
  70051: "api_credentials",
  83000: "api_unavailable",
  83004: "api_unavailable",
  83005: "api_missing",
  83006: "fleet_unknown",
  83007: "fleet_missing",
  83008: "fleet_missing",
  // The Sim is `scheduled`: an earlier update is still under way. Waiting helps.
  83009: "api_unavailable",
  83010: "sim_refused",
  83500: "no_stock",
};

/** The error of an answer outside 2xx. `operation` is "POST /v1/ESimProfiles"; `nowMs` is wall time, for a Retry-After with a date. */
export function errorFromAnswer(operation: string, answer: HttpAnswer, nowMs: number): EsimdError {
  const { status } = answer;
  if (status < 400) {
    const target = answer.header("location");
    const towards = target === undefined ? "" : ` to ${quote(target.split("?")[0] ?? "")}`;
    return new EsimdError("api_protocol", `${operation}: ${status}, a redirect${towards}, which esimd does not follow`);
  }
  const body = parseErrorBody(answer.body);
  const code = (body.code === undefined ? undefined : byVendorCode[body.code]) ?? byStatus(status);
  const words = [
    String(status),
    ...(body.code === undefined ? [] : [`code ${body.code}`]),
    body.text === undefined ? describeBody(answer.body) : quote(body.text),
  ];
  const requestId = requestIdOf(answer);
  const retryAfterMs = parseRetryAfter(answer, nowMs);
  return new EsimdError(
    code,
    `${operation}: ${words.join(", ")}${requestId === undefined ? "" : ` (request ${requestId})`}`,
    {
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(body.code === undefined ? {} : { cause: new VendorCode(body.code) }),
    },
  );
}

function byStatus(status: number): ErrorCode {
  if (status >= 500) return "api_unavailable";
  if (status === 429) return "api_rate_limited";
  if (status === 401 || status === 403) return "api_credentials";
  return status === 404 ? "api_missing" : "api_rejected";
}

/**
 * True where a bearer token was refused and a new one may help. KORE answers an expired token with 403 and "Invalid or expired token",
 * not with 401; a 403 with other words is about permission, and a new token would be refused alike.
 */
export function refusesToken(answer: HttpAnswer): boolean {
  if (answer.status === 401) return true;
  return answer.status === 403 && /\b(invalid|expired)\b[^:]*\btoken\b/i.test(parseErrorBody(answer.body).text ?? "");
}

/** The vendor's name for one request; KORE documents none, so whatever its gateway adds. */
export function requestIdOf(answer: HttpAnswer): string | undefined {
  const id = answer.header("twilio-request-id") ?? answer.header("x-request-id");
  return id !== undefined && /^[\x21-\x7e]{1,64}$/.test(id) ? id : undefined;
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Retry-After in milliseconds: seconds, or a date, which is read against the answer's own Date header, since a device's clock may be
 * years off. Bounded by a day; unreadable is as good as absent.
 */
export function parseRetryAfter(answer: HttpAnswer, nowMs: number): number | undefined {
  const text = answer.header("retry-after")?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Math.min(dayMs, Number(text) * 1000);
  const untilMs = Date.parse(text);
  if (Number.isNaN(untilMs)) return undefined;
  const theirNowMs = Date.parse(answer.header("date") ?? "");
  return Math.min(dayMs, Math.max(0, untilMs - (Number.isNaN(theirNowMs) ? nowMs : theirNowMs)));
}

/** What a body is that has no words for us. */
export function describeBody(body: string): string {
  if (body.trim() === "") return "an empty body";
  if (/^\s*</.test(body)) return "an HTML page, as a proxy or a captive portal gives";
  return `a body of ${Buffer.byteLength(body)} bytes without a message`;
}
