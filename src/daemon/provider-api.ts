import { createProviderApi } from "../api/client.js";
import type { ProviderApi } from "../api/resources.js";
import type { RetryPolicy } from "../api/retries.js";
import type { OpenHttpTransport } from "../api/transport.js";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { Config } from "./config/config.js";
import { requireCredentials } from "./config/secrets.js";

export interface ProviderParts {
  readonly config: Pick<Config, "api">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How requests travel; over undici when left out. */
  readonly openTransport?: OpenHttpTransport | undefined;
}

/** The configured provider's API; undefined for provider `none`. @throws EsimdError `credentials_missing`, `config_invalid`. */
export function openProvider(parts: ProviderParts, retry?: RetryPolicy): ProviderApi | undefined {
  const { provider, url, tokenUrl, callbackUrl, callbackMethod, timeoutMs } = parts.config.api;
  if (provider === "none") return undefined;
  const { key, secret } = requireCredentials(parts.config.api);
  return createProviderApi({
    provider,
    baseUrl: url,
    ...(tokenUrl === undefined ? {} : { tokenUrl }),
    key,
    secret,
    ...(callbackUrl === undefined ? {} : { callbackUrl, callbackMethod }),
    clock: parts.clock,
    random: parts.random,
    log: parts.log,
    requestTimeoutMs: timeoutMs,
    openTransport: parts.openTransport,
    ...(retry === undefined ? {} : { retry }),
  });
}
