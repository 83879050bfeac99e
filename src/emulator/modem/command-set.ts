/** How commands are registered: a name, its forms, and what answers each. */

import { type Answer, cme, cmeError, ok, plainError } from "./answers.js";
import type { AtCommand, Parameter } from "./command-line.js";

/** Answers one command. A handler checks its parameters itself; what it throws is a defect of the emulator. */
export type Handler = (parameters: readonly Parameter[]) => Answer | Promise<Answer>;

/** The forms of a command that exist; the others are refused. */
export type CommandForms = Partial<Readonly<Record<AtCommand["form"], Handler>>>;

export type CommandTable = Readonly<Record<string, CommandForms>>;

/** Looks the command up and lets it answer. An unknown name or form is `+CME ERROR: 4` for `+` commands, ERROR for basic ones. */
export async function runCommand(table: CommandTable, command: AtCommand): Promise<Answer> {
  const forms = Object.hasOwn(table, command.name) ? table[command.name] : undefined;
  const handler = forms?.[command.form];
  if (handler !== undefined) return await handler(command.parameters);
  return /^[A-Z&]/.test(command.name) ? plainError : cmeError(cme.notSupported);
}

export function mergeTables(...tables: readonly CommandTable[]): CommandTable {
  return Object.assign({}, ...tables);
}

/** A form that takes nothing and always answers the same way. */
export function fixed(...lines: readonly string[]): Handler {
  return (parameters) => (parameters.length === 0 ? ok(...lines) : plainError);
}

/** The number at `index` if it is one in `[min, max]`. */
export function numberAt(
  parameters: readonly Parameter[],
  index: number,
  min: number,
  max: number,
): number | undefined {
  const parameter = parameters[index];
  if (parameter?.kind !== "number") return undefined;
  return parameter.value >= min && parameter.value <= max ? parameter.value : undefined;
}

/** The quoted string at `index`. */
export function stringAt(parameters: readonly Parameter[], index: number): string | undefined {
  const parameter = parameters[index];
  return parameter?.kind === "string" ? parameter.text : undefined;
}

/** A string with or without quotes: some parameters are met in both forms (a session id, an AID of digits only). */
export function looseTextAt(parameters: readonly Parameter[], index: number): string | undefined {
  const parameter = parameters[index];
  return parameter === undefined || parameter.kind === "empty" ? undefined : parameter.text;
}

/** The bytes of a quoted string of hex digits of even number, or undefined. */
export function hexAt(parameters: readonly Parameter[], index: number): Uint8Array | undefined {
  const text = stringAt(parameters, index);
  if (text === undefined || !/^(?:[0-9A-Fa-f]{2})*$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, "hex"));
}
