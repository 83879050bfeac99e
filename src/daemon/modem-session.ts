import { AtChannel } from "../at/channel.js";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import { type BaudWish, settleSpeed } from "../modem/baud.js";
import { bringUp } from "../modem/bring-up.js";
import type { ModemLine } from "../modem/exchange.js";
import { openPort } from "../serial/open.js";
import type { OpenPort } from "../serial/port.js";

/** Opens a port and wakes the modem on it, which may be silent for `wakeMs`; on failure the port is closed again. */
export async function connectModem(
  port: string,
  parts: {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    readonly wakeMs: number;
    /** The speed of a real UART; `keep` unless told otherwise. */
    readonly baud?: BaudWish;
    /** How the port is opened, for who wants to see what crosses it. */
    readonly open?: OpenPort;
  },
  signal: AbortSignal,
): Promise<ModemLine> {
  const { clock, random, log, wakeMs, baud = "keep", open = openPort } = parts;
  const bytes = await open(port, signal);
  const line: ModemLine = { channel: new AtChannel(bytes, clock, log), clock, random };
  try {
    await bringUp(line, wakeMs, signal);
    await settleSpeed(line, baud, log, signal);
    return line;
  } catch (error) {
    await line.channel.close();
    throw error;
  }
}
