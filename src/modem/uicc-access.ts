import { afterPrefix, splitFields } from "../at/fields.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { closeAnyway } from "./close.js";
import { askWhileBusy, type ModemLine, refusal, runExchange } from "./exchange.js";

/** A logical channel to an application on the card, opened through the modem (TS 27.007 8.17, 8.45, 8.46). */
export interface CardChannel {
  readonly way: "CGLA" | "CSIM";
  /** One command APDU to its response, status word included. The channel bits of CLA are filled in where they must be. */
  transmit(apdu: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array>;
  close(signal: AbortSignal): Promise<void>;
}

/** The ISD-R, the eUICC's application for the LPA (SGP.02 2.2.3, used by SGP.22). */
export const isdrAid = "A0000005591010FFFFFFFF8900000100";

/** The cause of a refusal for which no APDU is to blame: on an open channel the modem sees no card any more, since it restarts. */
export class CardAway extends Error {
  override readonly name = "CardAway";
}

/** The 300 ms that manuals give are useless with an eUICC behind (host LPAs use 10 s). */
const openTimeoutMs = 10_000;

/** A card has three channels besides the basic one (ETSI TS 102 221 allows more), and a process that died may have left them all open. */
const staleChannels = [1, 2, 3] as const;

/**
 * Opens a channel to the application `aid` by CCHO or, where the modem does not know that, by MANAGE CHANNEL through CSIM. Where neither
 * does, channels that an earlier process may have left are closed, and both are tried once more.
 * Resolves with undefined when the modem offers neither way or the card has no such application.
 */
export async function openCardChannel(
  line: ModemLine,
  aid: string,
  signal: AbortSignal,
): Promise<CardChannel | undefined> {
  const byCcho = await openByCcho(line, aid, signal);
  if (byCcho !== undefined) return byCcho;
  const byCsim = await openByCsim(line, aid, signal);
  if (typeof byCsim === "object") return byCsim;
  for (const session of staleChannels) await closeByCchc(line, String(session), signal);
  if (byCsim === "none-free") {
    // Session ids may be other than channel numbers; the card knows its own. Only when it says that it has none left.
    for (const channel of staleChannels) await csim(line, closeChannelApdu(channel), openTimeoutMs, signal);
  }
  const again = (await openByCcho(line, aid, signal)) ?? (await openByCsim(line, aid, signal));
  return typeof again === "object" ? again : undefined;
}

/**
 * Why {@link openCardChannel} found no way to `aid`, where the modem gives a reason that is its own: a setting inside it forbids it
 * (+CME ERROR: 3). Undefined for every other reason.
 */
export async function whyNoChannel(line: ModemLine, aid: string, signal: AbortSignal): Promise<EsimdError | undefined> {
  const text = `AT+CCHO="${aid}"`;
  const command = { text, answer: { kind: "free", own: /^\+CCHO\s*:/i }, timeoutMs: openTimeoutMs } as const;
  const reply = await askWhileBusy(line, command, false, signal);
  if (reply.result.kind === "cme" && reply.result.number === 3) return refusal(text, reply);
  const session = reply.result.kind === "ok" ? parseCchoAnswer(reply.lines) : undefined;
  if (session !== undefined) await closeByCchc(line, session, signal);
  return undefined;
}

/** Resolves whatever the modem says to it: a session that is not open cannot be closed. */
async function closeByCchc(line: ModemLine, session: string, signal: AbortSignal): Promise<void> {
  const text = `AT+CCHC=${session}`;
  await line.channel.execute({ text, answer: { kind: "none" }, timeoutMs: openTimeoutMs }, signal);
}

async function openByCcho(line: ModemLine, aid: string, signal: AbortSignal): Promise<CardChannel | undefined> {
  const text = `AT+CCHO="${aid}"`;
  const command = { text, answer: { kind: "free", own: /^\+CCHO\s*:/i }, timeoutMs: openTimeoutMs } as const;
  // Not sent again after silence: the channel may be open, and a card has few.
  const reply = await askWhileBusy(line, command, false, signal);
  if (reply.result.kind !== "ok") return undefined;
  const session = parseCchoAnswer(reply.lines);
  if (session === undefined) {
    throw new EsimdError(
      "modem_protocol",
      `the answer to AT+CCHO has no session id: ${quote(reply.lines.join(" / "))}`,
    );
  }
  return {
    way: "CGLA",
    transmit: (apdu, timeoutMs, abort) =>
      whileOpen(transmit(line, `AT+CGLA=${session},`, "+CGLA", apdu, timeoutMs, abort)),
    close: (abort) => closeByCchc(line, session, abort),
  };
}

/**
 * The session id of CCHO: `+CCHO: 1`, a bare `1` (MediaTek) or an opaque handle (`+CCHO: 000000000385a7cf`, Sierra). It is kept as the
 * text it is: TS 27.007 8.45 calls it a number, and firmware does not. Pure.
 */
export function parseCchoAnswer(lines: readonly string[]): string | undefined {
  for (const text of lines) {
    const value = (afterPrefix(text, "+CCHO") ?? text).trim().replace(/^"(.*)"$/, "$1");
    if (/^[0-9A-Fa-f]{1,32}$/.test(value)) return value;
  }
  return undefined;
}

/** With CSIM the channel number is ours to put into CLA (ETSI TS 102 221, 10.1.1). */
async function openByCsim(
  line: ModemLine,
  aid: string,
  signal: AbortSignal,
): Promise<CardChannel | "none-free" | undefined> {
  let opened: Uint8Array;
  try {
    opened = await csim(line, Uint8Array.of(0x00, 0x70, 0x00, 0x00, 0x01), openTimeoutMs, signal);
  } catch (error) {
    if (isEsimdError(error, "modem_refused") || isEsimdError(error, "no_euicc")) return undefined;
    throw error;
  }
  if (opened.length === 2 && opened[0] === 0x6a && opened[1] === 0x81) return "none-free";
  const [channel] = opened;
  if (opened.length !== 3 || channel === undefined || channel < 1 || channel > 3 || !isDone(opened)) return undefined;
  const close = async (abort: AbortSignal): Promise<void> => {
    await csim(line, closeChannelApdu(channel), openTimeoutMs, abort);
  };
  const name = Buffer.from(aid, "hex");
  const select = Uint8Array.of(channel, 0xa4, 0x04, 0x00, name.length, ...name);
  const selected = await whileOpen(csim(line, select, openTimeoutMs, signal));
  if (!isDone(selected) && selected.at(-2) !== 0x61) {
    await closeAnyway({ close }, line.clock);
    return undefined;
  }
  return {
    way: "CSIM",
    transmit: (apdu, timeoutMs, abort) => {
      const [cla = 0, ...rest] = apdu;
      return whileOpen(csim(line, Uint8Array.of((cla & 0xfc) | channel, ...rest), timeoutMs, abort));
    },
    close,
  };
}

/** 9000, or 91xx: done as well, and a proactive command waits that the modem did not fetch, as after a REFRESH it ignores (ETSI TS 102 221 10.2.1.1). */
function isDone(response: Uint8Array): boolean {
  const [sw1, sw2] = response.subarray(-2);
  return (sw1 === 0x90 && sw2 === 0x00) || sw1 === 0x91;
}

function csim(line: ModemLine, apdu: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array> {
  return transmit(line, "AT+CSIM=", "+CSIM", apdu, timeoutMs, signal);
}

function closeChannelApdu(channel: number): Uint8Array {
  return Uint8Array.of(0x00, 0x70, 0x80, channel, 0x00);
}

/** "No SIM" on a channel that was open says that the card went away for a while, not that there is none. */
async function whileOpen(exchange: Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await exchange;
  } catch (error) {
    if (!isEsimdError(error, "no_euicc")) throw error;
    throw new EsimdError("modem_refused", `the card restarted while it was in use: ${error.message}`, {
      cause: new CardAway(error.message),
    });
  }
}

/** The length is the number of hex characters in both directions (the text of 27.007 8.17 says bytes, its example does not). */
async function transmit(
  line: ModemLine,
  head: string,
  prefix: string,
  apdu: Uint8Array,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const hex = Buffer.from(apdu).toString("hex").toUpperCase();
  const send = `${head}${hex.length},"${hex}"`;
  const reply = await runExchange(
    line,
    { send, answer: { kind: "prefix", prefix }, timeoutMs, repeatable: false },
    {},
    signal,
  );
  const response = parseApduAnswer(reply.lines, prefix);
  if (response !== undefined) return response;
  if (reply.lines.length === 0) throw refusal(head, reply);
  throw new EsimdError(
    "modem_protocol",
    `the answer to ${head.slice(0, 7)} is not an APDU: ${quote(reply.lines[0] ?? "")}`,
  );
}

/** `+CGLA: 4,"9000"`: the length in hex characters, and the response with its status word; undefined for what is none. Pure. */
export function parseApduAnswer(lines: readonly string[], prefix: string): Uint8Array | undefined {
  const [length, data = ""] = splitFields(afterPrefix(lines[0] ?? "", prefix) ?? "");
  if (!/^([0-9A-Fa-f]{2})+$/.test(data) || Number(length) !== data.length || data.length < 4) return undefined;
  return Buffer.from(data, "hex");
}
