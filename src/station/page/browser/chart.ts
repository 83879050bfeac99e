import type { ShiftPiece } from "../../view.js";

/** The geometry of the shift's chart: bars of pieces of time, failed on top of passed. Pure, in units of the drawing. */

export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly passed: { readonly y: number; readonly height: number };
  readonly failed: { readonly y: number; readonly height: number };
}

export interface Chart {
  readonly bars: readonly Bar[];
  /** The highest line of the scale, in units a piece. */
  readonly top: number;
  readonly hours: readonly { readonly x: number; readonly text: string }[];
}

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** A written hour and the space beside it. */
const roomOfHour = 46;

export function chartOf(
  pieces: readonly ShiftPiece[],
  { width, height }: ChartSize,
  hourText: (ms: number) => string,
): Chart {
  const highest = Math.max(1, ...pieces.map(({ passed, failed }) => passed + failed));
  const top = scaleTop(highest);
  const step = width / Math.max(1, pieces.length);
  const unit = height / top;
  const bars = pieces.map(({ passed, failed }, index) => ({
    x: index * step,
    width: step * 0.8,
    passed: { y: height - passed * unit, height: passed * unit },
    failed: { y: height - (passed + failed) * unit, height: failed * unit },
  }));
  const hourStep = [1, 2, 3, 4, 6].find((hours) => hours * 6 * step >= roomOfHour) ?? 12;
  const hours = pieces.flatMap(({ fromMs }, index) => {
    const at = new Date(fromMs);
    const x = index * step;
    const isWhole = at.getMinutes() === 0 && at.getHours() % hourStep === 0;
    return isWhole && x >= roomOfHour / 2 && x <= width - roomOfHour / 2 ? [{ x, text: hourText(fromMs) }] : [];
  });
  return { bars, top, hours };
}

/** The next of 1, 2, 4, 6, 8, 10, 20 and so on: whole in its middle, too. */
export function scaleTop(value: number): number {
  let power = 1;
  for (;;) {
    for (const step of [1, 2, 4, 6, 8]) if (step * power >= value) return step * power;
    power *= 10;
  }
}
