import type { ShiftPiece } from "../../view.js";
import { type ChartSize, chartOf } from "./chart.js";
import { byId, drawing, element } from "./dom.js";
import { clockText } from "./time.js";

/** The shift as bars, and as a table for those who cannot see them. */

const label = 18;
const scale = 26;
const above = 6;
const lowest = 70;
const highest = 240;

export function shiftChart(): { show(pieces: readonly ShiftPiece[]): void } {
  const place = byId("chart", HTMLElement);
  const table = byId("chart-table", HTMLElement);
  let shown = "";
  let current: readonly ShiftPiece[] = [];
  const draw = (): void => {
    const width = Math.max(120, place.clientWidth - scale);
    const height = Math.max(lowest, Math.min(highest, place.clientHeight - label - above));
    place.replaceChildren(drawn(current, { width, height }));
  };
  // Drawn in the room's own pixels, so that its letters are as large as all others.
  new ResizeObserver(draw).observe(place);
  return {
    show: (pieces) => {
      const key = JSON.stringify(pieces);
      if (key === shown) return;
      shown = key;
      current = pieces;
      draw();
      table.replaceChildren(...rowsOf(pieces));
    },
  };
}

function drawn(pieces: readonly ShiftPiece[], size: ChartSize): SVGElement {
  const { bars, top, hours } = chartOf(pieces, size, (ms) => clockText(ms).slice(0, 5));
  const rect = (tone: string, x: number, width: number, { y, height }: { y: number; height: number }): Node[] =>
    height === 0 ? [] : [drawing("rect", { class: tone, x, y, width, height })];
  // Failed ones are told by their stripes as well as by their colour and their place.
  const stripes = drawing(
    "pattern",
    { id: "stripes", width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    [
      drawing("rect", { class: "fail", width: 4, height: 4 }),
      drawing("rect", { class: "stripe", width: 1.4, height: 4 }),
    ],
  );
  const line = (y: number, text: string): Node[] => [
    drawing("line", { class: "rule", x1: 0, x2: size.width, y1: y, y2: y }),
    withText(drawing("text", { class: "scale", x: -4, y: y + 4, "text-anchor": "end" }), text),
  ];
  return drawing(
    "svg",
    {
      viewBox: `${-scale} ${-above} ${size.width + scale} ${size.height + label + above}`,
      width: size.width + scale,
      height: size.height + label + above,
      "aria-hidden": "true",
      class: "chart",
    },
    [
      drawing("defs", {}, [stripes]),
      ...line(0, String(top)),
      ...(top > 1 ? line(size.height / 2, String(top / 2)) : []),
      ...line(size.height, "0"),
      ...bars.flatMap(({ x, width, passed, failed }) => [
        ...rect("pass", x, width, passed),
        ...rect("fail striped", x, width, failed),
      ]),
      ...hours.map(({ x, text }) =>
        withText(drawing("text", { class: "scale", x, y: size.height + label - 2, "text-anchor": "middle" }), text),
      ),
    ],
  );
}

function rowsOf(pieces: readonly ShiftPiece[]): Node[] {
  const cell = (text: string): HTMLElement => element("td", { text });
  const head = element("thead", {}, [
    element(
      "tr",
      {},
      ["From", "Passed", "Failed"].map((text) => element("th", { text, attributes: { scope: "col" } })),
    ),
  ]);
  const rows = pieces
    .filter(({ passed, failed }) => passed + failed > 0)
    .map(({ fromMs, passed, failed }) =>
      element("tr", {}, [
        element("th", { text: clockText(fromMs).slice(0, 5), attributes: { scope: "row" } }),
        cell(String(passed)),
        cell(String(failed)),
      ]),
    );
  return [element("caption", { text: "Units that ended, in pieces of 10 minutes" }), head, element("tbody", {}, rows)];
}

function withText(target: SVGElement, text: string): SVGElement {
  target.textContent = text;
  return target;
}
