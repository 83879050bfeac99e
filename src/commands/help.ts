import { helpFlag } from "./arguments.js";
import type { Command, FlagSpec } from "./command.js";
import type { CommandEntry } from "./table.js";

/** The help, as text. */

export function generalHelp(commands: readonly CommandEntry[], version: string): string {
  return [
    `esimd ${version}: from a modem's EID to an eSIM profile that is reserved, downloaded, enabled and active`,
    "",
    "Usage: esimd COMMAND [FLAGS]",
    "",
    "Commands:",
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    "",
    "`esimd help COMMAND` shows a command's flags, `esimd --version` the version.",
    "",
  ].join("\n");
}

export function commandHelp(command: Command): string {
  const flags: readonly (readonly [string, FlagSpec])[] = [...Object.entries(command.flags), ["help", helpFlag]];
  const usage = ["esimd", command.name, command.positionals, "[FLAGS]"].filter((word) => word !== "").join(" ");
  return [
    `esimd ${command.name}: ${command.summary}`,
    "",
    `Usage: ${usage}`,
    "",
    "Flags:",
    ...columns(
      flags.map(([name, flag]) => [
        flag.type === "string" ? `--${name} ${flag.value ?? "VALUE"}` : `--${name}`,
        flag.help,
      ]),
    ),
    "",
  ].join("\n");
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
