import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";

/** The two who offer the same resources (the contract, rule 6); `none` has no client. */
export type ApiProvider = "twilio" | "kore";

/** Where the resources live, by provider. */
export const defaultBaseUrls: Readonly<Record<ApiProvider, string>> = {
  twilio: "https://supersim.twilio.com",
  kore: "https://supersim.api.korewireless.com",
};

/** KORE's OAuth2 token endpoint; Twilio has none. */
export const defaultKoreTokenUrl = "https://api.korewireless.com/api-services/v1/auth/token";

/**
 * The address of the API: an origin and nothing behind it. Plain HTTP only to this machine (the emulators), since every request
 * carries the account's credentials.
 * @throws EsimdError `config_invalid`, naming `place`.
 */
export function parseBaseUrl(text: string, place: string): URL {
  const url = parseApiUrl(text, place);
  if (url.pathname !== "/" || url.search !== "") {
    throw new EsimdError("config_invalid", `${place}: ${quote(text)} must be an origin, without path or query`, {
      hint: `Write it as ${defaultBaseUrls.twilio}; esimd adds /v1 itself.`,
    });
  }
  return url;
}

/** The address of a token endpoint: as {@link parseBaseUrl}, with a path. @throws EsimdError `config_invalid`. */
export function parseTokenUrl(text: string, place: string): URL {
  return parseApiUrl(text, place);
}

/** True for the names and addresses of this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function parseApiUrl(text: string, place: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new EsimdError("config_invalid", `${place}: ${quote(text)} is not a URL`);
  const refuse = (why: string): EsimdError => new EsimdError("config_invalid", `${place}: ${quote(url.origin)} ${why}`);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse("is neither https: nor http:");
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    throw refuse("must be https: (http: is for loopback only)");
  if (url.username !== "" || url.password !== "") throw refuse("must not carry credentials; they come from elsewhere");
  if (url.hash !== "") throw refuse("must not have a fragment");
  return url;
}
