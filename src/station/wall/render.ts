import { gridFor } from "../page/browser/grid.js";
import { headlineOf } from "../page/browser/headline.js";
import { durationText, shareText } from "../page/browser/words.js";
import type { BatchView, StationView } from "../view.js";
import { largeForm, middleForm, slotText } from "./slot-text.js";
import { painter, type Style } from "./styles.js";
import { between, fitted } from "./text.js";

/** The wall on a terminal: the same as the page in as many cells as there are. Pure. */

export interface WallSize {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

/** Rows that are no slots: head, what to do, figures, the last scan. */
const frameRows = 4;
/** A terminal's cell is twice as high as it is wide. */
const cellAspect = 2;

/** Exactly `rows` lines of at most `columns` cells. */
export function renderWall(view: StationView, { columns, rows, colour }: WallSize): readonly string[] {
  const paint = painter(colour);
  const { tone, sentence } = headlineOf(view);
  const style: Style = tone === "alarm" || tone === "act" ? tone : "bold";
  const head = between(`${view.station}  batch ${view.batch.name}`, `esimd ${view.version}`, columns);
  const room = Math.max(1, rows - frameRows);
  const wall = gridLines(view, { columns, room, paint });
  const lines = [
    paint(head, "plain"),
    paint(fitted(` ${sentence}`, columns), style),
    ...wall,
    fitted(figuresText(view.batch), columns).trimEnd(),
    scanLine(view, columns, colour),
  ];
  return lines.slice(0, rows);
}

function gridLines(
  view: StationView,
  {
    columns,
    room,
    paint,
  }: { readonly columns: number; readonly room: number; readonly paint: ReturnType<typeof painter> },
): readonly string[] {
  const count = view.slots.length;
  const form = formFor(count, columns, room);
  const width = Math.floor((columns + 1) / form.columns) - 1;
  const height = Math.max(1, Math.floor((room + form.gap) / form.rows) - form.gap);
  const lines: string[] = [];
  for (let row = 0; row < form.rows; row++) {
    const slots = view.slots.slice(row * form.columns, (row + 1) * form.columns);
    const texts = slots.map((slot) => slotText(slot, { width, height, nowMs: view.atMs, paint }));
    for (let line = 0; line < height; line++) lines.push(texts.map((text) => text[line] ?? "").join(" "));
    if (form.gap > 0 && row + 1 < form.rows) lines.push("");
  }
  // What does not fit is told, and not left out in silence.
  if (lines.length > room)
    return [...lines.slice(0, room - 1), fitted("… more slots: make this terminal larger", columns).trimEnd()];
  return [...lines, ...Array<string>(room - lines.length).fill("")];
}

/** The largest form that all slots fit in: large letters, else some lines, else a line each. */
function formFor(count: number, columns: number, room: number): { columns: number; rows: number; gap: number } {
  const fits = (wide: number, rows: number, { width, height }: { width: number; height: number }): boolean =>
    Math.floor((columns + 1) / wide) - 1 >= width && Math.floor((room + 1) / rows) - 1 >= height;
  const even = gridFor(count, columns, room * cellAspect, 1.6);
  for (const least of [largeForm, middleForm]) {
    if (fits(even.columns, even.rows, least)) return { ...even, gap: 1 };
    const wide = Math.max(1, Math.floor((columns + 1) / (least.width + 1)));
    const rows = Math.ceil(count / wide);
    if (fits(wide, rows, least)) return { columns: wide, rows, gap: 1 };
  }
  // One line each, in columns as wide as they may be.
  const wide = Math.max(1, Math.min(Math.ceil(count / room), Math.floor((columns + 1) / (narrowest + 1))));
  return { columns: wide, rows: Math.ceil(count / wide), gap: 0 };
}

/** Number, mark, word and the end of a serial number. */
const narrowest = 15;

function figuresText({ passed, failed, running, charges, budget, cycle, sheet }: BatchView): string {
  const parts = [
    `PASS ${passed}`,
    `FAIL ${failed}`,
    `yield ${shareText(passed, passed + failed)}`,
    `running ${running}`,
    ...(cycle === null ? [] : [`cycle ${durationText(cycle.medianMs)} (9 of 10 ${durationText(cycle.p90Ms)})`]),
    `paid ${budget === null ? charges : `${charges} of ${budget}`}`,
    ...(sheet === null ? [] : [`left ${sheet.left}`]),
  ];
  return ` ${parts.join("  ")}`;
}

function scanLine({ scan }: StationView, columns: number, colour: boolean): string {
  if (scan === null)
    return fitted(" Scan a unit, or type: 7 SERIAL, retry 7, off 7, on 7, drain, quit", columns).trimEnd();
  const style: Style = scan.isTaken ? "bold" : "alarm";
  return painter(colour)(fitted(` ${scan.isTaken ? "+" : "X"} ${scan.text}: ${scan.sentence}`, columns), style);
}
