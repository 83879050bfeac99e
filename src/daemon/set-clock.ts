import type { Clock } from "../base/clock.js";
import { EsimdError } from "../base/errors.js";
import type { ModemLine } from "../modem/exchange.js";
import { readModemClock } from "../modem/surroundings.js";
import { dayOf, type HostClock, tolerableClockErrorMs } from "../provision/host-clock.js";

/**
 * The optional way out for a device without a battery-backed clock and without NTP: the host's clock is set by the modem's, which a network
 * has set (NITZ). A run never does this; `esimd clock --set-from-modem` does, as root, and esimd-clock.service calls it before esimd starts.
 */

export interface ClockPlan {
  /** What the host's clock is to be set to; undefined: it is left alone. */
  readonly setToMs: number | undefined;
  readonly why: string;
}

/**
 * What is to be done to the host's clock; asks the modem only where the host's own word is not enough. @throws EsimdError `clock_insane`
 * when there is nothing to set it by.
 */
export async function planClock(
  { clock, hostClock, line }: { readonly clock: Clock; readonly hostClock: HostClock; readonly line: ModemLine },
  signal: AbortSignal,
): Promise<ClockPlan> {
  const { builtAtMs } = hostClock;
  const isSynchronised = (await hostClock.isMarked()) || (await hostClock.isSynchronised(signal)) === true;
  if (isSynchronised && clock.nowMs() >= builtAtMs) return { setToMs: undefined, why: "the clock is synchronised" };
  const modemMs = await readModemClock(line, signal);
  const nowMs = clock.nowMs();
  const hostsWord = `the clock says ${dayOf(nowMs)}`;
  if (modemMs === undefined) {
    throw new EsimdError("clock_insane", `${hostsWord}, and no network has set the modem's clock`, {
      hint: "Wait until the modem is registered on a network that tells the time (AT+CTZU=1), or set the clock by hand.",
    });
  }
  if (modemMs < builtAtMs)
    throw new EsimdError("clock_insane", `${hostsWord}, and the modem's ${dayOf(modemMs)}, before this esimd was made`);
  if (nowMs >= builtAtMs && Math.abs(nowMs - modemMs) <= tolerableClockErrorMs)
    return { setToMs: undefined, why: "the clock is within a day of the modem's" };
  return { setToMs: modemMs, why: `${hostsWord}, and the modem's ${new Date(modemMs).toISOString()}` };
}
