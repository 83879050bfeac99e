import { errorCodes, errorRegistry } from "../../src/base/error-registry.js";
import { exitStatuses } from "../../src/base/exit-statuses.js";
import { helpFlag } from "../../src/commands/arguments.js";
import type { Command, FlagSpec } from "../../src/commands/command.js";
import { docOf } from "../../src/daemon/config/layers.js";
import { configKeys, defaultOfKey } from "../../src/daemon/config/schema.js";
import { bold, italic, literal, page, prose, section, tagged } from "./roff.js";

/** The manual pages, from the commands' flags, the schema of the configuration and the registry of errors: they cannot say anything else. */

export interface ManualParts {
  readonly version: string;
  readonly date: string;
  readonly commands: readonly Command[];
  /** The units of the package, and the first line of what each says of itself. */
  readonly units: readonly (readonly [string, string])[];
}

/** File name and text. */
export function manualPages(parts: ManualParts): ReadonlyMap<string, string> {
  return new Map([
    ["man1/esimd.1", commandPage(parts)],
    ["man5/esimd.toml.5", configurationPage(parts)],
    ["man7/esimd-errors.7", errorPage(parts)],
    ["man8/esimd.service.8", servicePage(parts)],
  ]);
}

const others = (...names: readonly (readonly [string, number])[]): string =>
  section("See also", names.map(([name, number]) => `${bold(name)}(${number})`).join(",\n"));

const files: readonly (readonly [string, string])[] = [
  ["/etc/esimd/config.toml", "The configuration; esimd.toml(5)."],
  ["/etc/esimd/conf.d/*.toml", "Read after it, in the order of their names; a later value wins."],
  ["/etc/esimd/ci-roots/", "The GSMA roots that an SM-DP+ must chain to; its README says which and where from."],
  ["/etc/credstore/esimd_api_key, /etc/credstore/esimd_api_secret", "The credentials of the API, for the units."],
  [
    "/var/lib/esimd/",
    "What was paid, the journal of the run under way, the last reports. A purge of the package removes it.",
  ],
];

function commandPage({ version, date, commands }: ManualParts): string {
  return page(
    { name: "esimd", section: 1, version, date, summary: "eSIM provisioning over a cellular modem's AT port" },
    section("Synopsis", `${bold("esimd")} ${italic("COMMAND")} [${italic("FLAGS")}]`, ".br", bold("esimd --version")),
    section(
      "Description",
      prose("From a modem's EID to an eSIM profile that is reserved, downloaded, enabled and active."),
      prose("The result stands on stdout, and nothing else; what is said to people stands on stderr."),
    ),
    section("Commands", ...commands.flatMap(commandBlocks)),
    section("Environment", ...environment().map(([name, meaning]) => tagged(bold(name), prose(meaning)))),
    section("Files", ...files.map(([path, meaning]) => tagged(italic(path), prose(meaning)))),
    exitSection(),
    others(["esimd.toml", 5], ["esimd-errors", 7], ["esimd.service", 8]),
  );
}

function commandBlocks(command: Command): readonly string[] {
  const flags: readonly (readonly [string, FlagSpec])[] = [...Object.entries(command.flags), ["help", helpFlag]];
  const usage = [bold("esimd"), bold(command.name), literal(command.positionals)].filter((word) => word !== "");
  return [
    `.SS ${usage.join(" ")}`,
    prose(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`),
    ...flags.map(([name, flag]) =>
      tagged(
        flag.type === "string" ? `${bold(`--${name}`)} ${italic(flag.value ?? "VALUE")}` : bold(`--${name}`),
        prose(flag.help),
      ),
    ),
  ];
}

/** The variables that the schema names, and those that stand for no key. */
function environment(): readonly (readonly [string, string])[] {
  const ofKeys = configKeys.flatMap((key) => {
    const { env, meaning } = docOf(key);
    return env === undefined ? [] : [[env, `\`${key}\`: ${meaning}`] as const];
  });
  return [
    ["ESIMD_CONFIG", "The configuration file, as `--config` says it."],
    ...ofKeys,
    [
      "ESIMD_API_KEY, ESIMD_API_SECRET",
      "The credentials of the API. By preference they come as files; see esimd.toml(5).",
    ],
    ["NO_COLOR", "No colours."],
  ];
}

function exitSection(): string {
  return section(
    "Exit status",
    ...exitStatuses.map(([status, meaning]) => tagged(bold(String(status)), prose(meaning))),
  );
}

function configurationPage({ version, date }: ManualParts): string {
  return page(
    { name: "esimd.toml", section: 5, version, date, summary: "configuration of esimd" },
    section("Synopsis", italic("/etc/esimd/config.toml"), ".br", italic("/etc/esimd/conf.d/*.toml")),
    section(
      "Description",
      prose(
        "TOML. Read lowest first, and a later value wins: built-in defaults, the file, the drop-ins, the environment, flags.",
      ),
      prose("A key that esimd does not know is an error, and so is a value that it does not take."),
      prose("`esimd config check` tries a configuration without touching modem or network;"),
      prose("`esimd config show` prints each value and where it came from."),
      ".PP",
      prose('A duration is a number with `ms`, `s`, `min`, `h` or `d`, as in `"15min"`; a number alone means seconds.'),
      ".PP",
      prose(
        "Key and secret of the API never stand in this file. They are taken from the systemd credentials `esimd_api_key` and",
      ),
      prose(
        "`esimd_api_secret`, else from the files of `api.key_file` and `api.secret_file`, else from the environment.",
      ),
    ),
    section("Keys", ...configKeys.map(keyBlock)),
    others(["esimd", 1], ["esimd.service", 8]),
  );
}

function keyBlock(key: (typeof configKeys)[number]): string {
  const doc = docOf(key);
  const fallback = defaultOfKey(key);
  const shown = doc.defaultText ?? (fallback === undefined ? "not set" : `\`${JSON.stringify(fallback)}\``);
  const also = [doc.env, doc.flag].filter((other) => other !== undefined).map((other) => `\`${other}\``);
  return tagged(
    bold(key),
    prose(doc.meaning),
    prose(`Takes: ${doc.allowed}. Default: ${shown}.${also.length === 0 ? "" : ` Also: ${also.join(", ")}.`}`),
  );
}

function errorPage({ version, date }: ManualParts): string {
  return page(
    { name: "esimd-errors", section: 7, version, date, summary: "what esimd's errors mean, and what to do" },
    section(
      "Description",
      prose("Every error has a stable code, which stands in brackets behind its sentence, and in reports."),
    ),
    section(
      "Errors",
      ...errorCodes.map((code) => {
        const { sentence, actor, retry, next, exit, held } = errorRegistry[code];
        return tagged(
          bold(code),
          prose(sentence),
          prose(next),
          prose(`Acts: ${actor}. Retry: ${retry}. Exit status: ${exit}${held === true ? ", held" : ""}.`),
        );
      }),
    ),
    others(["esimd", 1], ["esimd.service", 8]),
  );
}

function servicePage({ version, date, units }: ManualParts): string {
  return page(
    { name: "esimd.service", section: 8, version, date, summary: "the daemon as a service, and the units beside it" },
    section("Synopsis", units.map(([unit]) => literal(unit)).join("\n.br\n")),
    section(
      "Description",
      prose("The package enables `esimd.service` and nothing else."),
      prose("After /etc/esimd/config.toml was changed: `systemctl restart esimd`."),
      prose("What the daemon does stands in the journal: `journalctl -u esimd`."),
    ),
    section("Units", ...units.map(([unit, description]) => tagged(bold(unit), prose(`${description}.`)))),
    section(
      "Credentials",
      prose(
        "The units look for `esimd_api_key` and `esimd_api_secret` in the credential stores, /etc/credstore among them:",
      ),
      prose(
        "files of root's, mode 0600, which hold the value and nothing else. `systemd-creds encrypt` makes encrypted ones,",
      ),
      prose("which go to /etc/credstore.encrypted and are named by `LoadCredentialEncrypted=` in a drop-in."),
      prose("Provider `none` needs no credentials."),
    ),
    section("Files", ...files.map(([path, meaning]) => tagged(italic(path), prose(meaning)))),
    exitSection(),
    others(["esimd", 1], ["esimd.toml", 5], ["esimd-errors", 7], ["systemd.exec", 5]),
  );
}
