import { parseArgs } from "node:util";
import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { didYouMean } from "../daemon/config/suggest.js";
import type { Command, FlagSpec, ParsedArgs } from "./command.js";

/** From the words behind a command's name to its flags and positionals, with a sentence for what does not fit. */

/** Every command has this one. */
export const helpFlag: FlagSpec = { type: "boolean", help: "Show this help." };

/** @throws EsimdError `usage`. */
export function parseArguments(command: Command, words: readonly string[]): ParsedArgs {
  const flags: Readonly<Record<string, FlagSpec>> = { ...command.flags, help: helpFlag };
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(flags).map(([name, flag]) => [
        name,
        { type: flag.type, multiple: true, ...(name === "help" ? { short: "h" } : {}) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const refuse = (sentence: string): EsimdError =>
    new EsimdError("usage", `${command.name}: ${sentence}`, { hint: `See \`esimd help ${command.name}\`.` });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined) {
      const known = Object.keys(flags).map((name) => `--${name}`);
      throw refuse(`there is no flag ${quote(token.rawName)}${didYouMean(token.rawName, known)}`);
    }
    if (flag.type === "boolean" && token.value !== undefined) throw refuse(`flag --${token.name} takes no value`);
    const swallowed = token.inlineValue === false && token.value.length > 1 && token.value.startsWith("-");
    if (flag.type === "string" && (token.value === undefined || token.value === "" || swallowed)) {
      throw refuse(`flag --${token.name} needs a value: --${token.name} ${flag.value ?? "VALUE"}`);
    }
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ""]);
  }
  if (command.positionals === "" && positionals[0] !== undefined && !values.has("help")) {
    throw refuse(`${quote(positionals[0])} stands where nothing is expected`);
  }
  return {
    positionals,
    text: (name) => values.get(name)?.at(-1),
    texts: (name) => values.get(name) ?? [],
    has: (name) => values.has(name),
  };
}
