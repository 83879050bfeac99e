import type { Command, FlagSpec } from "../../src/commands/command.js";
import { docOf } from "../../src/daemon/config/layers.js";
import { configKeys } from "../../src/daemon/config/schema.js";

/** Completion for bash, from the commands' flags: it offers what the program takes. Needs nothing of the package bash-completion. */

export function bashCompletion(commands: readonly Command[]): string {
  return [
    "# Completion of esimd for bash. Made from the source of esimd by npm run package.",
    "_esimd() {",
    `  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}`,
    "  COMPREPLY=()",
    "  if ((COMP_CWORD == 1)); then",
    `    mapfile -t COMPREPLY < <(compgen -W '${commands.map(({ name }) => name).join(" ")} help --version --help' -- "$word")`,
    "    return",
    "  fi",
    '  case "$command $previous" in',
    ...commands.flatMap((command) =>
      Object.entries(command.flags).flatMap(([name, flag]) => valueCase(command, name, flag)),
    ),
    "  esac",
    '  case "$command" in',
    ...commands.map(
      (command) =>
        `    ${command.name}) mapfile -t COMPREPLY < <(compgen -W '${words(command).join(" ")}' -- "$word") ;;`,
    ),
    `    help) mapfile -t COMPREPLY < <(compgen -W '${commands.map(({ name }) => name).join(" ")}' -- "$word") ;;`,
    "  esac",
    "}",
    "complete -F _esimd esimd",
    "",
  ].join("\n");
}

/** What may stand behind the command's name: its actions and flags. */
function words({ flags, positionals }: Command): readonly string[] {
  const actions = positionals.includes("|") ? positionals.split("|").map((action) => action.split(" ")[0] ?? "") : [];
  return [...actions, ...Object.keys(flags).map((name) => `--${name}`), "--help"];
}

/** What may stand behind a flag that takes a value. */
function valueCase(command: Command, name: string, flag: FlagSpec): readonly string[] {
  if (flag.type === "boolean") return [];
  const offer = (how: string): readonly string[] => [
    `    '${command.name} --${name}')`,
    `      ${how}`,
    "      return",
    "      ;;",
  ];
  const choice = choices(name);
  if (choice.length > 0) return offer(`mapfile -t COMPREPLY < <(compgen -W '${choice.join(" ")}' -- "$word")`);
  if (flag.value === "DIR") return offer('mapfile -t COMPREPLY < <(compgen -d -- "$word")');
  if (flag.value === "FILE" || flag.value === "PATH") return offer('mapfile -t COMPREPLY < <(compgen -f -- "$word")');
  if (name === "port") return offer('mapfile -t COMPREPLY < <(compgen -W auto -- "$word"; compgen -f -- "$word")');
  return offer(":");
}

/** The words that the key of the flag takes, where those are all that it takes. */
function choices(name: string): readonly string[] {
  const docs = configKeys.map(docOf).filter(({ flag }) => flag === `--${name}`);
  const allowed = docs[0]?.allowed ?? "";
  return /^(?:"[\w-]+"(?:, | or |$))+$/.test(allowed)
    ? [...allowed.matchAll(/"([\w-]+)"/g)].map(([, word]) => word ?? "")
    : [];
}
