import { EsimdError, isEsimdError } from "../../base/errors.js";
import { need, type Run } from "../run.js";

/** No profile with a network application is as small as this; the smallest test profile of the GSMA takes more. */
export const leastProfileBytes = 4_096;

/**
 * Stops before money or a session of the order is spent on an eUICC that cannot take any profile. A modem that downloads by itself would
 * only say that "the SM-DP+ returned an error". What cannot be asked is no reason to stop.
 * @throws EsimdError `euicc_full`.
 */
export async function requireRoom(run: Run, signal: AbortSignal): Promise<void> {
  if (run.facts.roomChecked) return;
  const freeBytes = await freeMemory(run, signal);
  if (freeBytes === undefined || freeBytes >= leastProfileBytes) {
    run.facts.roomChecked = true;
    return;
  }
  throw new EsimdError(
    "euicc_full",
    `the eUICC has ${freeBytes} bytes free, too few for any profile; nothing was reserved or downloaded by this run`,
  );
}

async function freeMemory(run: Run, signal: AbortSignal): Promise<number | undefined> {
  try {
    return await need(run, "lpa").freeMemoryBytes(signal);
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    run.parts.log.info({ error }, "the eUICC does not tell how much room it has");
    return undefined;
  }
}
