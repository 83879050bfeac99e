/** One axis of a plot: from zero to what the data need, with ticks at round numbers. Pure. */

export interface Scale {
  readonly ticks: readonly number[];
  /** The end of the axis, which is a tick. */
  readonly end: number;
}

const wantedTicks = 6;
const roundSteps = [1, 2, 5, 10];

/** @param greatest Of the data; a plot without any is one to 1. */
export function scaleTo(greatest: number): Scale {
  const rough = (greatest > 0 ? greatest : 1) / wantedTicks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (roundSteps.find((round) => round * power >= rough) ?? 10) * power;
  const count = Math.ceil((greatest > 0 ? greatest : 1) / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  return { ticks, end: ticks.at(-1) ?? 1 };
}
