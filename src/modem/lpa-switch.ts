import { sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { bringUp } from "./bring-up.js";
import { closeAnyway } from "./close.js";
import type { LpaSwitch } from "./dialects/dialect.js";
import { askWhileBusy, type ModemLine, runExchange } from "./exchange.js";
import { resetModem } from "./power.js";
import { readPinState } from "./sim-status.js";
import { isdrAid, openCardChannel } from "./uicc-access.js";

/**
 * Some modems have an LPA of their own that holds the ISD-R while a setting of theirs is on, so that no host opens a channel to it. The
 * setting is non-volatile, and takes effect with a reset on those that are known.
 */

const pollMs = 1_000;
/** A SIM that is slow at boot is no reason to reset a modem whose LPA is off already. */
const simStartMs = 30_000;

/** Whether the modem's own LPA is switched on; undefined where the modem does not tell. */
export async function readLpaSwitch(
  line: ModemLine,
  lpaSwitch: LpaSwitch,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const { send: text, answer, timeoutMs, parse } = lpaSwitch.query;
  const { result, lines } = await askWhileBusy(line, { text, answer, timeoutMs }, true, signal);
  return result.kind === "ok" ? parse(lines) : undefined;
}

/**
 * Takes the ISD-R from the modem's LPA: switches that off, resets the modem and waits, up to `wakeMs`, until the ISD-R opens. Whoever
 * calls has the operator's consent. Resolves with whether anything was changed: a modem that does not tell its setting is left as it is.
 * @throws EsimdError `isdr_closed` when the ISD-R does not open after that; `serial_gone` when the port went with the modem: the next run
 * finds the LPA off.
 */
export async function takeIsdR(
  line: ModemLine,
  lpaSwitch: LpaSwitch,
  wakeMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const enabled = await readLpaSwitch(line, lpaSwitch, signal);
  if (enabled === undefined) return false;
  if (enabled) await switchOff(line, lpaSwitch, signal);
  else if ((await isSimStarting(line, signal)) && (await comesToOpen(line, wakeMs, simStartMs, signal))) return false;
  // Off, and still no ISD-R: a run that ended between setting and reset leaves a modem like this.
  if (lpaSwitch.needsReset) await resetModem(line, signal);
  if (await comesToOpen(line, wakeMs, wakeMs, signal)) return true;
  // No error that is worth another run: each would reset the modem again.
  throw new EsimdError(
    "isdr_closed",
    `the modem on ${line.channel.portName} has its own LPA switched off and was reset, and it opens no channel to its eUICC all the same`,
  );
}

/** Absence and failure are what an eUICC without an enabled profile looks like for good. */
async function isSimStarting(line: ModemLine, signal: AbortSignal): Promise<boolean> {
  return (await readPinState(line, signal)) === "busy";
}

/** A modem answers AT for a moment before it goes down, so the ISD-R itself is what is waited for. */
async function comesToOpen(line: ModemLine, wakeMs: number, patienceMs: number, signal: AbortSignal): Promise<boolean> {
  const startMs = line.clock.monotonicMs();
  while (!(await opensIsdR(line, wakeMs, signal))) {
    if (line.clock.monotonicMs() - startMs >= patienceMs) return false;
    await sleep(line.clock, pollMs, signal);
  }
  return true;
}

async function switchOff(line: ModemLine, { name, unlock, off }: LpaSwitch, signal: AbortSignal): Promise<void> {
  if (unlock !== undefined) {
    try {
      await runExchange(line, unlock, {}, signal);
    } catch (error) {
      if (!isEsimdError(error, "modem_refused")) throw error;
      throw new EsimdError("modem_refused", `the modem does not unlock ${name}: ${error.message}`, {
        cause: error,
        hint: "Its owner gave it another password: put the command into a dialect file, as lpa_switch.unlock.send.",
      });
    }
  }
  await runExchange(line, off, {}, signal);
}

/** The reset undid the line's settings, so they are made again first. */
async function opensIsdR(line: ModemLine, wakeMs: number, signal: AbortSignal): Promise<boolean> {
  await bringUp(line, wakeMs, signal);
  try {
    const card = await openCardChannel(line, isdrAid, signal);
    if (card !== undefined) await closeAnyway(card, line.clock);
    return card !== undefined;
  } catch (error) {
    const passing =
      isEsimdError(error) && ["modem_silent", "modem_protocol", "modem_refused", "no_euicc"].includes(error.code);
    if (signal.aborted || !passing) throw error;
    return false;
  }
}
