import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Change, Dialect, OwnLpa, Sourced } from "../../src/modem/dialects/dialect.js";
import { factsOf } from "../../src/modem/dialects/facts.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";

/** docs/modems.md: which modems, what each family can do, how sure that is, and what it was tried on. */

const transcripts = resolve(import.meta.dirname, "../transcripts");

export function modemsPage(): string {
  const dialects = ownCatalogue.dialects;
  return [
    "# Modems",
    "",
    "This page is made from the dialects (`src/modem/dialects`) and from the recorded transcripts in `test/transcripts`. A family is found by asking the modem, not by its brand alone; `esimd probe` shows",
    "which one it is. **Tried on** tells whether a transcript from a real modem is among the recordings: *emulated only* means that the family's commands were only ever run against esimd's own emulated",
    "modem, which was written from the same facts, so that an error in the facts is in both. How sure a fact is: **documented** by a manual or by 3GPP, **seen in code** that works in public, told in a",
    "**forum**, or a **guess**. A wrong or missing fact can be put right in a file, without touching code: [dialects](dialects.md).",
    "",
    "| family | modems | EID by | list | enable, disable | delete | rename | download | how sure | tried on |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...dialects.map(row),
    "",
    "By *card access* esimd's own LPA does it (SGP.22 over `AT+CCHO` and `AT+CGLA`, or `AT+CSIM`), with every modem that opens a channel to the ISD-R; that is what `--lpa auto` takes first.",
    "",
    ...dialects.flatMap(section),
  ].join("\n");
}

function row(dialect: Dialect): string {
  const { ownLpa } = dialect;
  const can = (change: Change | undefined): string =>
    change === undefined ? "by card access" : `the modem's LPA or card access (${change.evidence})`;
  const listEvidence = ownLpa === undefined ? undefined : listOf(ownLpa).evidence;
  const cells = [
    `[${dialect.name}](#${anchor(dialect.name)})`,
    dialect.modems.join(", "),
    dialect.eid === undefined ? "card access" : `\`${dialect.eid.send}\` (${dialect.eid.evidence})`,
    listEvidence === undefined ? "by card access" : `the modem's LPA or card access (${listEvidence})`,
    can(ownLpa?.enable),
    can(ownLpa?.delete),
    can(ownLpa?.nickname),
    downloadOf(dialect),
    dialect.evidence,
    triedOn(dialect.name),
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** As GitHub makes them of headings. */
function anchor(name: string): string {
  return name.toLowerCase();
}

function listOf(ownLpa: OwnLpa): Sourced {
  return ownLpa.list.kind === "rows" ? ownLpa.list : ownLpa.list.detail;
}

function downloadOf({ ownLpa, lpaSwitch }: Dialect): string {
  const first = lpaSwitch === undefined ? "by card access" : `by card access once \`${lpaSwitch.name}\` is off`;
  switch (ownLpa?.download.kind) {
    case undefined:
    case "none":
      return first;
    case "host-relay":
      return `${first}, or by the modem's LPA with its HTTPS carried by the host (${ownLpa.download.start.evidence})`;
    case "modem-network":
      return `${first}, or by the modem's LPA over its own network (${ownLpa.download.start.evidence})`;
  }
}

/** A recording is named after its dialect: `quectel-iccid.jsonl`, `quectel-iccid--eg25.jsonl`; its header tells where it was made. */
function triedOn(name: string): string {
  if (!existsSync(transcripts)) return "emulated only";
  const made = readdirSync(transcripts)
    .filter((file) => file === `${name}.jsonl` || (file.startsWith(`${name}--`) && file.endsWith(".jsonl")))
    .map((file): unknown => JSON.parse(readFileSync(join(transcripts, file), "utf8").split("\n")[0] ?? "{}"))
    .filter((header) => isRecord(header) && header["source"] === "hardware");
  if (made.length === 0) return "emulated only";
  return made.map((header) => (isRecord(header) ? `${header["vendor"]} ${header["model"]}` : "")).join(", ");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function section(dialect: Dialect): readonly string[] {
  const facts = factsOf(dialect);
  const { refresh } = dialect;
  return [
    `## ${dialect.name}`,
    "",
    `${capital(dialect.summary)}. Sources: ${dialect.sources.join("; ")}.`,
    "",
    ...(facts.length === 0
      ? []
      : [
          "| for | command or sign | at most | how sure | source |",
          "|---|---|---|---|---|",
          ...facts.map(
            ([what, fact]) =>
              `| ${what} | \`${fact.how.replaceAll("|", "\\|")}\` | ${fact.timeoutMs === undefined ? "" : `${fact.timeoutMs / 1000} s`} | ${fact.evidence} | ${fact.source} |`,
          ),
          "",
        ]),
    `After a switch of profiles the modem is given ${refresh.waitMs / 1000} s to use the new one; then ${ladder(dialect)} (${refresh.evidence}: ${refresh.source}).`,
    "",
    ...(dialect.ownLpa?.download.kind === "none"
      ? [`No download by the modem's own LPA: ${dialect.ownLpa.download.why}.`, ""]
      : []),
    ...(dialect.slot === undefined ? [] : [`SIM slots: ${dialect.slot.note}.`, ""]),
    ...dialect.notes.flatMap((note) => [note.endsWith(".") ? note : `${note}.`, ""]),
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const steps = {
  cfun: "`AT+CFUN=0` and `1`",
  "sim-power": "its SIM's power is cycled",
  reset: "a reset (`AT+CFUN=1,1`)",
};

function ladder({ refresh }: Dialect): string {
  if (refresh.ladder.length === 0) return "nothing more is done";
  return refresh.ladder.map((step) => steps[step]).join(", then ");
}
