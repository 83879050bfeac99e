import { afterPrefix, splitFields } from "../at/fields.js";
import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
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

/** The 300 ms that manuals give are useless with an eUICC behind (host LPAs use 10 s). */
const openTimeoutMs = 10_000;

/**
 * Opens a channel to the application `aid` by CCHO or, where the modem does not know that, by MANAGE CHANNEL through CSIM.
 * Resolves with undefined when the modem offers neither way or the card has no such application.
 */
export async function openCardChannel(
  line: ModemLine,
  aid: string,
  signal: AbortSignal,
): Promise<CardChannel | undefined> {
  return (await openByCcho(line, aid, signal)) ?? (await openByCsim(line, aid, signal));
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
    transmit: (apdu, timeoutMs, abort) => transmit(line, `AT+CGLA=${session},`, "+CGLA", apdu, timeoutMs, abort),
    close: async (abort) => {
      await line.channel.execute(
        { text: `AT+CCHC=${session}`, answer: { kind: "none" }, timeoutMs: openTimeoutMs },
        abort,
      );
    },
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
async function openByCsim(line: ModemLine, aid: string, signal: AbortSignal): Promise<CardChannel | undefined> {
  const csim = (apdu: Uint8Array, timeoutMs: number, abort: AbortSignal): Promise<Uint8Array> =>
    transmit(line, "AT+CSIM=", "+CSIM", apdu, timeoutMs, abort);
  let opened: Uint8Array;
  try {
    opened = await csim(Uint8Array.of(0x00, 0x70, 0x00, 0x00, 0x01), openTimeoutMs, signal);
  } catch (error) {
    if (error instanceof EsimdError && (error.code === "modem_refused" || error.code === "no_euicc")) return undefined;
    throw error;
  }
  const [channel, sw1, sw2] = opened;
  if (opened.length !== 3 || channel === undefined || channel < 1 || channel > 3 || sw1 !== 0x90 || sw2 !== 0x00)
    return undefined;
  const close = async (abort: AbortSignal): Promise<void> => {
    await csim(Uint8Array.of(0x00, 0x70, 0x80, channel, 0x00), openTimeoutMs, abort);
  };
  const name = Buffer.from(aid, "hex");
  const selected = await csim(Uint8Array.of(channel, 0xa4, 0x04, 0x00, name.length, ...name), openTimeoutMs, signal);
  const selectedSw1 = selected.at(-2);
  if (selectedSw1 !== 0x90 && selectedSw1 !== 0x61) {
    await close(signal);
    return undefined;
  }
  return {
    way: "CSIM",
    transmit: (apdu, timeoutMs, abort) => {
      const [cla = 0, ...rest] = apdu;
      return csim(Uint8Array.of((cla & 0xfc) | channel, ...rest), timeoutMs, abort);
    },
    close,
  };
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
  const fields = splitFields(afterPrefix(reply.lines[0] ?? "", prefix) ?? "");
  const [length, data = ""] = fields;
  if (!/^([0-9A-Fa-f]{2})+$/.test(data) || Number(length) !== data.length || data.length < 4) {
    if (reply.lines.length === 0) throw refusal(head, reply);
    throw new EsimdError(
      "modem_protocol",
      `the answer to ${head.slice(0, 7)} is not an APDU: ${quote(reply.lines[0] ?? "")}`,
    );
  }
  return Buffer.from(data, "hex");
}
