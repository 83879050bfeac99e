import { openingBaud, uartRates } from "../serial/uart.js";
import type { ModemLine } from "./exchange.js";

/**
 * Where a modem may be that is silent at the speed everybody opens with: what hosts raise it to (Particle device-os: 460800 and 921600),
 * then whatever else a run could have left it at, the higher the likelier, and last what old ones are left at. Particle's
 * `checkRuntimeState` looks at both of its speeds too.
 */
const likelyRates = [openingBaud, 921_600, 460_800, 230_400] as const;

/** Every speed to look at, each once: `first`, the likely ones, and then all that an upshift can lead to. Pure. */
export function ratesToSearch(first: readonly number[]): readonly number[] {
  return [...new Set([...first, ...likelyRates, ...[...uartRates].reverse()])];
}

/** A modem answers AT within a few milliseconds, at 1200 baud within 150; two tries, since the first may end what noise began. */
const listenMs = 400;
const tries = 2;

/**
 * Looks for the modem of a real UART at one speed after the other: `first`, then the one that the configuration names, then the usual
 * ones, then all others. Resolves with the speed at which it answers, which is the host's from then on, or with undefined, the host back
 * at the speed it opened with. Takes at most about eighteen seconds.
 */
export async function findSpeed(
  line: ModemLine,
  signal: AbortSignal,
  first: readonly number[] = [],
): Promise<number | undefined> {
  const { channel, namedBaud } = line;
  for (const baud of ratesToSearch(namedBaud === undefined ? first : [...first, namedBaud])) {
    if (await answersAt(line, baud, signal)) return baud;
  }
  await channel.changeSpeed(openingBaud, signal);
  return undefined;
}

/** Whether the modem answers at `baud`, which is the host's speed from then on. A speed that the host refuses has no modem. */
export async function answersAt(line: ModemLine, baud: number, signal: AbortSignal): Promise<boolean> {
  const { channel } = line;
  if (!(await channel.changeSpeed(baud, signal))) return false;
  for (let attempt = 1; attempt <= tries; attempt++) {
    if (await channel.hears(listenMs, signal)) return true;
  }
  return false;
}
