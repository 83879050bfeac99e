import { elapsedText, percentOf, sentenceOf, standingOf } from "../page/browser/words.js";
import type { SlotView } from "../view.js";
import { largeRows, largeWord } from "./letters.js";
import type { Painter } from "./styles.js";
import { between, fitted, fittedEnd, wrapped } from "./text.js";

/** One slot in as many cells as it gets: large letters, a few lines, or one line. */

export const largeForm = { width: 17, height: 7 } as const;
export const middleForm = { width: 18, height: 3 } as const;

export interface SlotCells {
  readonly width: number;
  readonly height: number;
  readonly nowMs: number;
  readonly paint: Painter;
}

/** Lines of exactly `width` cells, `height` of them. */
export function slotText(slot: SlotView, cells: SlotCells): readonly string[] {
  const { width, height, paint } = cells;
  const { tone } = standingOf(slot.phase);
  const isLarge = width >= largeForm.width && height >= largeForm.height;
  const lines = isLarge ? large(slot, cells) : height >= middleForm.height ? middle(slot, cells) : [one(slot, cells)];
  return Array.from({ length: height }, (_, row) => paint(fitCells(lines[row] ?? "", width), tone));
}

function large(slot: SlotView, { width, height, nowMs }: SlotCells): readonly string[] {
  const { word } = standingOf(slot.phase);
  const inner = width - 2;
  const letters = (largeWord(word) ?? []).filter((line) => line.length <= inner);
  const number = between(`${slot.number}`, mark(slot), inner);
  const serial = between(slot.unit.serial ?? "", elapsedText(slot, nowMs), inner);
  const next = wrapped(slot.next, inner, 2);
  const room = height - 2 - largeRows - next.length;
  const middleLines = [...(bar(slot, inner) ?? []), ...wrapped(sentenceOf(slot.phase), inner, Math.max(0, room))];
  return [
    number,
    ...(letters.length === largeRows ? letters : ["", word, ""]),
    serial,
    ...middleLines.slice(0, Math.max(0, room)),
    ...next,
  ].map((line) => ` ${line}`);
}

function middle(slot: SlotView, { width, height, nowMs }: SlotCells): readonly string[] {
  const { word } = standingOf(slot.phase);
  const inner = width - 1;
  const head = between(`${String(slot.number).padStart(2)} ${mark(slot)} ${word}`, elapsedText(slot, nowMs), inner);
  const more = height > middleForm.height ? wrapped(sentenceOf(slot.phase), inner, height - middleForm.height) : [];
  return [head, fittedEnd(slot.unit.serial ?? "", inner), ...more, fitted(slot.next, inner)].map((line) => ` ${line}`);
}

function one(slot: SlotView, { width }: SlotCells): string {
  const { word } = standingOf(slot.phase);
  const head = `${String(slot.number).padStart(2)} ${mark(slot)} ${word.padEnd(6)}`;
  return `${head} ${fittedEnd(slot.unit.serial ?? "", Math.max(0, width - head.length - 2))}`;
}

/** A mark for those who do not see the colour, in letters that any terminal has. */
function mark(slot: SlotView): string {
  const marks = { pass: "+", fail: "X", work: "~", act: ">", rest: " ", off: "-" } as const;
  return marks[standingOf(slot.phase).tone];
}

function bar(slot: SlotView, width: number): readonly string[] | undefined {
  if (slot.phase.kind !== "running" || slot.phase.progress === null) return undefined;
  const full = Math.round((width * percentOf(slot.phase.progress)) / 100);
  return [`${"█".repeat(full)}${"░".repeat(width - full)}`];
}

/** The letters' blocks are no text of others, and are left as they are. */
function fitCells(line: string, width: number): string {
  return line.length <= width ? line.padEnd(width) : line.slice(0, width);
}
