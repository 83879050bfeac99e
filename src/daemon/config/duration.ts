/** Durations as a person writes them in a configuration: "15min", "30s", "500ms", or whole seconds. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** Longer than any sensible wait, and well inside what a 32-bit timer can hold (24.8 days). */
export const longestDurationMs = 7 * 86_400_000;

/** What {@link parseDuration} takes, as the end of a sentence. */
export const durationForm = 'a duration such as "15min", "30s", "500ms" or "1h", or whole seconds';

/** Milliseconds, or undefined when it is not a duration or is longer than a week. A number without a unit is seconds. */
export function parseDuration(raw: string | number): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|min|h|d)?$/.exec(String(raw).trim());
  if (match === null) return undefined;
  const [, amount = "", unit] = match;
  if (unit === undefined && amount.includes(".")) return undefined;
  const ms = Math.round(Number(amount) * (unitMs[unit ?? "s"] ?? 1000));
  return ms <= longestDurationMs ? ms : undefined;
}
