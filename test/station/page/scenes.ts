import { VirtualClock } from "../../../src/base/clock.js";
import type { RehearsedStation } from "../rehearsed.js";

/** A line in the middle of its shift: every phase that a slot can have, and figures that are worth a look. */

const longAgoMs = Date.UTC(2026, 10, 27, 4, 0);

export function shiftClock(): VirtualClock {
  return new VirtualClock(longAgoMs);
}

/** Hours of work in slot 1, one unit every few minutes, of which some fail. */
export async function workedShift(station: RehearsedStation, clock: VirtualClock, units: number): Promise<void> {
  for (let unit = 1; unit <= units; unit++) {
    station.putIn(1);
    station.scan(serialOf(unit));
    station.identify(1);
    // A lunch break, and a pace that is not even.
    await clock.advance(1000 * (40 + ((unit * 37) % 70)) + (unit === Math.floor(units / 2) ? 45 * 60_000 : 0));
    if (unit % 19 === 7) station.fail(1, "modem_silent", "The modem gives no answer.");
    else station.pass(1);
    station.takeOut(1);
  }
}

export function serialOf(unit: number): string {
  return `GW24-${String(104_200 + unit)}`;
}

/** Puts every slot into another phase, in turn. */
export async function everyPhase(station: RehearsedStation, clock: VirtualClock, slots: number): Promise<void> {
  for (let slot = 1; slot <= slots; slot++) {
    const turn = slot % 8;
    if (slot === slots) {
      station.setOff(slot, true);
      continue;
    }
    if (turn === 0) continue;
    station.putIn(slot);
    if (turn === 5) continue;
    station.scan(serialOf(5_000 + slot), slot);
    if (turn === 6) continue;
    station.identify(slot);
    await clock.advance(900);
    station.state(slot, "downloading", "Downloading the profile from the SM-DP+ into the eUICC.");
    if (turn === 1 || turn === 3) station.progress(slot, 2_000 + ((slot * 997) % 14_000), 17_033);
    await clock.advance(300);
    if (turn === 2 || turn === 7) station.pass(slot);
    if (turn === 4) station.fail(slot, "no_euicc", "The modem has no eUICC that opens.");
  }
}
