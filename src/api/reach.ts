import type { Clock } from "../base/clock.js";
import { formatMs } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { networkStageOf } from "../base/network-failure.js";
import { errorFromAnswer } from "./answer-errors.js";
import { basicAuthorization, clientCredentialsAuthorization } from "./authorization.js";
import { type ApiProvider, parseBaseUrl, parseTokenUrl } from "./endpoint.js";
import { parseAnswerBody, parseListPage } from "./schemas.js";
import { createHttpTransport, type HttpAnswer, type HttpTransport } from "./transport.js";

export interface ReachOptions {
  readonly provider: ApiProvider;
  readonly url: string;
  /** KORE's; Twilio has none. */
  readonly tokenUrl: string | undefined;
  readonly key: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

export interface Reached {
  /** What the answer says of the time, whatever else it says. */
  readonly dateMs: number | undefined;
  readonly error: EsimdError | undefined;
}

const path = "/v1/ESimProfiles";

/**
 * One look at the API that costs nothing and changes nothing: the list of reservations, one of them at most, asked once. For KORE the token is
 * fetched first, by a POST that makes nothing but that token.
 * @throws EsimdError `config_invalid` for an address that is none; the signal's reason.
 */
export async function reachApi(options: ReachOptions, signal: AbortSignal): Promise<Reached> {
  const { clock, requestTimeoutMs, connectTimeoutMs } = options;
  const target = new URL(`${path}?PageSize=1`, parseBaseUrl(options.url, "api.url"));
  const transport = createHttpTransport({ clock, requestTimeoutMs, connectTimeoutMs });
  let dateMs: number | undefined;
  try {
    const authorization = await authorizationHeader(options, transport, signal);
    const headers = { authorization, accept: "application/json", "user-agent": "esimd" };
    const answer = await transport.exchange({ method: "GET", url: target, headers }, signal);
    if (answer.kind === "failure") throw answer.error;
    dateMs = dateOf(answer);
    return { dateMs, error: judge(answer, clock.nowMs()) };
  } catch (error) {
    signal.throwIfAborted();
    if (!isEsimdError(error) || error.code === "config_invalid") throw error;
    return { dateMs, error: explained(error, options) };
  } finally {
    await transport.close();
  }
}

async function authorizationHeader(
  options: ReachOptions,
  transport: HttpTransport,
  signal: AbortSignal,
): Promise<string> {
  const { provider, key, secret, clock, tokenUrl = "" } = options;
  if (provider === "twilio") return basicAuthorization(key, secret).header(signal);
  const url = parseTokenUrl(tokenUrl, "api.token_url");
  const credentials = { transport, clock, tokenUrl: url, clientId: key, clientSecret: secret };
  return clientCredentialsAuthorization(credentials).header(signal);
}

function judge(answer: HttpAnswer, nowMs: number): EsimdError | undefined {
  const operation = `GET ${path}`;
  if (answer.status < 200 || answer.status >= 300) return errorFromAnswer(operation, answer, nowMs);
  try {
    // One of many is asked for, so that a full page is no sign of anything.
    parseListPage(parseAnswerBody(answer.body, operation), "esim_profiles", Number.POSITIVE_INFINITY, operation);
    return undefined;
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    return error;
  }
}

function dateOf(answer: HttpAnswer): number | undefined {
  const ms = Date.parse(answer.header("date") ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

/** How far it came, and what to look at there. */
function explained(error: EsimdError, options: ReachOptions): EsimdError {
  if (error.code === "deadline") {
    const message = `${options.url} takes the connection and gives no answer within ${formatMs(options.requestTimeoutMs)}`;
    return new EsimdError("api_unreachable", message, { cause: error });
  }
  if (error.code !== "api_unreachable") return error;
  const hint = hints[networkStageOf(error) ?? "connect"];
  return new EsimdError("api_unreachable", error.message, { cause: error, hint });
}

const hints = {
  dns: "The name is not found: check the host's DNS (resolvectl query, /etc/resolv.conf), and the spelling of api.url.",
  connect:
    "The name is known and the connection is not made: check route, firewall and proxy, and the port in api.url.",
  tls: "The server's certificate is not trusted here: check the clock and api.url; where a proxy opens TLS, NODE_EXTRA_CA_CERTS names its root.",
} as const;
