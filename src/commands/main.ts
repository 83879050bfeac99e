import { EsimdError, toEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { createRedactor, type Redactor } from "../base/redactor.js";
import { version } from "../base/version.js";
import { didYouMean } from "../daemon/config/suggest.js";
import { parseArguments } from "./arguments.js";
import type { CommandContext } from "./command.js";
import { failureJson, failureText } from "./failure.js";
import { commandHelp, generalHelp } from "./help.js";
import { type CommandEntry, commands } from "./table.js";

/**
 * The program, without its process: words in, text and an exit status out. Every error becomes one sentence on stderr; with `--json`
 * also one object on stdout. Never rejects.
 */
export async function main(
  words: readonly string[],
  context: CommandContext,
  table: readonly CommandEntry[] = commands,
): Promise<number> {
  try {
    return await dispatch(words, context, table);
  } catch (thrown) {
    const error = toEsimdError(thrown);
    // What another program or a library says of its failure may repeat what it was given.
    const redactor = createRedactor();
    for (const variable of ["ESIMD_API_KEY", "ESIMD_API_SECRET"]) redactor.addSecret(context.env[variable] ?? "");
    context.stderr(redactor.redact(failureText(error)));
    if (words.includes("--json")) context.stdout(redactor.withoutSecrets(failureJson(error)));
    if (wantsDebug(words)) await logStack(thrown, context, redactor);
    return error.exitStatus;
  }
}

async function dispatch(
  words: readonly string[],
  context: CommandContext,
  table: readonly CommandEntry[],
): Promise<number> {
  const [name, ...rest] = words;
  switch (name) {
    case undefined:
      context.stderr(generalHelp(table, version()));
      return new EsimdError("usage", "no command").exitStatus;
    case "--version":
      context.stdout(`esimd ${version()}\n`);
      return 0;
    case "help":
    case "--help":
    case "-h":
      return help(rest, context, table);
    default: {
      const command = await find(name, table).load();
      const args = parseArguments(command, rest);
      if (!args.has("help")) return command.run(context, args);
      context.stdout(commandHelp(command));
      return 0;
    }
  }
}

async function help(
  words: readonly string[],
  context: CommandContext,
  table: readonly CommandEntry[],
): Promise<number> {
  const [name] = words;
  const text = name === undefined ? generalHelp(table, version()) : commandHelp(await find(name, table).load());
  context.stdout(text);
  return 0;
}

function find(name: string, table: readonly CommandEntry[]): CommandEntry {
  const entry = table.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  const names = table.map((candidate) => candidate.name);
  const what = name.startsWith("-") ? "flag" : "command";
  throw new EsimdError(
    "usage",
    `there is no ${what} ${quote(name)}${didYouMean(name, [...names, "help", "--version"])}`,
  );
}

/** Whether a log at `debug` or `trace` is asked for on the command line. Pure. */
export function wantsDebug(words: readonly string[]): boolean {
  return words.some(
    (word, index) =>
      /^(--log-level=)?(debug|trace)$/.test(word) && (word.startsWith("--") || words[index - 1] === "--log-level"),
  );
}

/** For a report of a failure that nobody foresaw: where it came from, in the log and only at debug level. */
async function logStack(thrown: unknown, context: CommandContext, redactor: Redactor): Promise<void> {
  const { createLog } = await import("../base/logging.js");
  const log = createLog({ level: "debug", write: context.stderr, redactor, journald: false });
  log.debug(
    { error: thrown, stack: thrown instanceof Error ? thrown.stack : undefined },
    "where the failure came from",
  );
}
