/** One axis of a plot, with ticks at round numbers. Pure. */

export interface Scale {
  readonly ticks: readonly number[];
  /** Where a value is on the axis: 0 at its beginning, 1 at its end, which is a tick. What is below its beginning is there. */
  readonly share: (value: number) => number;
}

const wantedTicks = 6;
const roundSteps = [1, 2, 5, 10];

/** From zero in even steps to what the data need. @param greatest Of the data; a plot without any is one to 1. */
export function scaleTo(greatest: number): Scale {
  const rough = (greatest > 0 ? greatest : 1) / wantedTicks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (roundSteps.find((round) => round * power >= rough) ?? 10) * power;
  const count = Math.ceil((greatest > 0 ? greatest : 1) / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  const end = ticks.at(-1) ?? 1;
  return { ticks, share: (value) => Math.max(0, value / end) };
}

/** From `least` on, each step ten times the one before; one step at least. */
export function decadesTo(least: number, greatest: number): Scale {
  const count = Math.max(1, Math.ceil(Math.log10(greatest / least) - 1e-9));
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((least * 10 ** index).toPrecision(12)));
  return { ticks, share: (value) => (value <= least ? 0 : Math.log10(value / least) / count) };
}
