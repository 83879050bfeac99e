import { openingBaud } from "../serial/uart.js";
import type { ModemLine } from "./exchange.js";

/**
 * Where a modem may be that is silent at the speed everybody opens with: what hosts raise it to (Particle device-os: 460800 and 921600),
 * then the rest that modems offer, and last what old ones are left at. Particle's `checkRuntimeState` looks at both of its speeds too.
 */
const likelyRates = [
  openingBaud,
  921_600,
  460_800,
  230_400,
  3_000_000,
  4_000_000,
  2_000_000,
  3_500_000,
  3_200_000,
  1_000_000,
  500_000,
  57_600,
  9_600,
] as const;

/** A modem answers AT within a few milliseconds; two tries, since the first may end what noise began. */
const listenMs = 400;
const tries = 2;

/**
 * Looks for the modem of a real UART at one speed after the other, `first` and the usual one before all others. Resolves with the speed
 * at which it answers, which is the host's from then on, or with undefined, the host back at the speed it opened with. Takes at most
 * about twelve seconds.
 */
export async function findSpeed(
  line: ModemLine,
  signal: AbortSignal,
  first: readonly number[] = [],
): Promise<number | undefined> {
  const { channel } = line;
  for (const baud of new Set([...first, ...likelyRates])) {
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
