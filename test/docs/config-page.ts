import { docOf } from "../../src/daemon/config/layers.js";
import { type ConfigKey, configKeys, defaultOfKey } from "../../src/daemon/config/schema.js";

const tables: Readonly<Record<string, string>> = {
  "": "Outside of any table",
  log: "[log]",
  daemon: "[daemon]",
  modem: "[modem]",
  api: "[api]",
  reservation: "[reservation]",
  sim: "[sim]",
  download: "[download]",
  confirm: "[confirm]",
  network: "[network]",
  connectivity: "[connectivity]",
  boot: "[boot]",
  default_smdp: "[default_smdp]",
  callbacks: "[callbacks]",
};

/** docs/config.md: where the configuration comes from, and every key. */
export function configPage(): string {
  return [
    "# Configuration",
    "",
    "esimd reads TOML, lowest first, and a later value wins:",
    "",
    "1. the built-in defaults (under systemd, `state_dir` is the unit's state folder),",
    "2. `/etc/esimd/config.toml`, which may be absent, or the file of `--config FILE` or `ESIMD_CONFIG`, which must exist,",
    "3. `conf.d/*.toml` beside that file, in the order of their names (names that begin with a dot are left out),",
    "4. for one modem of several, `modems.d/NAME.toml` beside that file ([daemon](daemon.md)),",
    "5. the environment,",
    "6. the flags of the command line.",
    "",
    "A key that esimd does not know is an error, and so is a value that it does not take: the sentence names the file and the key, and the",
    "exit status is 78 (64 for a flag). `esimd config check` tries a configuration without touching modem or network; `esimd config show`",
    "prints each value and where it came from.",
    "",
    `A duration is a number with \`ms\`, \`s\`, \`min\`, \`h\` or \`d\`, as in \`"15min"\`; a number alone means seconds.`,
    "",
    "## Credentials",
    "",
    "The API's key and secret never stand in the configuration file. esimd takes each from the first of these that has it:",
    "",
    "1. the systemd credentials `esimd_api_key` and `esimd_api_secret` (`$CREDENTIALS_DIRECTORY`),",
    "2. the files named by `api.key_file` and `api.secret_file`, refused when their group or others may read them,",
    "3. the environment: `ESIMD_API_KEY` and `ESIMD_API_SECRET`.",
    "",
    "For Twilio the key is an API key's SID (or the account's), for KORE the client id. Provider `none` needs neither.",
    "",
    "## Keys",
    "",
    ...Object.entries(tables).flatMap(([table, heading]) => section(table, heading)),
  ].join("\n");
}

/** The tables that the page has a heading for. */
export const documentedTables: ReadonlySet<string> = new Set(Object.keys(tables));

function section(table: string, heading: string): readonly string[] {
  const keys = configKeys.filter((key) => (key.includes(".") ? key.slice(0, key.indexOf(".")) : "") === table);
  return [
    `### ${heading}`,
    "",
    "| key | takes | default | also | meaning |",
    "|---|---|---|---|---|",
    ...keys.map(row),
    "",
  ];
}

function row(key: ConfigKey): string {
  const doc = docOf(key);
  const name = key.slice(key.indexOf(".") + 1);
  const fallback = defaultOfKey(key);
  const shown = doc.defaultText ?? (fallback === undefined ? "not set" : `\`${JSON.stringify(fallback)}\``);
  const also = [doc.env, doc.flag].filter((other) => other !== undefined).map((other) => `\`${other}\``);
  const cells = [`\`${name}\``, doc.allowed, shown, also.join(", "), doc.meaning];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
