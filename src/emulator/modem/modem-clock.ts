/** The modem's own clock: a battery keeps it or nothing does, the network sets it (NITZ, TS 24.008 10.5.3.9), the host may (TS 27.007 8.15). */

import type { Clock } from "../../base/clock.js";
import type { World } from "./world-options.js";

type ClockWorld = Pick<World, "clock" | "clockErrorMs" | "timeZoneQuarters">;

const quarterMs = 15 * 60_000;
/** Where the clock of a Qualcomm modem begins: 80/01/06, the start of GPS time. */
const unsetStartMs = Date.UTC(1980, 0, 6);

export class ModemClock {
  readonly #clock: Clock;
  readonly #world: () => ClockWorld;
  #startedAtMs: number;
  /** What was set: how far it is ahead of the world's time, and in which zone. */
  #set: { readonly aheadMs: number; readonly zoneQuarters: number } | undefined;
  /** AT+CTZU: the network's time is taken. */
  updates = false;
  /** AT+CTZR: the host is told of it. */
  reports = false;

  constructor(clock: Clock, world: () => ClockWorld) {
    this.#clock = clock;
    this.#world = world;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** As AT+CCLK? tells it. */
  text(): string {
    const { clock, clockErrorMs, timeZoneQuarters } = this.#world();
    const nowMs = this.#clock.nowMs();
    if (this.#set !== undefined) return clockText(nowMs + this.#set.aheadMs, this.#set.zoneQuarters);
    if (clock === "set") return clockText(nowMs + clockErrorMs, timeZoneQuarters);
    return clockText(unsetStartMs + this.#clock.monotonicMs() - this.#startedAtMs, 0);
  }

  /** False for a text that is none of the form. */
  set(text: string): boolean {
    const parsed = parseClockText(text);
    if (parsed === undefined) return false;
    this.#set = { aheadMs: parsed.epochMs - this.#clock.nowMs(), zoneQuarters: parsed.zoneQuarters };
    return true;
  }

  /** The network tells its time, as it does when the modem has registered. Gives what the host is to hear of it. */
  onNetworkTime(): string | undefined {
    const { clockErrorMs, timeZoneQuarters } = this.#world();
    if (this.updates) this.#set = { aheadMs: clockErrorMs, zoneQuarters: timeZoneQuarters };
    return this.reports ? `+CTZV: ${zoneText(timeZoneQuarters)}` : undefined;
  }

  /** Without power nothing is kept of a clock that was unset at the start. */
  powerOff(): void {
    this.#startedAtMs = this.#clock.monotonicMs();
    if (this.#world().clock === "unset") this.#set = undefined;
    this.reports = false;
  }
}

/** `yy/MM/dd,hh:mm:ss+zz` in local time; the zone counts quarters of an hour (TS 27.007 8.15). */
export function clockText(epochMs: number, zoneQuarters: number): string {
  const iso = new Date(epochMs + zoneQuarters * quarterMs).toISOString();
  return `${iso.slice(2, 4)}/${iso.slice(5, 7)}/${iso.slice(8, 10)},${iso.slice(11, 19)}${zoneText(zoneQuarters)}`;
}

function zoneText(quarters: number): string {
  return `${quarters < 0 ? "-" : "+"}${String(Math.abs(quarters)).padStart(2, "0")}`;
}

function parseClockText(text: string): { readonly epochMs: number; readonly zoneQuarters: number } | undefined {
  const match = /^(\d\d)\/(\d\d)\/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneQuarters = 0] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  // 80/01/06 is of the last century, as an unset clock shows it.
  const localMs = Date.UTC((year >= 70 ? 1900 : 2000) + year, month - 1, day, hour, minute, second);
  const epochMs = localMs - zoneQuarters * quarterMs;
  // A 31st of February would come back as another day.
  return clockText(epochMs, zoneQuarters).slice(0, 17) === text.slice(0, 17) ? { epochMs, zoneQuarters } : undefined;
}
