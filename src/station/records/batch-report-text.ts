import type { ColumnName } from "./columns.js";
import type { Cell } from "./csv.js";
import { decisionOf, figuresOf, framesOf, minute, titleOf } from "./report-words.js";
import type { BatchSummary } from "./summary.js";

/** A batch's report as plain text, for a terminal, a mail or a printer without pages. Pure. */

const columns = [
  ["serial", 20],
  ["verdict", 7],
  ["eid", 32],
  ["iccid", 20],
  ["runs", 4],
  ["seconds", 7],
  ["label", 7],
  ["error_code", 20],
] as const satisfies readonly (readonly [ColumnName, number])[];

export function textHead(summary: BatchSummary): string {
  const { failures, held, chart } = summary;
  const facts = [...framesOf(summary), ...figuresOf(summary)];
  const width = Math.max(...facts.map(({ name }) => name.length));
  const most = Math.max(1, ...chart.pieces.map(({ passed, failed }) => passed + failed));
  const lines = [
    titleOf(summary),
    "=".repeat(titleOf(summary).length),
    "",
    ...facts.map(({ name, value }) => `${name.padEnd(width)}  ${clean(value)}`),
    "",
    ...(failures.length === 0
      ? []
      : [
          "Failures",
          "",
          ...failures.flatMap(({ code, units, runs, sentence, actor, next }) => [
            `  ${clean(code)}: ${units} unit(s), ${runs} run(s)`,
            `    ${sentence} Must act: ${actor}. ${next}`,
          ]),
          "",
        ]),
    ...(held.length === 0
      ? []
      : [
          "Held: a person must decide",
          "",
          ...held.flatMap((one) => [
            `  ${one.serial ?? "no serial number"} (${clean(one.code)})`,
            ...decisionOf(one).map((command) => `    ${clean(command)}`),
          ]),
          "",
        ]),
    ...(chart.pieces.length === 0
      ? []
      : [
          `When units ended, in pieces of ${Math.round(chart.pieceMs / 60_000)} minutes (# PASS, x FAIL)`,
          "",
          ...chart.pieces.map(({ fromMs, passed, failed }) => {
            const bar = (count: number, mark: string): string => mark.repeat(Math.ceil((50 * count) / most));
            return `  ${minute(fromMs)}  ${String(passed).padStart(5)} ${String(failed).padStart(5)}  ${bar(passed, "#")}${bar(failed, "x")}`.trimEnd();
          }),
          "",
        ]),
    "Units",
    "",
    rowText(columns.map(([name]) => name)),
  ];
  return `${lines.join("\n")}\n`;
}

export function textRow(named: (name: ColumnName) => Cell): string {
  const cells = columns.map(([name]) => clean(String(named(name) ?? "")));
  const mark = named("voided") === true ? `  taken back: ${clean(String(named("voided_why") ?? ""))}` : "";
  return `${rowText(cells)}${mark}\n`;
}

export function textTail(): string {
  return "\nOperator: ______________________   Date: ______________\n\nReleased by: ___________________   Date: ______________\n";
}

function rowText(cells: readonly string[]): string {
  return `  ${cells.map((cell, index) => cell.padEnd(columns[index]?.[1] ?? 0)).join(" ")}`.trimEnd();
}

/** Nothing that moves a terminal's cursor, and one line. */
function clean(text: string): string {
  return text.replace(/\s+/g, " ").replace(/\p{Cc}/gu, "?");
}
