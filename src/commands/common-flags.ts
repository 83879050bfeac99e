import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { createLog, type Log, type LogLevel, type Redactor } from "../base/logging.js";
import { docOf } from "../daemon/config/layers.js";
import {
  type Config,
  type ConfigKey,
  type LoadedConfig,
  type LoadRequest,
  loadConfig,
  type Override,
} from "../daemon/config/load.js";
import { configKeys } from "../daemon/config/schema.js";
import { credentialAdvice } from "../daemon/config/secrets.js";
import { isModemName, modemNameForm } from "../daemon/modem-name.js";
import type { CommandContext, FlagSpec, ParsedArgs } from "./command.js";

/** The flags that several commands share, and what follows from them: the configuration and the log. */

const shared = {
  config: {
    type: "string",
    value: "FILE",
    help: "Read this configuration file instead of /etc/esimd/config.toml.",
    multiple: true,
  },
  port: {
    type: "string",
    value: "PORT",
    help: "The modem's AT port: a tty path, tcp://HOST:PORT, unix:/PATH, or auto.",
  },
  modem: {
    type: "string",
    value: "NAME",
    help: "The modem of this name: its file modems.d/NAME.toml, and /dev/esimd/NAME where that names no port.",
  },
  dialect: { type: "string", value: "NAME", help: "The modem's AT dialect; `auto` (default) finds it out." },
  lpa: { type: "string", value: "WHOSE", help: "auto, host (esimd's own LPA) or modem (the modem's own)." },
  method: { type: "string", value: "METHOD", help: "eid (default SM-DP+) or activation-code." },
  provider: { type: "string", value: "NAME", help: "twilio, kore or none." },
  fleet: { type: "string", value: "FLEET", help: "SID or unique name of the Fleet that the Sim joins." },
  "ci-roots": { type: "string", value: "DIR", help: "Folder of the GSMA roots that an SM-DP+ must chain to." },
  "confirmation-code-file": {
    type: "string",
    value: "FILE",
    help: "File with the confirmation code that the SM-DP+ asks for.",
  },
  deadline: { type: "string", value: "SECONDS", help: "How long the run may take as a whole; also 15min, 1h." },
  "log-level": {
    type: "string",
    value: "LEVEL",
    help: "silent, error, warn, info, debug or trace; the log goes to stderr.",
  },
  json: {
    type: "boolean",
    help: "Progress as JSON lines and the result as one JSON object on the last line of stdout.",
  },
  quiet: { type: "boolean", help: "No progress." },
  yes: { type: "boolean", help: "Answer questions with yes." },
  "no-color": { type: "boolean", help: "No colours (as with NO_COLOR in the environment)." },
} as const satisfies Record<string, FlagSpec>;

export type CommonFlag = keyof typeof shared;

/** What every command of the product takes, whether it has a use for it or not, so that a script can give them to all. */
export const everyFlag: readonly CommonFlag[] = [
  "config",
  "port",
  "deadline",
  "log-level",
  "json",
  "quiet",
  "yes",
  "no-color",
];

/** What a run of provisioning is told on the command line. */
export const runFlags: readonly CommonFlag[] = [
  ...everyFlag,
  "modem",
  "dialect",
  "lpa",
  "method",
  "provider",
  "fleet",
  "ci-roots",
  "confirmation-code-file",
];

/** The named ones, to be spread into a command's `flags`. */
export function commonFlags(...names: readonly CommonFlag[]): Readonly<Record<string, FlagSpec>> {
  return Object.fromEntries(names.map((name) => [name, shared[name]]));
}

/** What the given flags set in the configuration; a flag that the command does not have sets nothing. */
export function overridesOf(args: ParsedArgs): readonly Override[] {
  return configKeys.flatMap((key) => {
    const { flag } = docOf(key);
    const value = flag === undefined ? undefined : args.text(flag.slice(2));
    return flag === undefined || value === undefined ? [] : [{ key, value, flag }];
  });
}

/**
 * The configuration as this call means it. `defaults` are the command's own in place of the built-in ones.
 * @throws EsimdError `config_invalid`, `config_unreadable`, `usage`.
 */
export function configFor(
  context: CommandContext,
  args: ParsedArgs,
  defaults: Readonly<Partial<Record<ConfigKey, string>>> = {},
): LoadedConfig {
  const request = loadRequestOf(context, args, defaults);
  const { modem } = request;
  if (modem === undefined || isModemName(modem)) return loadConfig(request);
  throw new EsimdError("usage", `--modem is ${quote(modem)}; allowed is ${modemNameForm}`);
}

/** What this call asks of the configuration; a command without the flag has no modem by name. */
export function loadRequestOf(
  context: CommandContext,
  args: ParsedArgs,
  defaults: Readonly<Partial<Record<ConfigKey, string>>> = {},
): LoadRequest {
  const modem = args.text("modem");
  return {
    env: context.env,
    files: args.texts("config"),
    overrides: overridesOf(args),
    defaults,
    ...(modem === undefined ? {} : { modem }),
  };
}

/** A one-shot command tells a person what it does by its progress; its log is for trouble, unless more is asked for. */
export const oneShotDefaults: Readonly<Partial<Record<ConfigKey, LogLevel>>> = { "log.level": "warn" };

/** For a command that is about to use the credentials. */
export function warnOfCredentials(log: Log, config: Config): void {
  const advice = credentialAdvice(config.api);
  if (advice !== undefined)
    log.warn({ error: advice, next: advice.hint }, "the credentials open more than they need to");
}

/** The log of a command: JSON lines on stderr, priorities in front where stderr is the journal. Teaches the redactor the credentials. */
export function openLog(context: CommandContext, config: Config, redactor: Redactor): Log {
  teachSecrets(redactor, config);
  // JOURNAL_STREAM is inherited, by terminals of a desktop session too (systemd.exec(5)): a terminal is never the journal.
  const journald = (context.env["JOURNAL_STREAM"] ?? "") !== "" && !context.stderrIsTerminal;
  return createLog({ level: config.log.level, write: context.stderr, redactor, journald });
}

/** What must not stand in the log. */
export function teachSecrets(redactor: Redactor, { api, download, callbacks }: Config): void {
  for (const secret of [api.key, api.secret, download.confirmationCode, callbacks.secret])
    if (secret !== undefined) redactor.addSecret(secret);
}
