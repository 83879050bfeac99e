import { realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { SerialPort } from "serialport";
import { describeCause, EsimdError } from "../base/errors.js";
import { noticeHangUp } from "./hang-up.js";
import { createInbox } from "./inbox.js";
import type { BytePort } from "./port.js";
import { isUartName, openingBaud } from "./uart.js";

/**
 * A tty through serialport, 115200 8N1 without flow control, the default of every host tool for these modems.
 * serialport takes an advisory flock: another program that takes one too is kept out, and we are told of it.
 */
export async function openTty(path: string): Promise<BytePort> {
  await requireCharacterDevice(path);
  // A link such as /dev/serial0 names no driver; what it leads to does.
  const deviceName = basename(await realpath(path).catch(() => path));
  const tty = new SerialPort({
    path,
    baudRate: openingBaud,
    autoOpen: false,
    lock: true,
    // Dropping DTR on close (HUPCL) makes some modems reset or hang up; ours goes on where we left it.
    hupcl: false,
  });
  await new Promise<void>((resolve, reject) => {
    tty.open((error) => (error ? reject(openError(path, error)) : resolve()));
  });
  noticeHangUp(tty.port);
  const inbox = createInbox();
  let closing = false;
  tty.on("data", (bytes: Buffer) => inbox.deliver(bytes));
  tty.on("close", (error: unknown) => {
    if (closing) return;
    inbox.end(goneError(path, error));
  });
  tty.on("error", (error: Error) => inbox.end(goneError(path, error)));
  return {
    name: path,
    isUart: isUartName(deviceName),
    setBaud: (baud) =>
      new Promise((resolve, reject) => {
        tty.update({ baudRate: baud }, (error) => {
          if (error)
            reject(
              new EsimdError("serial_io", `${path} does not take ${baud} baud: ${describeCause(error)}`, {
                cause: error,
              }),
            );
          else resolve();
        });
      }),
    onData: inbox.onData,
    onGone: inbox.onGone,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const ended = inbox.ended();
        if (ended !== undefined) {
          reject(ended);
          return;
        }
        // Not drained: tcdrain has no deadline and blocks for ever on a tty whose other end does not read.
        tty.write(Buffer.from(bytes), (error) => {
          if (error)
            reject(new EsimdError("serial_io", `writing to ${path} failed: ${describeCause(error)}`, { cause: error }));
          else resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        closing = true;
        if (!tty.isOpen) {
          resolve();
          return;
        }
        // A tty that is gone answers close with an error; there is nothing left to close then.
        tty.close(() => resolve());
      }),
  };
}

async function requireCharacterDevice(path: string): Promise<void> {
  try {
    const found = await stat(path);
    if (found.isCharacterDevice()) return;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "EACCES")
      throw new EsimdError("port_forbidden", `${path} cannot be looked at: permission denied`, { cause });
    throw new EsimdError("port_missing", `there is no port ${path}`, { cause });
  }
  throw new EsimdError("port_missing", `${path} is not a serial port`);
}

/** serialport gives its reasons as text only. */
function openError(path: string, cause: Error): EsimdError {
  const text = cause.message;
  if (/cannot lock port|resource busy|EBUSY/i.test(text)) {
    return new EsimdError("port_busy", `${path} is held by another program`, { cause });
  }
  if (/permission denied|EACCES|EPERM/i.test(text)) {
    return new EsimdError("port_forbidden", `${path} may not be opened by this user`, { cause });
  }
  if (/inappropriate ioctl|ENOTTY/i.test(text)) {
    return new EsimdError("port_missing", `${path} is not a serial port`, { cause });
  }
  if (/no such|ENODEV|ENXIO/i.test(text)) return new EsimdError("port_missing", `there is no port ${path}`, { cause });
  return new EsimdError("serial_io", `${path} could not be opened: ${text}`, { cause });
}

function goneError(path: string, cause: unknown): EsimdError {
  return new EsimdError("serial_gone", `${path} disappeared while it was in use`, { cause });
}
