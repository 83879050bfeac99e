import { afterPrefix, splitFields } from "../at/fields.js";
import { linesOrGap, type ModemLine } from "./exchange.js";

/** What the modem tells of its radio and its clock; a gap where it does not. */

export interface Signal {
  readonly dBm: number;
  /** RSSI of 2G to 4G, RSRP of LTE, SS-RSRP of NR. */
  readonly measure: "RSSI" | "RSRP" | "SS-RSRP";
}

/** AT+CSQ, and AT+CESQ where that has nothing to tell, as on 5G (TS 27.007 8.5, 8.69). */
export async function readSignal(line: ModemLine, signal: AbortSignal): Promise<Signal | undefined> {
  return (
    parseCsq(await linesOf(line, "AT+CSQ", "+CSQ", signal)) ??
    parseCesq(await linesOf(line, "AT+CESQ", "+CESQ", signal))
  );
}

/** `+CSQ: 21,99`: 0 is -113 dBm or less, 31 is -51 dBm or more, 99 is not known. Pure. */
export function parseCsq(lines: readonly string[]): Signal | undefined {
  const rssi = numberAt(lines, "+CSQ", 0);
  return rssi === undefined || rssi > 31 ? undefined : { dBm: -113 + 2 * rssi, measure: "RSSI" };
}

/** `+CESQ: rxlev,ber,rscp,ecno,rsrq,rsrp[,ss_rsrq,ss_rsrp,ss_sinr]`, 255 and 99 for what is not known. Pure. */
export function parseCesq(lines: readonly string[]): Signal | undefined {
  const rsrp = numberAt(lines, "+CESQ", 5);
  if (rsrp !== undefined && rsrp <= 97) return { dBm: -141 + rsrp, measure: "RSRP" };
  const ssRsrp = numberAt(lines, "+CESQ", 7);
  return ssRsrp === undefined || ssRsrp > 126 ? undefined : { dBm: -157 + ssRsrp, measure: "SS-RSRP" };
}

/** The modem's clock as milliseconds since the epoch; undefined while it was never set. */
export async function readModemClock(line: ModemLine, signal: AbortSignal): Promise<number | undefined> {
  return parseClock(await linesOf(line, "AT+CCLK?", "+CCLK", signal));
}

/** A clock that no network has set counts from 1970, 1980 or 2004 (field notes); no esimd was made before this year. */
const firstYear = 2025;

/** `+CCLK: "26/11/24,04:08:00+04"`: local time, and its zone in quarters of an hour (TS 27.007 8.15). Pure. */
export function parseClock(lines: readonly string[]): number | undefined {
  for (const text of lines) {
    const fields = afterPrefix(text, "+CCLK");
    const match = /^"?(\d{4}|\d{2})\/(\d{2})\/(\d{2}),(\d{2}):(\d{2}):(\d{2})([+-]\d{1,3})?"?/.exec(
      fields?.trim() ?? "",
    );
    if (match === null) continue;
    const [yearText = "", month, day, hour, minute, second] = match.slice(1, 7);
    const year = yearText.length === 4 ? Number(yearText) : 2000 + Number(yearText);
    const quarters = Number(match[7] ?? 0);
    const localMs = Date.UTC(year, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
    const isReal =
      new Date(localMs).getUTCMonth() + 1 === Number(month) && new Date(localMs).getUTCDate() === Number(day);
    // Two digits put 1980 into 2080.
    return !isReal || year < firstYear || year >= 2070 ? undefined : localMs - quarters * 900_000;
  }
  return undefined;
}

function numberAt(lines: readonly string[], prefix: string, index: number): number | undefined {
  const field = splitFields(afterPrefix(lines[0] ?? "", prefix) ?? "")[index];
  return field !== undefined && /^\d{1,3}$/.test(field) ? Number(field) : undefined;
}

function linesOf(line: ModemLine, text: string, prefix: string, signal: AbortSignal): Promise<readonly string[]> {
  return linesOrGap(line, { text, answer: { kind: "prefix", prefix }, timeoutMs: 5_000 }, signal);
}
