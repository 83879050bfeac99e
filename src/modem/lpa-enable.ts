import type { AnswerPattern } from "../at/channel.js";
import { afterPrefix } from "../at/fields.js";
import { sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { bringUp } from "./bring-up.js";
import type { Exchange } from "./dialects/dialect.js";
import { askWhileBusy, type ModemLine, runExchange } from "./exchange.js";
import { isdrAid, openCardChannel } from "./uicc-access.js";

/**
 * Quectel's 5G and LTE-A modems (RG50x, RG650E, RM50x, RM520N, EM160R) have an LPA of their own that holds the ISD-R while `lpa_enable`
 * is 1, so that no host opens a channel to it. The setting is non-volatile and takes effect with a reset.
 * Sources: ddimension/wwand src-ucode/esim.uc and modem_init_qmi.uc; a public regression test for these modems. Seen in code.
 */

const qesim: AnswerPattern = { kind: "prefix", prefix: "+QESIM" };

const query = { text: 'AT+QESIM="lpa_enable"', answer: qesim, timeoutMs: 10_000 } as const;

const switchOff: Exchange = { send: 'AT+QESIM="lpa_enable",0', answer: qesim, timeoutMs: 10_000, repeatable: true };

/** OK comes before the modem goes down; one that is quick about it says nothing more (TS 27.007 8.2). */
const reset: Exchange = { send: "AT+CFUN=1,1", answer: { kind: "none" }, timeoutMs: 15_000, repeatable: false };

const pollMs = 1_000;

/** Whether the modem's own LPA is switched on; undefined for a modem without this setting. */
export async function readLpaEnable(line: ModemLine, signal: AbortSignal): Promise<boolean | undefined> {
  const { result, lines } = await askWhileBusy(line, query, true, signal);
  return result.kind === "ok" ? parseLpaEnable(lines) : undefined;
}

/** `+QESIM: "lpa_enable",1`. Pure. */
export function parseLpaEnable(lines: readonly string[]): boolean | undefined {
  for (const text of lines) {
    const value = /^"?lpa_enable"?\s*,\s*([01])$/i.exec(afterPrefix(text, "+QESIM")?.trim() ?? "")?.[1];
    if (value !== undefined) return value === "1";
  }
  return undefined;
}

/**
 * Takes the ISD-R from the modem's LPA: switches that off, resets the modem and waits, up to `wakeMs`, until the ISD-R opens. Whoever
 * calls has the operator's consent. Resolves with false for a modem without the setting, which is left as it is.
 * @throws EsimdError `no_euicc` when the ISD-R does not open after that; `serial_gone` when the port went with the modem: the next run
 * finds the LPA off.
 */
export async function takeIsdR(line: ModemLine, wakeMs: number, signal: AbortSignal): Promise<boolean> {
  const enabled = await readLpaEnable(line, signal);
  if (enabled === undefined) return false;
  // Off, and still no ISD-R: a run that ended between setting and reset leaves a modem like this.
  if (enabled) await runExchange(line, switchOff, {}, signal);
  try {
    await runExchange(line, reset, {}, signal);
  } catch (error) {
    if (!isEsimdError(error, "modem_silent")) throw error;
  }
  const startMs = line.clock.monotonicMs();
  // A modem answers AT for a moment before it goes down, so the ISD-R itself is what is waited for.
  while (!(await opensIsdR(line, wakeMs, signal))) {
    if (line.clock.monotonicMs() - startMs >= wakeMs) {
      throw new EsimdError(
        "no_euicc",
        `the modem on ${line.channel.portName} has its own LPA switched off and was reset, and it opens no channel to its eUICC all the same`,
      );
    }
    await sleep(line.clock, pollMs, signal);
  }
  return true;
}

/** The reset undid the line's settings, so they are made again first. */
async function opensIsdR(line: ModemLine, wakeMs: number, signal: AbortSignal): Promise<boolean> {
  await bringUp(line, wakeMs, signal);
  try {
    const card = await openCardChannel(line, isdrAid, signal);
    await card?.close(signal);
    return card !== undefined;
  } catch (error) {
    const passing =
      isEsimdError(error) && ["modem_silent", "modem_protocol", "modem_refused", "no_euicc"].includes(error.code);
    if (signal.aborted || !passing) throw error;
    return false;
  }
}
