import { LinuxPortBinding } from "@serialport/bindings-cpp";
import { unixRead } from "@serialport/bindings-cpp/dist/unix-read.js";
import { unixWrite } from "@serialport/bindings-cpp/dist/unix-write.js";
import { type ReadBytes, type ReadFile, readingAtOnce, type WriteFile, writeAtOnce } from "./at-once.js";

/**
 * Makes a hang-up an event. On a tty that hung up, read(2) returns 0 for ever (termios(3), "Modem disconnect"); serialport 13 takes that
 * for "no data yet", asks again at once without end, and never tells that the modem was unplugged while it talked. Here it is an error,
 * which the library already knows as the end of the port. Reading and writing are done at once (at-once.ts).
 */
export function noticeHangUp(binding: unknown): void {
  if (!(binding instanceof LinuxPortBinding)) return;
  const fsReadAsync = bytesOrHangUp(readingAtOnce()) as ReadFile;
  binding.read = (buffer, offset, length) => unixRead({ binding, buffer, offset, length, fsReadAsync });
  binding.write = (buffer) =>
    buffer.length === 0 ? Promise.resolve() : unixWrite({ binding, buffer, fsWriteAsync: writeAtOnce as WriteFile });
}

function bytesOrHangUp(readBytes: ReadBytes): ReadBytes {
  return async (...place) => {
    const done = await readBytes(...place);
    if (done.bytesRead > 0) return done;
    throw Object.assign(new Error("the tty hung up"), { code: "ENXIO" });
  };
}
