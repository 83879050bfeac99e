import { EsimdError, isEsimdError } from "../../base/errors.js";
import { credentialAdvice, requireCredentials } from "../config/secrets.js";
import { loadCatalogue } from "../dialect-files.js";
import { type Check, found, type Outcome, skipped, well } from "./check.js";

/** What is given to esimd: its configuration, dialect files, credentials. Neither modem nor network is asked. */

export const configuration: Check = {
  name: "configuration",
  asks: "Can the configuration be read, and has it no key or value that esimd does not take?",
  knows:
    "Every problem of it, as `esimd config check` lists them. While it has one, only the clock, the port and the modem are looked at, with the defaults and the flags of this call.",
  codes: ["config_invalid", "config_unreadable"],
  needs: [],
  after: [],
  timeoutMs: 10_000,
  run: async ({ surroundings }): Promise<Outcome> => {
    const troubles = surroundings.problems.map((error) => ({ severity: "error" as const, error }));
    return troubles.length === 0 ? well() : { kind: "found", troubles };
  },
};

export const dialectFiles: Check = {
  name: "dialect-files",
  asks: "Can the operator's dialect files be used, and is there a dialect of the name that is configured?",
  knows: "Their form. Whether what they say is true of the modem shows only when it is asked.",
  codes: ["dialect_invalid", "config_invalid"],
  needs: ["configuration"],
  after: [],
  timeoutMs: 10_000,
  run: async ({ surroundings }): Promise<Outcome> => {
    const { dialect, dialects } = surroundings.config.modem;
    const catalogue = await loadCatalogue(dialects);
    if (dialect !== "auto") catalogue.find(dialect);
    return well();
  },
};

/** Where the unit's LoadCredential= looks (systemd.exec(5)). */
const credentialStore = "/etc/credstore";

export const credentials: Check = {
  name: "credentials",
  asks: "Are key and secret of the provider there, and an API key in place of the whole account's token?",
  knows:
    "That they are set, for this call. systemd gives credentials to the service alone, so that a shell does not have them. Whether they are right, the check `api` asks.",
  codes: ["credentials_missing", "credentials_broad"],
  needs: ["configuration"],
  after: [],
  timeoutMs: 10_000,
  run: async ({ surroundings }): Promise<Outcome> => {
    const { api } = surroundings.config;
    if (api.provider === "none") return skipped("provider none holds no credentials");
    try {
      requireCredentials(api);
      const advice = credentialAdvice(api);
      return advice === undefined ? well() : found(advice, "warning");
    } catch (error) {
      if (!isEsimdError(error, "credentials_missing")) throw error;
      const hint = `${error.hint} A service's systemd credentials are not this shell's: as root, CREDENTIALS_DIRECTORY=${credentialStore} esimd doctor tries those.`;
      return found(new EsimdError("credentials_missing", error.message, { hint }));
    }
  },
};
