import type { AtReply } from "../at/channel.js";
import { afterPrefix } from "../at/fields.js";
import { sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import { openingBaud, uartRates } from "../serial/uart.js";
import { answersAt, findSpeed } from "./baud-search.js";
import type { ModemLine } from "./exchange.js";

/**
 * The speed of a real UART, raised for a run with `AT+IPR` (V.250 6.2.10) and put back at its end.
 *
 * The new rate holds from behind the final result code on, which still comes at the old one (V.250 6.2.10; Siemens TC35 AT Command Set
 * 2.43). Nothing is stored with `AT&W`, so that a power cycle brings back the rate the modem was given by others. Quectel and SIMCom
 * store the rate with `AT&W` only (SIM800 Series AT Command Manual 2.2.41: "AT&W_SAVE"); Siemens and Cinterion (MC35 2.45), Huawei (MU509
 * 5.5, MG323 4.5) and Neoway (N58) store it at once: there the rate put back at the end is what stays, and after a run that was killed
 * the next one looks for the modem ({@link findSpeed}).
 */

export type BaudWish = "keep" | "auto" | number;

/** Before the modem is spoken to at its new rate: 100 ms (TC35 2.43, note 3) to 300 ms (Siemens M20, AT+IPR, note 2) are asked for. */
const settleMs = 300;
const commandMs = 2_000;
const leastStep = 1.5;
/** No new rate is tried after this, and each try with its way back is bounded: the line has a speed again within about a minute. */
const lastTryMs = 20_000;
const verifyRounds = 2;
const blindTries = 5;
/** `AT+IPR=0` (V.250 6.2.10). */
const autoDetection = 0;

/**
 * The rates in the answer to `AT+IPR=?`: `+IPR: (auto),(fixed)`, either of them empty or missing, with or without brackets; 0 stands for
 * automatic detection and is none. Lowest first. Pure.
 */
export function parseRates(lines: readonly string[]): readonly number[] {
  const rates = new Set<number>();
  for (const line of lines) {
    for (const [digits] of (afterPrefix(line, "+IPR") ?? "").matchAll(/\d+/g)) {
      const rate = Number(digits);
      if (rate > 0 && rate <= 10_000_000) rates.add(rate);
    }
  }
  return [...rates].sort((a, b) => a - b);
}

/** `+IPR: 115200`; 0 for automatic detection. Pure. */
export function parseRate(lines: readonly string[]): number | undefined {
  for (const line of lines) {
    const digits = /^"?(\d{1,8})"?$/.exec(afterPrefix(line, "+IPR")?.trim() ?? "")?.[1];
    if (digits !== undefined) return Number(digits);
  }
  return undefined;
}

/**
 * The rates to climb, lowest first: of those above `current` that both ends know, each at least half as high again as the one before it. A
 * rate that was named is the only one. Climbed and not jumped: wires give out by degrees, and at the lowest rate that they do not carry
 * well, the way back still gets through, while at the highest nothing may. Pure.
 */
export function ratesToTry(wish: BaudWish, offered: readonly number[], current: number): readonly number[] {
  if (wish === "keep") return [];
  if (wish !== "auto") return wish === current ? [] : [wish];
  const both = offered.filter((rate) => rate > current && uartRates.includes(rate)).sort((a, b) => a - b);
  const climb: number[] = [];
  for (const rate of both) {
    if (rate === both.at(-1) || rate >= leastStep * (climb.at(-1) ?? current)) climb.push(rate);
  }
  return climb;
}

/**
 * Brings the line to the speed that is wished for, and sees to it that the modem goes back when the line is closed. On a port without a
 * speed it does nothing; a modem that cannot be brought there stays where it is, and works. Resolves with the speed that holds.
 * @throws EsimdError `modem_silent` when a change went wrong and the modem is not found again at any speed.
 */
export async function settleSpeed(line: ModemLine, wish: BaudWish, log: Log, signal: AbortSignal): Promise<number> {
  const { channel, clock } = line;
  if (!channel.isUart) return channel.baud;
  // A modem that is not where everybody expects it was left there by a run that was killed, unless the operator names that very rate.
  const home = wish === channel.baud ? channel.baud : openingBaud;
  if (channel.baud !== home) await shift(line, home, undefined, signal);
  if (wish === "keep" || wish === channel.baud) return channel.baud;
  const start = channel.baud;
  const set = parseRate((await query(line, "AT+IPR?", signal))?.lines ?? []);
  // A modem that names another speed than the one it is spoken to at has no UART behind this port, whatever the port's name.
  if (set !== undefined && set !== autoDetection && set !== start) return start;
  const offer = (await query(line, "AT+IPR=?", signal))?.lines ?? [];
  const offered = parseRates(offer);
  channel.beforeClose((last) => goBack(line, start, set ?? start, last));
  const startMs = clock.monotonicMs();
  for (const rate of ratesToTry(wish, offered, start)) {
    if (clock.monotonicMs() - startMs > lastTryMs) break;
    if (await shift(line, rate, offer, signal)) continue;
    log.warn({ port: channel.portName, baud: rate, now: channel.baud }, "the line does not hold this speed");
    break;
  }
  if (channel.baud > start)
    log.info({ port: channel.portName, baud: channel.baud }, "the line to the modem was made faster");
  return channel.baud;
}

/** Said before the line is closed: `set` is what the modem's own setting was, automatic detection perhaps, and not only the speed. */
async function goBack(line: ModemLine, start: number, set: number, signal: AbortSignal): Promise<void> {
  if (line.channel.baud === start) return;
  const { result } = await line.channel.execute(setRate(set), signal);
  if (result.kind === "ok") await line.channel.changeSpeed(start, signal);
}

/** Both ends to `rate` and back where that does not hold. Resolves with whether it holds. */
async function shift(
  line: ModemLine,
  rate: number,
  offer: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const { channel } = line;
  const old = channel.baud;
  // First our own end, to and fro: a modem that went to a rate that this host refuses could not be told to come back.
  if (!(await channel.changeSpeed(rate, signal))) return false;
  await channel.changeSpeed(old, signal);
  const answer = await answered(() => channel.execute(setRate(rate), signal));
  // A refusal changes nothing. Silence may mean that the OK came at the new rate already.
  if (answer !== undefined && answer.result.kind !== "ok") return false;
  await sleep(line.clock, settleMs, signal);
  if ((await answersAt(line, rate, signal)) && (await holds(line, rate, offer, signal))) return true;
  await returnTo(line, old, rate, signal);
  return false;
}

/**
 * Answers that are known beforehand, twice: the rate itself, and the list of rates, which is long enough for a clock that is a little
 * off to spoil it.
 */
async function holds(
  line: ModemLine,
  rate: number,
  offer: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  for (let round = 1; round <= verifyRounds; round++) {
    const now = await query(line, "AT+IPR?", signal);
    if (now === undefined || parseRate(now.lines) !== rate) return false;
    if (offer === undefined || offer.length === 0) continue;
    const again = await query(line, "AT+IPR=?", signal);
    if (again === undefined || again.lines.join("\n") !== offer.join("\n")) return false;
  }
  return true;
}

/** The way back: the modem is still at the old rate, or it is at the new one and can be told, or it is looked for. */
async function returnTo(line: ModemLine, old: number, tried: number, signal: AbortSignal): Promise<void> {
  const { channel } = line;
  if (await answersAt(line, old, signal)) return;
  await channel.changeSpeed(tried, signal);
  // Told blindly: at a rate that garbles, the modem may read what we cannot, and a line that spoils much may let one of several through.
  for (let attempt = 1; attempt <= blindTries; attempt++) {
    if (await channel.hears(settleMs, signal, setRate(old).text)) break;
  }
  await sleep(line.clock, settleMs, signal);
  if (await answersAt(line, old, signal)) return;
  const found = await findSpeed(line, signal, [tried, old]);
  if (found !== undefined) return;
  throw new EsimdError(
    "modem_silent",
    `the modem on ${channel.portName} was to go from ${old} to ${tried} baud and answers at no speed any more`,
  );
}

function setRate(rate: number) {
  return { text: `AT+IPR=${rate}`, answer: { kind: "none" }, timeoutMs: commandMs } as const;
}

async function query(line: ModemLine, text: string, signal: AbortSignal): Promise<AtReply | undefined> {
  const command = { text, answer: { kind: "prefix", prefix: "+IPR" }, timeoutMs: commandMs } as const;
  const reply = await answered(() => line.channel.execute(command, signal));
  return reply?.result.kind === "ok" ? reply : undefined;
}

/** Silence and garbage are what a wrong speed looks like; anything else is not ours to judge. */
async function answered(ask: () => Promise<AtReply>): Promise<AtReply | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isEsimdError(error, "modem_silent") || isEsimdError(error, "modem_protocol")) return undefined;
    throw error;
  }
}
