import { EsimdError, isEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { type DaemonConfig, inspectDaemonConfig } from "../daemon/config/daemon-config.js";
import { nodeFileSystem } from "../daemon/config/files.js";
import { namedFiles } from "../daemon/config/load.js";
import { modemNames } from "../daemon/config/modem-files.js";
import { describeOrigin } from "../daemon/config/provenance.js";
import { credentialAdvice } from "../daemon/config/secrets.js";
import { loadCatalogue } from "../daemon/dialect-files.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, configFor, loadRequestOf, runFlags } from "./common-flags.js";
import { failureText } from "./failure.js";

/** `esimd config check|show`: touches neither modem nor network. */
export const configCommand: Command = {
  name: "config",
  summary: "check the configuration, or show each value and where it came from",
  positionals: "check|show",
  flags: commonFlags(...runFlags),
  run: async (context, args) => {
    const [action, ...rest] = args.positionals;
    const extra = rest[0];
    if (extra !== undefined) throw new EsimdError("usage", `config: ${quote(extra)} stands where nothing is expected`);
    if (action === "check") return check(context, args);
    if (action === "show") return show(context, args);
    throw new EsimdError(
      "usage",
      action === undefined ? "config: say check or show" : `config: there is no ${quote(action)}; say check or show`,
    );
  },
};

async function check(context: CommandContext, args: ParsedArgs): Promise<number> {
  const { loaded, problems: found } = inspectDaemonConfig(loadRequestOf(context, args));
  const problems = loaded === undefined ? found : [...found, ...(await dialectProblems(loaded))];
  const [first] = problems;
  const files = loaded === undefined ? [] : filesOf(loaded);
  const advice = loaded === undefined ? undefined : credentialAdvice(loaded.shared.config.api);
  const warnings = advice === undefined ? [] : [advice];
  if (args.has("json")) {
    const listed = problems.map(({ code, message, hint }) => ({ code, message, hint }));
    const result = {
      schema: "esimd.config-check/1",
      ok: first === undefined,
      files,
      modems: loaded?.modems.map(({ name, port }) => ({ name, port })) ?? [],
      problems: listed,
      warnings: warnings.map(({ code, message, hint }) => ({ code, message, hint })),
    };
    context.stdout(`${JSON.stringify(result)}\n`);
  }
  if (first !== undefined) {
    for (const problem of problems) context.stderr(failureText(problem));
    return first.exitStatus;
  }
  if (loaded !== undefined) {
    if (!args.has("json")) context.stdout(`the configuration is good: ${sourcesOf(files)}\n`);
    const { provider, key, secret } = loaded.shared.config.api;
    // Under systemd the credentials come with the unit, so that this shell cannot see them: worth a word, not a failure.
    if (provider !== "none" && (key === undefined || secret === undefined)) {
      context.stderr(`no API credentials are set here, and provider ${provider} needs them\n`);
    }
    for (const warning of warnings) context.stderr(failureText(warning));
  }
  return 0;
}

/** The operator's dialect files, and the dialects that the configuration names. */
async function dialectProblems({ shared, modems }: DaemonConfig): Promise<readonly EsimdError[]> {
  const problems = new Map<string, EsimdError>();
  for (const { config } of [shared, ...modems]) {
    try {
      const catalogue = await loadCatalogue(config.modem.dialects);
      if (config.modem.dialect !== "auto") catalogue.find(config.modem.dialect);
    } catch (error) {
      if (!isEsimdError(error)) throw error;
      problems.set(error.message, error);
    }
  }
  return [...problems.values()];
}

function show(context: CommandContext, args: ParsedArgs): number {
  const loaded = configFor(context, args);
  const modems = args.text("modem") === undefined ? modemsOf(context, args) : [];
  const secrets = (["api.key", "api.secret"] as const).map((key) => {
    const set = loaded.config.api[key === "api.key" ? "key" : "secret"] !== undefined;
    return { key, set, origin: set ? describeOrigin(loaded.origin(key)) : undefined };
  });
  if (args.has("json")) {
    const values = Object.fromEntries(
      loaded.values.map(({ key, value, origin }) => [key, { value, origin: describeOrigin(origin) }]),
    );
    const result = {
      schema: "esimd.config/1",
      files: loaded.files,
      ...(modems.length > 0 && { modems }),
      values,
      secrets: Object.fromEntries(secrets.map(({ key, set, origin }) => [key, set ? { set, origin } : { set }])),
    };
    context.stdout(`${JSON.stringify(result)}\n`);
    return 0;
  }
  const lines = loaded.values.map(({ key, value, origin }) =>
    value === null ? `# ${key} is not set` : `${key} = ${JSON.stringify(value)}  # ${describeOrigin(origin)}`,
  );
  const secretLines = secrets.map(({ key, origin }) =>
    origin === undefined ? `# ${key} is not set` : `# ${key} is set, from ${origin}`,
  );
  const modemLines =
    modems.length === 0 ? [] : [`# modems of their own: ${modems.join(", ")} (config show --modem NAME)`];
  context.stdout(`${[`# ${sourcesOf(loaded.files)}`, ...modemLines, ...lines, ...secretLines].join("\n")}\n`);
  return 0;
}

function sourcesOf(files: readonly string[]): string {
  return files.length === 0 ? "no file was found, so defaults apply" : `read from ${files.join(", ")}`;
}

function filesOf({ shared, modems }: DaemonConfig): readonly string[] {
  return [...new Set([shared, ...modems.map(({ loaded }) => loaded)].flatMap(({ files }) => files))];
}

/** The modems that have a file of their own. @throws EsimdError when a folder of them cannot be read. */
function modemsOf(context: CommandContext, args: ParsedArgs): readonly string[] {
  return modemNames(nodeFileSystem, namedFiles(loadRequestOf(context, args)).paths, (problem) => {
    throw problem;
  });
}
