/** Lines over time as SVG 1.1: readable on a light page and on a dark one. Pure. */

export interface Line {
  readonly name: string;
  /** In the plot's units, from left to right. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** `log`: each step is ten times the one before. */
  readonly yScale: "linear" | "log";
  /** The highest value that is shown; for `log`, too, the lowest. */
  readonly yMost: number;
  readonly yLeast: number;
  readonly xMost: number;
  readonly lines: readonly Line[];
  /** A value that all are compared with. */
  readonly mark?: { readonly at: number; readonly of: "x" | "y"; readonly name: string };
}

const [width, height] = [760, 404];
const area = { left: 74, top: 44, right: 740, bottom: 326 } as const;
/** Told apart by colour and by their dashes. */
const strokes = [
  { colour: "#2a7de1", dash: "" },
  { colour: "#d9822b", dash: "7 4" },
  { colour: "#8f56c9", dash: "2 3" },
] as const;

export function drawPlot(plot: Plot): string {
  const x = (value: number): number => area.left + (value / plot.xMost) * (area.right - area.left);
  const share = (value: number): number =>
    plot.yScale === "linear"
      ? (value - plot.yLeast) / (plot.yMost - plot.yLeast)
      : Math.log10(Math.max(value, plot.yLeast) / plot.yLeast) / Math.log10(plot.yMost / plot.yLeast);
  const y = (value: number): number => area.bottom - share(value) * (area.bottom - area.top);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="13">`,
    `<title>${escapeXml(plot.title)}</title>`,
    "<style>.ink{fill:#24292f}.grid{stroke:#8c959f;stroke-opacity:.35}.mark{stroke:#57606a;stroke-dasharray:4 4}",
    "@media (prefers-color-scheme:dark){.ink{fill:#e6edf3}.mark{stroke:#adbac7}}</style>",
    text(area.left, 22, plot.title, 'font-weight="bold"'),
    ...yTicks(plot).flatMap((value) => [
      `<path class="grid" d="M${area.left} ${round(y(value))}H${area.right}"/>`,
      text(area.left - 8, y(value) + 4, showNumber(value), 'text-anchor="end"'),
    ]),
    ...ticks(plot.xMost).map((value) => text(x(value), area.bottom + 18, showNumber(value), 'text-anchor="middle"')),
    text((area.left + area.right) / 2, area.bottom + 38, plot.xTitle, 'text-anchor="middle"'),
    text(
      16,
      (area.top + area.bottom) / 2,
      plot.yTitle,
      `text-anchor="middle" transform="rotate(-90 16 ${(area.top + area.bottom) / 2})"`,
    ),
    ...markOf(plot, x, y),
    ...plot.lines.flatMap((line, i) => drawLine(line, i, x, y)),
    "</svg>",
    "",
  ].join("\n");
}

function drawLine({ name, points }: Line, i: number, x: (v: number) => number, y: (v: number) => number): string[] {
  const { colour, dash } = strokes[i % strokes.length] ?? strokes[0];
  const path = points.map(([px, py], nth) => `${nth === 0 ? "M" : "L"}${round(x(px))} ${round(y(py))}`).join("");
  const stroke = `fill="none" stroke="${colour}" stroke-width="2"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}`;
  const legend = area.left + i * 220;
  return [
    `<path ${stroke} d="${path}"/>`,
    `<path ${stroke} d="M${legend} ${height - 10}h28"/>`,
    text(legend + 34, height - 6, name),
  ];
}

function markOf({ mark }: Plot, x: (v: number) => number, y: (v: number) => number): string[] {
  if (mark === undefined) return [];
  const at = round(mark.of === "x" ? x(mark.at) : y(mark.at));
  return mark.of === "x"
    ? [`<path class="mark" d="M${at} ${area.top}V${area.bottom}"/>`, text(at + 5, area.top + 12, mark.name)]
    : [
        `<path class="mark" d="M${area.left} ${at}H${area.right}"/>`,
        text(area.right, at - 5, mark.name, 'text-anchor="end"'),
      ];
}

function yTicks({ yScale, yLeast, yMost }: Plot): readonly number[] {
  if (yScale === "linear") return [yLeast, ...ticks(yMost)].filter((value, i, all) => all.indexOf(value) === i);
  const decades: number[] = [];
  for (let value = yLeast; value <= yMost; value *= 10) decades.push(value);
  return decades;
}

/** Round numbers from nothing to `most`, some five of them. */
function ticks(most: number): readonly number[] {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

function text(x: number, y: number, words: string, more = ""): string {
  return `<text class="ink" x="${round(x)}" y="${round(y)}"${more === "" ? "" : ` ${more}`}>${escapeXml(words)}</text>`;
}

function showNumber(value: number): string {
  return value.toLocaleString("en-GB");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(words: string): string {
  return words.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
