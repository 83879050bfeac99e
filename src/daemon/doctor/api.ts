import { reachApi } from "../../api/reach.js";
import { requireCredentials } from "../config/secrets.js";
import { type Check, found, type Outcome, skipped, well } from "./check.js";

const longestRequestMs = 30_000;
const connectTimeoutMs = 10_000;

export const api: Check = {
  name: "api",
  asks: "Can the provider's API be reached, and does it take the credentials?",
  knows:
    "What one GET of the list of reservations is answered with (for KORE, the token before it): DNS, connection, TLS, credentials, server errors and captive portals are told apart. No reservation is ever asked for, so that it cannot know whether the key may reserve, nor whether there is stock.",
  codes: [
    "api_unreachable",
    "api_unavailable",
    "api_rate_limited",
    "api_credentials",
    "api_rejected",
    "api_missing",
    "api_protocol",
    "config_invalid",
  ],
  needs: ["credentials"],
  after: [],
  timeoutMs: 2 * (longestRequestMs + connectTimeoutMs),
  run: async ({ surroundings, facts }, signal): Promise<Outcome> => {
    const { config, clock } = surroundings;
    const { provider, url, tokenUrl, timeoutMs } = config.api;
    if (provider === "none") return skipped("provider none has no API");
    const { key, secret } = requireCredentials(config.api);
    const requestTimeoutMs = Math.min(timeoutMs, longestRequestMs);
    const reached = await reachApi(
      { provider, url, tokenUrl, key, secret, clock, requestTimeoutMs, connectTimeoutMs },
      signal,
    );
    facts.apiDateMs = reached.dateMs;
    return reached.error === undefined ? well() : found(reached.error);
  },
};
