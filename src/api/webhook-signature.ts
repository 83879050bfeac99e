import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { parse as parseQuery, stringify as stringifyQuery } from "node:querystring";

/**
 * The signatures of the vendors' callbacks: pure, both directions. A verified callback is still only a hint to fetch the resource again
 * (the contract, rule 7).
 */

/** Form parameters; a name that came more than once has an array. */
export type WebhookParameters = Readonly<Record<string, string | readonly string[]>>;

export interface TwilioWebhook {
  /** The account's auth token; an API key's secret signs nothing. */
  readonly authToken: string;
  /** As it was configured, with its query: never rebuilt from a Host header, which a proxy changes. */
  readonly url: string;
  /** Of a POSTed form; empty for GET and for a JSON body. */
  readonly parameters: WebhookParameters;
}

/** `X-Twilio-Signature`: base64 of HMAC-SHA1 over the URL and the sorted parameters. */
export function signTwilioWebhook({ authToken, url, parameters }: TwilioWebhook): string {
  const names = Object.keys(parameters).sort();
  const data = names.reduce((text, name) => text + namedValues(name, parameters[name] ?? ""), url);
  return createHmac("sha1", authToken).update(data, "utf8").digest("base64");
}

/**
 * Twilio is of two minds on ports and on the encoding of the query; its own validator accepts the URL with and without the port, as it was
 * received, normalised, and with the query encoded anew, and so do we. With `rawBody` (JSON) the URL's `bodySHA256` must be the body's.
 */
export function verifyTwilioWebhook(
  webhook: TwilioWebhook & { readonly signature: string | undefined; readonly rawBody?: string },
): boolean {
  const { url, signature, rawBody } = webhook;
  if (signature === undefined || signature === "") return false;
  if (rawBody !== undefined && !hasBodyHash(url, rawBody)) return false;
  // Every candidate is tried, so that the time says nothing about which one came close.
  return urlCandidates(url)
    .map((candidate) => isSame(signTwilioWebhook({ ...webhook, url: candidate }), signature))
    .includes(true);
}

export interface KoreWebhook {
  readonly secret: string;
  readonly method: string;
  readonly url: string;
  readonly rawBody: string;
}

/**
 * `kore-signature`: hex of SHA-256 over secret, method, URL without query and fragment, and body. Not an HMAC, and the query is not
 * covered: the parameters of a GET callback are unprotected.
 */
export function signKoreWebhook({ secret, method, url, rawBody }: KoreWebhook): string {
  const bareUrl = url.replace(/[?#].*$/s, "");
  return createHash("sha256").update(`${secret}${method.toUpperCase()}${bareUrl}${rawBody}`, "utf8").digest("hex");
}

export function verifyKoreWebhook(webhook: KoreWebhook & { readonly signature: string | undefined }): boolean {
  const { signature } = webhook;
  if (signature === undefined || signature === "") return false;
  return isSame(signKoreWebhook(webhook), signature.toLowerCase());
}

function namedValues(name: string, value: string | readonly string[]): string {
  if (typeof value === "string") return name + value;
  return [...new Set(value)]
    .sort()
    .map((one) => name + one)
    .join("");
}

function hasBodyHash(url: string, rawBody: string): boolean {
  const expected = URL.canParse(url) ? new URL(url).searchParams.get("bodySHA256") : null;
  return (
    expected !== null && isSame(createHash("sha256").update(rawBody, "utf8").digest("hex"), expected.toLowerCase())
  );
}

function urlCandidates(url: string): readonly string[] {
  if (!URL.canParse(url)) return [url];
  const spellings = [url, new URL(url).href, withQueryEncodedAnew(url)];
  return [...new Set(spellings.flatMap((spelling) => [withoutPort(spelling), withPort(spelling)]))];
}

const authority = /^(https?:\/\/(?:[^/?#@]*@)?)(\[[^\]]*\]|[^/?#:]*)(:\d+)?/i;

function withoutPort(url: string): string {
  return url.replace(authority, "$1$2");
}

function withPort(url: string): string {
  return url.replace(authority, (_all, head: string, host: string, port: string | undefined) => {
    const standard = /^https:/i.test(head) ? ":443" : ":80";
    return `${head}${host}${port ?? standard}`;
  });
}

function withQueryEncodedAnew(url: string): string {
  const parsed = new URL(url);
  if (parsed.search === "") return parsed.href;
  const query = stringifyQuery(parseQuery(parsed.search.slice(1)));
  parsed.search = "";
  return `${parsed.href}?${query}`;
}

/** In constant time for texts of equal length; the length is no secret. */
function isSame(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected, "utf8"), Buffer.from(given, "utf8")];
  return a.length === b.length && timingSafeEqual(a, b);
}
