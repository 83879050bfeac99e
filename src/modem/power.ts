import { sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { SimPower } from "./dialects/dialect.js";
import type { ModemLine } from "./exchange.js";
import { refusal, runExchange } from "./exchange.js";

/** The modem's functionality levels and its reset (TS 27.007 8.2). */

/** OK comes before the modem goes down; one that is quick about it says nothing more. @throws EsimdError `modem_refused`. */
export async function resetModem(line: ModemLine, signal: AbortSignal): Promise<void> {
  await tell(line, "AT+CFUN=1,1", signal);
}

/**
 * CFUN=0 takes the SIM's power, CFUN=1 gives it back. Some modems drop the serial line's answer at CFUN=0 and say nothing until CFUN=1
 * (openpilot sends both in one write for it): silence is no refusal, and CFUN=1 follows whatever became of CFUN=0, for a modem that
 * nobody tells keeps its radio off.
 * @throws EsimdError `modem_refused`; `modem_silent` when CFUN=1 was not answered however often it was sent.
 */
export async function cycleFunctionality(line: ModemLine, signal: AbortSignal): Promise<void> {
  try {
    await tell(line, "AT+CFUN=0", signal);
    for (let attempt = 1; attempt <= wakeAttempts; attempt++) {
      if (await tell(line, "AT+CFUN=1", signal)) return;
    }
  } catch (error) {
    // Whoever stops us here wants no modem without its radio either; the port may be gone, and then nobody can say it.
    if (signal.aborted) await line.channel.hears(lastWordMs, undefined, "AT+CFUN=1").catch(() => false);
    throw error;
  }
  throw new EsimdError(
    "modem_silent",
    `the modem on ${line.channel.portName} did not answer "AT+CFUN=1" after "AT+CFUN=0": its radio may be off`,
  );
}

/**
 * Takes the power of the SIM alone and gives it back, by the family's own commands. Resolves with false where the modem refuses to take
 * it, and nothing happened. @throws EsimdError as {@link runExchange} does, once the power may be gone.
 */
export async function cycleSimPower(line: ModemLine, { off, on }: SimPower, signal: AbortSignal): Promise<boolean> {
  try {
    await runExchange(line, off, {}, signal);
  } catch (error) {
    if (signal.aborted || isEsimdError(error, "serial_gone")) throw error;
    if (isEsimdError(error) && ["modem_refused", "no_euicc", "modem_busy"].includes(error.code)) return false;
  }
  try {
    await sleep(line.clock, simOffMs, signal);
    await runExchange(line, on, {}, signal);
    return true;
  } catch (error) {
    if (signal.aborted) await line.channel.hears(lastWordMs, undefined, on.send).catch(() => false);
    throw error;
  }
}

/** Eclipse Kura gives a Telit's SIM 5 s without power. */
const simOffMs = 5_000;

/** 15 s is what Quectel's manuals state as the longest. */
const timeoutMs = 15_000;
/** What is said while CFUN=0 is still at work may be lost; Particle device-os sends it up to ten times, a minute is enough of it here. */
const wakeAttempts = 4;
const lastWordMs = 2_000;

/**
 * Sends what must be sent whatever the modem still owes: out of step, it is not asked first for an answer that it may give only after
 * this. Resolves with whether it was answered. @throws EsimdError `modem_refused`, where the refusal is this command's.
 */
async function tell(line: ModemLine, text: string, signal: AbortSignal): Promise<boolean> {
  const { channel } = line;
  if (!channel.isInStep) return channel.hears(timeoutMs, signal, text);
  try {
    const reply = await channel.execute({ text, answer: { kind: "none" }, timeoutMs }, signal);
    if (reply.result.kind !== "ok") throw refusal(text, reply);
    return true;
  } catch (error) {
    if (signal.aborted || !isEsimdError(error, "modem_silent")) throw error;
    return false;
  }
}
