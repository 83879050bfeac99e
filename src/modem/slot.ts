import { sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { Dialect } from "./dialects/dialect.js";
import { type ModemLine, runExchange } from "./exchange.js";
import { readActiveSlot, readPinState, readSlots } from "./sim-status.js";

/** The SIM slot: read by anyone, switched only with the operator's consent, since the link over the other slot ends with it. */

const pollMs = 1_000;
/** A switch restarts the SIM; Fibocom's may take the AT port with it. */
const patienceMs = 60_000;

/**
 * Makes `wanted` the active slot, and waits until the SIM there is read. Resolves with whether anything was switched.
 * @throws EsimdError `slot_refused` for a modem that has no such command, refuses it or stays where it was; `serial_gone`.
 */
export async function switchToSlot(
  line: ModemLine,
  dialect: Dialect | undefined,
  wanted: number,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  if (dialect?.slot === undefined) {
    throw new EsimdError(
      "slot_refused",
      `modem.sim_slot is ${wanted}, and no command is known that switches slots on this modem (${dialect?.name ?? "no dialect"})`,
      { hint: "Leave modem.sim_slot out, or give the command in a dialect file." },
    );
  }
  const active = await readActiveSlot(line, dialect, signal);
  if (active === wanted) return false;
  log.warn({ active, wanted }, "the modem is switched to the SIM slot of the eUICC, as the configuration has it");
  try {
    await runExchange(line, dialect.slot.set, { slot: wanted }, signal);
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    throw new EsimdError("slot_refused", `the modem refuses SIM slot ${wanted}: ${error.message}`, { cause: error });
  }
  const startMs = line.clock.monotonicMs();
  for (;;) {
    if ((await activeNow(line, dialect, signal)) === wanted && !(await isSimStarting(line, signal))) return true;
    if (line.clock.monotonicMs() - startMs >= patienceMs) {
      throw new EsimdError(
        "slot_refused",
        `the modem accepted SIM slot ${wanted}, and does not show it after a minute`,
      );
    }
    await sleep(line.clock, pollMs, signal);
  }
}

async function activeNow(line: ModemLine, dialect: Dialect, signal: AbortSignal): Promise<number | undefined> {
  try {
    return await readActiveSlot(line, dialect, signal);
  } catch (error) {
    if (signal.aborted || !isEsimdError(error, "modem_silent")) throw error;
    return undefined;
  }
}

async function isSimStarting(line: ModemLine, signal: AbortSignal): Promise<boolean> {
  return (await readPinState(line, signal)) === "busy";
}

/** No eUICC was found: whether it is in another slot, or may be. Nothing is switched. */
export async function inOtherSlot(
  line: ModemLine,
  dialect: Dialect | undefined,
  error: EsimdError,
  signal: AbortSignal,
): Promise<EsimdError> {
  const active = await readActiveSlot(line, dialect, signal);
  if (active === undefined) return error;
  const other = (await readSlots(line, dialect, signal))?.find(({ slot, hasEuicc }) => hasEuicc && slot !== active);
  if (other === undefined) {
    return new EsimdError("no_euicc", error.message, {
      cause: error.cause,
      hint: `Check that an eSIM is fitted. The modem's active SIM slot is ${active}; if the eSIM is in another, set modem.sim_slot: that is the consent to switch.`,
    });
  }
  return new EsimdError(
    "euicc_other_slot",
    `the modem's active SIM slot ${active} has no eUICC, and slot ${other.slot} has one`,
    {
      cause: error,
      hint: `Set modem.sim_slot = ${other.slot}: that is the consent to switch, and the link over slot ${active} ends.`,
    },
  );
}
