/** The middle one; of an even number, the upper of the two. NaN of none. Pure. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
