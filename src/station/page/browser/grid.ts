/** How many columns a wall has, so that its slots are as large as they can be. Shared with the terminal's wall. */

export interface GridForm {
  readonly columns: number;
  readonly rows: number;
}

/**
 * @param aspect width by height of the slot that is liked best; one of another form counts by what fits into it.
 * A row that is not full costs nothing by itself: eight slots are 4 and 4, and seven are, too.
 */
export function gridFor(count: number, width: number, height: number, aspect = 1.25): GridForm {
  let best: GridForm = { columns: 1, rows: Math.max(1, count) };
  let bestSize = -1;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns / aspect, height / rows);
    // A tie goes to the fuller grid, which is the one with fewer columns.
    if (size > bestSize + 1e-9) {
      best = { columns, rows };
      bestSize = size;
    }
  }
  return best;
}

export type Direction = "left" | "right" | "up" | "down" | "first" | "last";

/** Where the focus goes from the slot at `index`; it stays where there is nothing. */
export function neighbour(index: number, direction: Direction, count: number, columns: number): number {
  const wanted = {
    left: index - 1,
    right: index + 1,
    up: index - columns,
    down: index + columns,
    first: 0,
    last: count - 1,
  }[direction];
  return wanted < 0 || wanted >= count ? index : wanted;
}
