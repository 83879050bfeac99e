import { read } from "node:fs";
import { promisify } from "node:util";
import { LinuxPortBinding } from "@serialport/bindings-cpp";
import { unixRead } from "@serialport/bindings-cpp/dist/unix-read.js";

const readFile = promisify(read);

/**
 * Makes a hang-up an event. On a tty that hung up, read(2) returns 0 for ever (termios(3), "Modem disconnect"); serialport 13 takes that
 * for "no data yet", asks again at once without end, and never tells that the modem was unplugged while it talked. Here it is an error,
 * which the library already knows as the end of the port.
 */
export function noticeHangUp(binding: unknown): void {
  if (!(binding instanceof LinuxPortBinding)) return;
  binding.read = (buffer, offset, length) =>
    unixRead({ binding, buffer, offset, length, fsReadAsync: readOrHangUp as typeof readFile });
}

async function readOrHangUp(
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number | null,
): Promise<{ bytesRead: number; buffer: Buffer }> {
  const done = await readFile(fd, buffer, offset, length, position);
  if (done.bytesRead > 0) return done;
  throw Object.assign(new Error("the tty hung up"), { code: "ENXIO" });
}
