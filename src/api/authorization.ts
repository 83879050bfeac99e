import { z } from "zod";
import type { Clock } from "../base/clock.js";
import { EsimdError } from "../base/errors.js";
import { describeBody, errorFromAnswer, parseJson } from "./answer-errors.js";
import type { HttpTransport } from "./transport.js";

/** The Authorization header of a request, by provider. */
export interface Authorization {
  /** @throws EsimdError; nothing of the request itself was sent then. */
  header(signal: AbortSignal): Promise<string>;
  /** Tells that the last header was refused. True where a new one is worth one more try. */
  renew(): boolean;
}

/** RFC 7617: account SID and auth token, or API key SID and its secret. Refused once is refused for good. */
export function basicAuthorization(key: string, secret: string): Authorization {
  const value = `Basic ${Buffer.from(`${key}:${secret}`, "utf8").toString("base64")}`;
  return { header: () => Promise.resolve(value), renew: () => false };
}

export interface ClientCredentials {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly tokenUrl: URL;
  readonly clientId: string;
  readonly clientSecret: string;
}

const tokenShape = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
  expires_in: z.number().nonnegative(),
});

/** OAuth2 client credentials (RFC 6749, 4.4): a token is kept, and renewed shortly before it expires. */
export function clientCredentialsAuthorization(options: ClientCredentials): Authorization {
  const { transport, clock, tokenUrl, clientId, clientSecret } = options;
  let token: { readonly value: string; readonly goodUntilMs: number } | undefined;

  const fetchToken = async (signal: AbortSignal): Promise<string> => {
    const askedAtMs = clock.monotonicMs();
    const operation = `POST ${tokenUrl.pathname}`;
    const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
    const answer = await transport.exchange(
      {
        method: "POST",
        url: tokenUrl,
        headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
        body: new URLSearchParams(form).toString(),
      },
      signal,
    );
    if (answer.kind === "failure") throw answer.error;
    if (answer.status < 200 || answer.status >= 300) throw tokenRefusal(operation, answer, clock.nowMs());
    const parsed = tokenShape.safeParse(parseJson(answer.body));
    if (!parsed.success) {
      const problem =
        parseJson(answer.body) === undefined ? describeBody(answer.body) : "without access_token and expires_in";
      throw new EsimdError("api_protocol", `${operation}: the token endpoint's answer is ${problem}`);
    }
    const lifetimeMs = parsed.data.expires_in * 1000;
    // A tenth of its life, at most a minute, is left for the requests under way.
    token = {
      value: parsed.data.access_token,
      goodUntilMs: askedAtMs + lifetimeMs - Math.min(60_000, lifetimeMs / 10),
    };
    return token.value;
  };

  return {
    header: async (signal) => {
      const value =
        token !== undefined && clock.monotonicMs() < token.goodUntilMs ? token.value : await fetchToken(signal);
      return `Bearer ${value}`;
    },
    renew: () => {
      token = undefined;
      return true;
    },
  };
}

/** OAuth2 says "wrong client" with 400 or 401 (RFC 6749, 5.2); to us both are about the credentials. */
function tokenRefusal(operation: string, answer: Parameters<typeof errorFromAnswer>[1], nowMs: number): EsimdError {
  const error = errorFromAnswer(operation, answer, nowMs);
  const aboutTheClient = answer.status === 400 && /(invalid|unauthorized)_client|invalid_grant/.test(answer.body);
  return aboutTheClient ? new EsimdError("api_credentials", error.message) : error;
}
