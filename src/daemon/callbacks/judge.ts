import { parse as parseForm } from "node:querystring";
import { verifyKoreWebhook, verifyTwilioWebhook, type WebhookParameters } from "../../api/webhook-signature.js";
import type { Hint } from "../../provision/hints.js";

/** Whether a request is a callback of the provider, and about what. Pure: what the listener does with the judgement is its business. */

export interface CallbackSetup {
  readonly provider: "twilio" | "kore";
  /** Twilio: the account's auth token. KORE: the secret made for webhooks. */
  readonly secret: string;
  /** As the provider was given it: it signs this text, and never what a proxy made of it. */
  readonly callbackUrl: string;
  readonly callbackMethod: "GET" | "POST";
  /** Where the listener is called; the callback URL's own path where no proxy changes it. */
  readonly path: string;
}

export interface CallbackRequest {
  readonly method: string;
  /** As it stands in the request line: path, and query as it was encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawBody: string;
}

export type Judgement =
  /** `token`: the same for every delivery of one change. */
  | { readonly kind: "hint"; readonly hint: Hint; readonly token: string | undefined }
  | { readonly kind: "refused"; readonly status: 400 | 403 | 404 | 405 | 415; readonly why: string };

const refused = (status: 400 | 403 | 404 | 405 | 415, why: string): Judgement => ({ kind: "refused", status, why });

export function judgeCallback(setup: CallbackSetup, request: CallbackRequest): Judgement {
  const { method, target } = request;
  const [path = "", query] = splitOnce(target, "?");
  if (path !== setup.path) return refused(404, "there is nothing at this path");
  // A GET of KORE's has all it says in the query, which its signature leaves out: anybody could change it.
  const allowed = setup.provider === "kore" ? "POST" : setup.callbackMethod;
  if (method !== allowed) return refused(405, `callbacks come as ${allowed} here`);
  const type = one(request.headers["content-type"]).split(";")[0]?.trim().toLowerCase() ?? "";
  const isForm = type === "application/x-www-form-urlencoded";
  const isJson = type === "application/json";
  if (method === "POST" && !isForm && !isJson) return refused(415, "a callback is a form or JSON");
  const verdict = setup.provider === "kore" ? byKore(setup, request) : byTwilio(setup, request, query, isForm);
  if (verdict !== "valid") return verdict;
  const said = method === "GET" ? parseForm(query ?? "") : isForm ? parseForm(request.rawBody) : {};
  const json = isJson ? jsonObject(request.rawBody) : said;
  if (json === undefined) return refused(400, "the body is not a JSON object");
  return {
    kind: "hint",
    hint: { sid: word(json["ESimProfileSid"], /^[A-Za-z0-9_-]{1,64}$/), eid: word(json["Eid"], /^\d{32}$/) },
    token: word(one(request.headers[`${idempotency[setup.provider]}-idempotency-token`]), /^[\x21-\x7e]{1,200}$/),
  };
}

const idempotency = { twilio: "i-twilio", kore: "kore" } as const;

function byTwilio(
  { secret, callbackUrl }: CallbackSetup,
  { headers, rawBody }: CallbackRequest,
  query: string | undefined,
  isForm: boolean,
): Judgement | "valid" {
  const signature = one(headers["x-twilio-signature"]);
  if (signature === "") return refused(400, "the header X-Twilio-Signature is missing");
  // Origin and path are the configured ones; the query is the received one, to which Twilio adds a GET's parameters and a JSON body's hash.
  const [base = ""] = splitOnce(callbackUrl, "?");
  const url = query === undefined ? base : `${base}?${query}`;
  const parameters: WebhookParameters = isForm ? nonEmpty(parseForm(rawBody)) : {};
  const json = isForm || rawBody === "" ? {} : { rawBody };
  return verifyTwilioWebhook({ authToken: secret, url, parameters, signature, ...json })
    ? "valid"
    : refused(403, "the signature does not hold");
}

function byKore({ secret, callbackUrl }: CallbackSetup, { headers, rawBody, method }: CallbackRequest) {
  const signature = one(headers["kore-signature"]);
  // KORE sends the header empty while no secret was made.
  if (signature === "") return refused(400, "the header kore-signature is missing or empty");
  return verifyKoreWebhook({ secret, method, url: callbackUrl, rawBody, signature })
    ? "valid"
    : refused(403, "the signature does not hold");
}

function nonEmpty(form: NodeJS.Dict<string | string[]>): WebhookParameters {
  return Object.fromEntries(Object.entries(form).map(([name, value]) => [name, value ?? ""]));
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** One value of the expected form; a list, an object or anything else says nothing. */
function word(value: unknown, form: RegExp): string | undefined {
  return typeof value === "string" && form.test(value) ? value : undefined;
}

function one(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : "";
}

function splitOnce(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at);
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
