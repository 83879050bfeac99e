import { decadesTo, type Scale, scaleTo } from "./scale.js";

/**
 * A plot as an SVG file: lines through points on two axes. It asks for nothing outside itself, and takes the colours of
 * who looks at it, light or dark. Series differ by their dashes and marks as well, for who sees no colours. Pure.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** Only single measurements have marks: a course has too many points for them, and what all are compared with is a line. */
  readonly kind: "measured" | "course" | "limit";
}

export interface Axis {
  /** With its unit: `profile, kB`. */
  readonly label: string;
  /** Of the numbers at its ticks; as they are when left out. */
  readonly format?: (value: number) => string;
  /** From here each step is ten times the one before; from zero in even steps when left out. */
  readonly decadesFrom?: number;
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** At most six. */
  readonly series: readonly Series[];
}

const size = { width: 720, height: 420 };
const frame = { left: 64, right: 20, top: 44, bottom: 88 };
const lightColours = ["#0b5cad", "#b3400a", "#1b7a3d", "#7a3fa0", "#8a6100", "#5b6570"];
const darkColours = ["#6cb2ff", "#ff9b6a", "#63d18c", "#c99bf0", "#e0b64a", "#aab4bf"];
const dashes = ["", "7 3", "2 3", "9 3 2 3", "4 4", "1 4"];
const legendColumns = 2;

export function renderPlot(plot: Plot): string {
  const points = plot.series.flatMap((series) => series.points);
  const xScale = scaleOf(
    plot.x,
    points.reduce((most, { x }) => Math.max(most, x), 0),
  );
  const yScale = scaleOf(
    plot.y,
    points.reduce((most, { y }) => Math.max(most, y), 0),
  );
  const inner = { width: size.width - frame.left - frame.right, height: size.height - frame.top - frame.bottom };
  const bottom = frame.top + inner.height;
  const atX = (x: number): number => round(frame.left + xScale.share(x) * inner.width);
  const atY = (y: number): number => round(bottom - yScale.share(y) * inner.height);
  const showX = plot.x.format ?? String;
  const showY = plot.y.format ?? String;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img">`,
    `<title>${escaped(plot.title)}</title>`,
    `<style>${styles(plot.series.length)}</style>`,
    `<rect class="paper" width="${size.width}" height="${size.height}"/>`,
    text(frame.left, 24, "start", plot.title, "title"),
    ...yScale.ticks.flatMap((tick) => [
      `<path class="grid" d="M${frame.left} ${atY(tick)}H${size.width - frame.right}"/>`,
      text(frame.left - 8, atY(tick) + 4, "end", showY(tick)),
    ]),
    ...xScale.ticks.map((tick) => text(atX(tick), bottom + 18, "middle", showX(tick))),
    `<path class="axis" d="M${frame.left} ${frame.top}V${bottom}H${size.width - frame.right}"/>`,
    text(size.width - frame.right, bottom + 36, "end", plot.x.label),
    text(frame.left, frame.top - 6, "start", plot.y.label),
    ...plot.series.flatMap((series, index) => drawn(series, index, atX, atY)),
    ...plot.series.flatMap((series, index) => legend(series, index, bottom + 54, inner.width)),
    "</svg>",
    "",
  ].join("\n");
}

function scaleOf({ decadesFrom }: Axis, greatest: number): Scale {
  return decadesFrom === undefined ? scaleTo(greatest) : decadesTo(decadesFrom, greatest);
}

function drawn(
  { points, kind }: Series,
  index: number,
  atX: (x: number) => number,
  atY: (y: number) => number,
): readonly string[] {
  const ordered = [...points].sort((one, other) => one.x - other.x);
  const path = ordered.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${atX(x)} ${atY(y)}`).join("");
  const marks = kind !== "measured" ? [] : ordered.map(({ x, y }) => mark(index, atX(x), atY(y)));
  return [`<path class="line s${index}" d="${path}"/>`, ...marks];
}

function legend({ name, kind }: Series, index: number, top: number, width: number): readonly string[] {
  const x = frame.left + (index % legendColumns) * Math.floor(width / legendColumns);
  const y = top + Math.floor(index / legendColumns) * 18;
  return [
    `<path class="line s${index}" d="M${x} ${y}H${x + 30}"/>`,
    ...(kind !== "measured" ? [] : [mark(index, x + 15, y)]),
    text(x + 38, y + 4, "start", name),
  ];
}

/** A circle, a square or a diamond. */
function mark(index: number, x: number, y: number): string {
  const shapes = [
    `<circle class="mark s${index}" cx="${x}" cy="${y}" r="4"/>`,
    `<path class="mark s${index}" d="M${x - 4} ${y - 4}h8v8h-8z"/>`,
    `<path class="mark s${index}" d="M${x} ${y - 5}l5 5l-5 5l-5 -5z"/>`,
  ];
  return shapes[index % shapes.length] ?? "";
}

function text(x: number, y: number, anchor: "start" | "middle" | "end", words: string, name = "words"): string {
  return `<text class="${name}" x="${x}" y="${y}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function styles(count: number): string {
  const colours = (of: readonly string[]): string =>
    Array.from({ length: count }, (_, index) => {
      const colour = of[index % of.length];
      return `.line.s${index}{stroke:${colour}}.mark.s${index}{fill:${colour}}`;
    }).join("");
  const dashed = Array.from(
    { length: count },
    (_, index) => `.line.s${index}{stroke-dasharray:${dashes[index % dashes.length] || "none"}}`,
  ).join("");
  return [
    ".paper{fill:#fff}.grid{stroke:#d8dde3;fill:none}.axis{stroke:#3b444d;fill:none}",
    "text{font:13px system-ui,sans-serif;fill:#1f262d}.title{font-size:15px;font-weight:600}",
    `.line{fill:none;stroke-width:2}${dashed}${colours(lightColours)}`,
    "@media (prefers-color-scheme:dark){.paper{fill:#14181d}.grid{stroke:#333b44}.axis{stroke:#aab4bf}text{fill:#e6ebf0}",
    `${colours(darkColours)}}`,
  ].join("");
}

function escaped(words: string): string {
  return words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
