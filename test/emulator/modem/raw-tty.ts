import { constants, openSync } from "node:fs";
import { ReadStream } from "node:tty";

/**
 * A tty opened without serialport, whose reader takes the end of a hung-up tty (read gives 0) for "no data yet" and asks again for ever
 * when it happens to be reading at that moment. The slave is raw already: the emulator made it so.
 */
export function openRawTty(path: string): ReadStream {
  const tty = new ReadStream(openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
  // EIO is the other way in which a hang-up shows.
  tty.on("error", () => undefined);
  return tty;
}
