import { ask, type ModemLine } from "./exchange.js";

/** The modem's wall clock, from NITZ or its own RTC (TS 27.007 8.15); undefined when it does not tell, or was never set. */
export async function readModemClock(line: ModemLine, signal: AbortSignal): Promise<number | undefined> {
  const command = { text: "AT+CCLK?", answer: { kind: "prefix", prefix: "+CCLK" }, timeoutMs: 5_000 } as const;
  const { lines, result } = await ask(line, command, signal);
  return result.kind === "ok" ? modemClockOf(lines) : undefined;
}

/** Modems that were never told the time begin at 80/01/06, 70/01/01 or 04/01/01; no year of these can be now. */
const years = { first: 25, last: 69 } as const;

/**
 * `+CCLK: "26/11/24,04:05:06+04"`: local time, and its distance from UTC in quarters of an hour, which some leave out. Some tell UTC and
 * a zone, so that it is good to a day and no better. Pure.
 */
export function modemClockOf(lines: readonly string[]): number | undefined {
  for (const text of lines) {
    const match = /"(\d{2})\/(\d{2})\/(\d{2}),(\d{2}):(\d{2}):(\d{2})([+-]\d{1,3})?"/.exec(text);
    if (match === null) continue;
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, quarters = 0] = match
      .slice(1)
      .map((digits) => Number(digits ?? 0));
    if (year < years.first || year > years.last || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
    return Date.UTC(2000 + year, month - 1, day, hour, minute, second) - quarters * 15 * 60_000;
  }
  return undefined;
}
