/** "Did you mean …": the candidate nearest to what was typed. Used for configuration keys, commands and flags. */

/** The fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: width }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column < width; column++) {
      const same = a[row - 1] === b[column - 1];
      const replaced = (last[column - 1] ?? 0) + (same ? 0 : 1);
      let best = Math.min(replaced, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

/**
 * The nearest candidate, or undefined when none is near: at most a third of the typed length may differ (at least one character).
 * Hyphen, underscore and case do not count, and the last part of a dotted key is enough: `max_reservations` finds
 * `reservation.max_reservations`.
 */
export function suggest(typed: string, candidates: readonly string[]): string | undefined {
  const wanted = normalise(typed.slice(0, 100));
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const whole = normalise(candidate);
    const lastOfWanted = wanted.slice(wanted.lastIndexOf(".") + 1);
    const lastOfWhole = whole.slice(whole.lastIndexOf(".") + 1);
    const distance =
      lastOfWanted === lastOfWhole && whole !== wanted
        ? 1
        : Math.min(editDistance(wanted, whole), editDistance(wanted, lastOfWhole));
    if (distance <= allowed && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** The tail of a sentence: `; did you mean "x"?`, or nothing. */
export function didYouMean(typed: string, candidates: readonly string[]): string {
  const nearest = suggest(typed, candidates);
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

function normalise(text: string): string {
  return text.toLowerCase().replaceAll("-", "_");
}
