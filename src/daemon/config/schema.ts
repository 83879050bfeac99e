import { z } from "zod";
import { parseSmdpAddress } from "../../base/identifiers.js";
import { logLevels } from "../../base/logging.js";
import { durationForm } from "./duration.js";
import { boot } from "./schema-boot.js";
import { callbacks } from "./schema-callbacks.js";
import { connectivity } from "./schema-connectivity.js";
import { daemon } from "./schema-daemon.js";
import { defaultSmdp } from "./schema-default-smdp.js";
import { hook } from "./schema-hook.js";
import {
  absolutePath,
  baseUrl,
  callbackUrl,
  duration,
  keyDocs,
  list,
  parsed,
  text,
  uniqueName,
  uniqueNamePlaceholders,
  urlForm,
  wholeNumber,
} from "./schema-kinds.js";
import { metrics } from "./schema-metrics.js";
import { modem } from "./schema-modem.js";
import { mqtt } from "./schema-mqtt.js";
import { outbox } from "./schema-outbox.js";
import { webhook } from "./schema-webhook.js";

/**
 * Every key of the configuration, its type, default, environment variable, flag and meaning: the file is checked against this, and
 * docs/config.md is generated from it. The shape is the file's own (TOML, snake_case); load.ts turns it into a {@link Config}.
 */

const log = z.strictObject({
  level: z
    .enum(logLevels)
    .prefault("info")
    .register(keyDocs, {
      allowed: list(logLevels),
      meaning: "How much is logged on stderr. Identifiers are masked and secrets removed at every level.",
      flag: "--log-level",
    }),
});

const api = z.strictObject({
  provider: z
    .enum(["twilio", "kore", "none"])
    .prefault("twilio")
    .register(keyDocs, {
      allowed: list(["twilio", "kore", "none"]),
      meaning:
        "Who sells the profiles. `none` holds no credentials and never reserves: it downloads what a back end reserved for the EID.",
      env: "ESIMD_PROVIDER",
      flag: "--provider",
    }),
  url: baseUrl.optional().register(keyDocs, {
    allowed: urlForm,
    meaning: "Base of the Super SIM API.",
    env: "ESIMD_API_URL",
    defaultText: "the provider's: `https://supersim.twilio.com` or `https://supersim.api.korewireless.com`",
  }),
  token_url: baseUrl.optional().register(keyDocs, {
    allowed: urlForm,
    meaning: "Where KORE's OAuth2 tokens come from. Used with provider `kore` only.",
    env: "ESIMD_TOKEN_URL",
    defaultText: "`https://api.korewireless.com/api-services/v1/auth/token`",
  }),
  account_sid: text
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .optional()
    .register(keyDocs, {
      allowed: "an account SID (letters and digits)",
      meaning: "The account, where the key is an API key and not the account itself.",
      env: "ESIMD_ACCOUNT_SID",
    }),
  key_file: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path",
    meaning:
      "File that holds the key (Twilio: account or API key SID; KORE: client id) and nothing else, readable by its owner only, and that of root or of esimd's user.",
  }),
  secret_file: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path",
    meaning:
      "File that holds the key's secret and nothing else, readable by its owner only, and that of root or of esimd's user.",
  }),
  callback_url: callbackUrl.optional().register(keyDocs, {
    allowed: urlForm,
    meaning: "Passed on with a reservation: the provider reports status changes there. esimd itself polls.",
  }),
  callback_method: z
    .enum(["GET", "POST"])
    .prefault("POST")
    .register(keyDocs, {
      allowed: list(["GET", "POST"]),
      meaning: "How the provider calls `api.callback_url`. KORE takes `POST` only.",
    }),
  timeout: duration(1000)
    .prefault("30s")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 1s`,
      meaning: "Deadline of one request to the API.",
    }),
});

const reservation = z.strictObject({
  method: z
    .enum(["eid", "activation-code"])
    .prefault("eid")
    .register(keyDocs, {
      allowed: list(["eid", "activation-code"]),
      meaning: "Reserve for the EID (the default SM-DP+ knows it), or as an activation code that any eUICC may claim.",
      flag: "--method",
    }),
  max_reservations: wholeNumber(0, 100).prefault(1).register(keyDocs, {
    allowed: "a whole number from 0 to 100",
    meaning:
      "What one eUICC may cost over its life, in reservations; unclear ones count. `esimd reservation release` allows one more.",
  }),
  reserve_settle: duration(1000)
    .prefault("15min")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 1s`,
      meaning: "How long the API's list is asked after a reservation whose outcome is unclear.",
    }),
  on_unclear: z
    .enum(["retry", "hold"])
    .prefault("retry")
    .register(keyDocs, {
      allowed: list(["retry", "hold"]),
      meaning:
        "After that time: reserve once more (`retry`), or wait for a person (`hold`). Activation codes always hold.",
    }),
  available_wait: duration(1000)
    .prefault("5min")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 1s`,
      meaning: "How long one run waits for a reservation to become available.",
    }),
});

const sim = z.strictObject({
  activate: z
    .enum(["ready", "active", "none"])
    .prefault("ready")
    .register(keyDocs, {
      allowed: list(["ready", "active", "none"]),
      meaning: "The status to move the Sim to. `ready` costs nothing until it is used; `none` leaves the Sim alone.",
    }),
  when: z
    .enum(["before-download", "during-download", "after-download"])
    .prefault("after-download")
    .register(keyDocs, {
      allowed: list(["before-download", "during-download", "after-download"]),
      meaning:
        "When the Sim is activated: once its profile is on the eUICC; or as soon as the SM-DP+'s offer shows the reservation's ICCID (only where esimd carries the download's traffic), and then before anything is loaded, or while it is. `during-download` saves time where the provider takes long for it; a Sim may then be `ready` whose profile is not installed yet.",
    }),
  fleet: text
    .regex(/^[^/?#]{1,64}$/)
    .optional()
    .register(keyDocs, {
      allowed: "the SID or the unique name of a Fleet",
      meaning: "The Fleet that the Sim joins.",
      flag: "--fleet",
    }),
  unique_name: uniqueName.optional().register(keyDocs, {
    allowed: `letters, digits, ".", "_", "-" and the placeholders ${uniqueNamePlaceholders.map((name) => `{${name}}`).join(" ")}`,
    meaning: "Template of the Sim's unique name, for example `gateway-{eid8}`.",
  }),
  reactivate: z.boolean().prefault(false).register(keyDocs, {
    allowed: "true or false",
    meaning: "Move an `inactive` Sim, too: somebody deactivated it once.",
  }),
});

const download = z.strictObject({
  smdp_address: parsed((value) => parseSmdpAddress(value, "download.smdp_address"))
    .optional()
    .register(keyDocs, {
      allowed: "a bare host name, with :PORT where it is not 443",
      meaning: "The SM-DP+ to use where neither the reservation nor the eUICC names one.",
    }),
  smdp_pins: z
    .array(z.string().regex(/^[0-9A-Fa-f]{64}$/))
    .max(20)
    .prefault([])
    .register(keyDocs, {
      allowed: "a list of SHA-256 fingerprints, 64 hex digits each",
      meaning: "The TLS certificates that an SM-DP+ may show, besides chaining to a root; empty: any.",
    }),
  confirmation_code_file: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path; the file is readable by its owner only",
    meaning:
      "File with the confirmation code that the SM-DP+ asks for; the credential esimd_confirmation_code comes first.",
    flag: "--confirmation-code-file",
    path: true,
  }),
  attempts: wholeNumber(1, 20).prefault(2).register(keyDocs, {
    allowed: "a whole number from 1 to 20",
    meaning: "How many download sessions one run may start; an SM-DP+ gives an order up after a few.",
  }),
  timeout: duration(10_000)
    .prefault("10min")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 10s`,
      meaning: "Deadline of one download session. Installing alone can take minutes.",
    }),
});

const confirm = z.strictObject({
  wait: duration(0).prefault("60s").register(keyDocs, {
    allowed: durationForm,
    meaning:
      "How long the API is polled for `downloaded` or `installed` at the end; that they never come is no failure.",
  }),
});

const network = z.strictObject({
  registration_wait: duration(0).prefault("60s").register(keyDocs, {
    allowed: durationForm,
    meaning: "How long one run waits for the modem to register with the new profile.",
  }),
});

export const configSchema = z.strictObject({
  state_dir: absolutePath.prefault("/var/lib/esimd").register(keyDocs, {
    allowed: "an absolute path",
    meaning: "Journals and the ledger of what was paid. Under systemd the default is the unit's state folder.",
    env: "ESIMD_STATE_DIR",
    path: true,
  }),
  ci_roots: absolutePath.prefault("/etc/esimd/ci-roots").register(keyDocs, {
    allowed: "an absolute path",
    meaning: "Folder of the GSMA root certificates that an SM-DP+ must chain to.",
    env: "ESIMD_CI_ROOTS",
    flag: "--ci-roots",
    path: true,
  }),
  deadline: duration(1000)
    .prefault("1h")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 1s`,
      meaning: "How long one run may take as a whole.",
      flag: "--deadline",
    }),
  log: log.prefault({}),
  daemon: daemon.prefault({}),
  modem: modem.prefault({}),
  api: api.prefault({}),
  reservation: reservation.prefault({}),
  sim: sim.prefault({}),
  download: download.prefault({}),
  confirm: confirm.prefault({}),
  network: network.prefault({}),
  connectivity: connectivity.prefault({}),
  boot: boot.prefault({}),
  default_smdp: defaultSmdp.prefault({}),
  outbox: outbox.prefault({}),
  webhook: webhook.prefault({}),
  mqtt: mqtt.prefault({}),
  metrics: metrics.prefault({}),
  hook: hook.prefault({}),
  callbacks: callbacks.prefault({}),
});

/** The tables of the file, and the keys of each; the keys outside of any table stand under "". */
export const sections: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  "": {
    state_dir: configSchema.shape.state_dir,
    ci_roots: configSchema.shape.ci_roots,
    deadline: configSchema.shape.deadline,
  },
  log: log.shape,
  daemon: daemon.shape,
  modem: modem.shape,
  api: api.shape,
  reservation: reservation.shape,
  sim: sim.shape,
  download: download.shape,
  confirm: confirm.shape,
  network: network.shape,
  connectivity: connectivity.shape,
  boot: boot.shape,
  default_smdp: defaultSmdp.shape,
  outbox: outbox.shape,
  webhook: webhook.shape,
  mqtt: mqtt.shape,
  metrics: metrics.shape,
  hook: hook.shape,
  callbacks: callbacks.shape,
};

type Input = z.input<typeof configSchema>;

/** A key as people write it: `state_dir`, `api.url`. */
export type ConfigKey = {
  [Name in keyof Input & string]-?: NonNullable<Input[Name]> extends object
    ? `${Name}.${keyof NonNullable<Input[Name]> & string}`
    : Name;
}[keyof Input & string];

/** Values that never stand in a file; they have an origin all the same. */
export type SecretKey = "api.key" | "api.secret";

/** The type of one key; undefined when there is no such key. */
export function typeOfKey(key: string): z.ZodType | undefined {
  const dot = key.indexOf(".");
  const section = sections[dot === -1 ? "" : key.slice(0, dot)];
  return section === undefined || !Object.hasOwn(section, key.slice(dot + 1)) ? undefined : section[key.slice(dot + 1)];
}

export function isConfigKey(key: string): key is ConfigKey {
  return typeOfKey(key) !== undefined;
}

/** Every key of the file, in its order. */
export const configKeys: readonly ConfigKey[] = Object.entries(sections)
  .flatMap(([section, keys]) => Object.keys(keys).map((name) => (section === "" ? name : `${section}.${name}`)))
  .filter(isConfigKey);

/** The default as it would stand in a file; undefined when the key has none. */
export function defaultOfKey(key: string): unknown {
  const type = typeOfKey(key);
  return type instanceof z.ZodPrefault ? type.def.defaultValue : undefined;
}
