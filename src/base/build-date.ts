/**
 * When this esimd was made: a clock that stands before it is wrong. The package's builder puts the day into the bundle by defining
 * `ESIMD_BUILD_DATE`, as in `2026-11-27`; run from its source, esimd knows only that it is no older than its first year.
 */
declare const ESIMD_BUILD_DATE: string | undefined;

const sourceDate = "2026-01-01";

export const buildDateMs: number = buildDateOf(typeof ESIMD_BUILD_DATE === "string" ? ESIMD_BUILD_DATE : undefined);

/** What is no day would take every clock for sane, or none: then the source's own counts. Pure. */
export function buildDateOf(stamped: string | undefined): number {
  const stampedMs = /^\d{4}-\d\d-\d\d$/.test(stamped ?? "") ? Date.parse(stamped ?? "") : Number.NaN;
  return Number.isNaN(stampedMs) ? Date.parse(sourceDate) : stampedMs;
}
