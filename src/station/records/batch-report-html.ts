import type { ColumnName } from "./columns.js";
import type { Cell } from "./csv.js";
import { decisionOf, figuresOf, framesOf, minute, titleOf } from "./report-words.js";
import type { BatchSummary } from "./summary.js";

/**
 * A batch's report as one HTML file that needs nothing else: for a browser, and for A4 paper. Every text of a record may have come from a
 * scanner or a modem, and is escaped. Pure.
 */

const columns = [
  ["serial", "Serial"],
  ["verdict", "Verdict"],
  ["slot", "Slot"],
  ["eid", "EID"],
  ["iccid", "ICCID"],
  ["runs", "Runs"],
  ["seconds", "Seconds"],
  ["label", "Label"],
  ["error_code", "Error"],
  ["ended_at", "Ended (UTC)"],
] as const satisfies readonly (readonly [ColumnName, string])[];

const style = `
:root { color-scheme: light; font: 10pt/1.35 system-ui, "Liberation Sans", Arial, sans-serif; color: #111; background: #fff; }
body { max-width: 190mm; margin: 8mm auto; padding: 0 4mm; }
h1 { font-size: 20pt; margin: 0 0 2mm; } h2 { font-size: 13pt; margin: 7mm 0 2mm; break-after: avoid; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 6mm; margin: 0; } dt { color: #444; } dd { margin: 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(34mm, 1fr)); gap: 2mm; margin: 4mm 0; }
.figures div { border: 0.3mm solid #999; padding: 1.5mm 2.5mm; } .figures dt { font-size: 8.5pt; } .figures dd { font-size: 13pt; font-weight: 600; }
.figures { padding: 0; } table { border-collapse: collapse; width: 100%; } thead { display: table-header-group; }
th, td { border-bottom: 0.2mm solid #bbb; padding: 0.8mm 1.5mm; text-align: left; vertical-align: top; } tr { break-inside: avoid; }
.units { font-size: 6pt; font-variant-numeric: tabular-nums; } .units th, .units td { padding: 0.5mm 1mm; white-space: nowrap; }
.units td:first-child { min-width: 26mm; } .units td:first-child, .units td:nth-child(9), .units .why { white-space: normal; overflow-wrap: break-word; }
.FAIL td:nth-child(2) { font-weight: 700; background: #eee; } .void td { text-decoration: line-through; } .void td.why { text-decoration: none; }
code { font: 8pt ui-monospace, "Liberation Mono", monospace; overflow-wrap: break-word; } .lead { break-after: avoid; }
svg { width: 100%; height: auto; } .signatures { display: grid; grid-template-columns: 1fr 1fr; gap: 12mm; margin-top: 14mm; break-inside: avoid; }
.signatures p { border-top: 0.3mm solid #111; margin: 12mm 0 0; padding-top: 1mm; }
@page { size: A4; margin: 12mm; } @media print { body { margin: 0; max-width: none; padding: 0; } }
`;

/** As far as the first unit's row. */
export function reportHead(summary: BatchSummary): string {
  const title = titleOf(summary);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<dl>${framesOf(summary)
    .map(({ name, value }) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`)
    .join("")}</dl>
<dl class="figures">${figuresOf(summary)
    .map(({ name, value }) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`)
    .join("")}</dl>
${chartSection(summary)}${failureSection(summary)}${heldSection(summary)}${signatures}
<h2>Units</h2>
<table class="units">
<thead><tr>${columns.map(([, head]) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
<tbody>
`;
}

export function reportRow(named: (name: ColumnName) => Cell): string {
  const isVoided = named("voided") === true;
  const classes = [named("verdict") === "FAIL" ? "FAIL" : "", isVoided ? "void" : ""].filter((name) => name !== "");
  const cells = columns.map(([name]) => `<td>${escaped(cellText(name, named(name)))}</td>`).join("");
  const row = `<tr${classes.length === 0 ? "" : ` class="${classes.join(" ")}"`}>${cells}</tr>\n`;
  if (!isVoided) return row;
  const who = named("voided_by");
  const why = `taken back${who === null ? "" : ` by ${String(who)}`}: ${String(named("voided_why") ?? "")}`;
  return `${row}<tr class="void"><td class="why" colspan="${columns.length}">${escaped(`${named("serial") ?? ""} ${why}`)}</td></tr>\n`;
}

/** A column's width is what the longest needs: times without their year's beginning and their seconds. */
function cellText(name: ColumnName, cell: Cell): string {
  const text = String(cell ?? "");
  return name === "ended_at" ? text.slice(2, 16).replace("T", " ") : text;
}

export function reportTail(): string {
  return "</tbody>\n</table>\n</body>\n</html>\n";
}

const signatures = `<section class="signatures" aria-label="Signatures"><p>Operator, date</p><p>Released by, date</p></section>`;

function failureSection({ failures }: BatchSummary): string {
  if (failures.length === 0) return "";
  const rows = failures.map(
    ({ code, units, runs, sentence, actor, next }) =>
      `<tr><td><code>${escaped(code)}</code></td><td>${units}</td><td>${runs}</td><td>${escaped(sentence)}</td><td>${escaped(actor)}</td><td>${escaped(next)}</td></tr>`,
  );
  return `<h2>Failures</h2>
<table><thead><tr><th scope="col">Code</th><th scope="col">Units</th><th scope="col">Runs</th><th scope="col">What</th><th scope="col">Must act</th><th scope="col">Next</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table>
`;
}

function heldSection({ held }: BatchSummary): string {
  if (held.length === 0) return "";
  const rows = held.map(
    (one) =>
      `<tr><td>${escaped(one.serial ?? "")}</td><td><code>${escaped(one.code)}</code></td><td>${decisionOf(one)
        .map((command) => `<code>${escaped(command)}</code>`)
        .join("<br>")}</td></tr>`,
  );
  return `<h2>Held: a person must decide</h2>
<p class="lead">Look what was paid first; then take the reservation for this unit, or give it up: it stays paid.</p>
<table><thead><tr><th scope="col">Serial</th><th scope="col">Code</th><th scope="col">Commands</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table>
`;
}

const chartWidth = 720;
const barsHeight = 120;

/** Bars: PASS is filled, FAIL hatched above it, so that paper without colour shows both. */
function chartSection({ chart: { pieceMs, pieces } }: BatchSummary): string {
  const [first] = pieces;
  const last = pieces.at(-1);
  if (first === undefined || last === undefined) return "";
  const most = Math.max(1, ...pieces.map(({ passed, failed }) => passed + failed));
  const step = Math.min(40, chartWidth / pieces.length);
  const bars = pieces.flatMap(({ passed, failed }, index) => {
    const x = (index * step + 0.5).toFixed(2);
    const width = Math.max(0.5, step - 1).toFixed(2);
    const high = (count: number): number => (barsHeight * count) / most;
    const bar = (from: number, count: number, fill: string): readonly string[] =>
      count === 0
        ? []
        : [
            `<rect x="${x}" y="${(barsHeight - high(from + count)).toFixed(2)}" width="${width}" height="${high(count).toFixed(2)}" fill="${fill}" stroke="#111" stroke-width="0.4"/>`,
          ];
    return [...bar(0, passed, "#4477aa"), ...bar(passed, failed, "url(#hatch)")];
  });
  const ended = pieces.reduce((sum, { passed, failed }) => sum + passed + failed, 0);
  const words = `${ended} units ended from ${minute(first.fromMs)} to ${minute(last.fromMs + pieceMs)}; at most ${most} in ${Math.round(pieceMs / 60_000)} minutes.`;
  return `<h2>When units ended</h2>
<svg viewBox="0 0 ${chartWidth} ${barsHeight + 4}" role="img" aria-label="${escaped(words)}">
<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="4" height="4" fill="#fff"/><rect width="1.6" height="4" fill="#aa3311"/></pattern></defs>
${bars.join("\n")}
<line x1="0" y1="${barsHeight}" x2="${chartWidth}" y2="${barsHeight}" stroke="#111"/>
</svg>
<p>${escaped(words)} Filled: PASS, hatched: FAIL.</p>
`;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? "").replace(/[^\P{Cc}\t\n\r]/gu, "?");
}
