import { isEsimdError } from "../base/errors.js";
import type { ModemLine } from "./exchange.js";
import { refusal } from "./exchange.js";

/** The modem's functionality levels and its reset (TS 27.007 8.2). */

/** OK comes before the modem goes down; one that is quick about it says nothing more. @throws EsimdError `modem_refused`. */
export async function resetModem(line: ModemLine, signal: AbortSignal): Promise<void> {
  await run(line, "AT+CFUN=1,1", signal);
}

/**
 * CFUN=0 takes the SIM's power, CFUN=1 gives it back. Some modems drop the serial line's answer at CFUN=0 (openpilot sends both in one
 * write for it), so that silence is not taken for a refusal. @throws EsimdError `modem_refused`.
 */
export async function cycleFunctionality(line: ModemLine, signal: AbortSignal): Promise<void> {
  await run(line, "AT+CFUN=0", signal);
  await run(line, "AT+CFUN=1", signal);
}

/** 15 s is what Quectel's manuals state as the longest. */
const timeoutMs = 15_000;

async function run(line: ModemLine, text: string, signal: AbortSignal): Promise<void> {
  try {
    const reply = await line.channel.execute({ text, answer: { kind: "none" }, timeoutMs }, signal);
    if (reply.result.kind !== "ok") throw refusal(text, reply);
  } catch (error) {
    if (signal.aborted || !isEsimdError(error, "modem_silent")) throw error;
  }
}
