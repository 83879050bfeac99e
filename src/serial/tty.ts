import { realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { SerialPort } from "serialport";
import { describeCause, EsimdError } from "../base/errors.js";
import { type ClaimParts, claimOpened, refuseIfLocked } from "./exclusive/claim.js";
import { portHeld, portHolders } from "./exclusive/holders.js";
import { noticeHangUp } from "./hang-up.js";
import { type HostRoots, realHost } from "./host-roots.js";
import { createInbox } from "./inbox.js";
import type { BytePort } from "./port.js";
import { heldSpeed, setSpeed } from "./speed.js";
import { isUartName, openingBaud } from "./uart.js";

/**
 * A tty through serialport, 115200 8N1 without flow control, the default of every host tool for these modems.
 * It is ours alone, as far as the others play along: serialport takes an advisory flock, and we the UUCP lock file; who holds the port
 * instead of us is named.
 */
export async function openTty(path: string, parts: ClaimParts, signal: AbortSignal): Promise<BytePort> {
  await requireCharacterDevice(path);
  await refuseIfLocked(path, parts);
  signal.throwIfAborted();
  // A link such as /dev/serial0 names no driver and no lock; what it leads to does.
  const device = await realpath(path).catch(() => path);
  const tty = new SerialPort({
    path,
    baudRate: openingBaud,
    autoOpen: false,
    lock: true,
    // Dropping DTR on close (HUPCL) makes some modems reset or hang up; ours goes on where we left it.
    hupcl: false,
  });
  const refusal = await new Promise<Error | null>((resolve) => tty.open(resolve));
  if (refusal !== null) throw await openError(path, refusal, parts.host ?? realHost);
  let release: () => Promise<void>;
  try {
    release = await claimOpened({ path, device }, parts, signal);
  } catch (error) {
    await closed(tty);
    throw error;
  }
  noticeHangUp(tty.port);
  const inbox = createInbox();
  let closing = false;
  tty.on("data", (bytes: Buffer) => inbox.deliver(bytes));
  tty.on("close", (error: unknown) => {
    if (closing) return;
    // The modem may be back under this name before anyone closes the port.
    void giveBack(release, path, parts);
    inbox.end(goneError(path, error));
  });
  tty.on("error", (error: Error) => inbox.end(goneError(path, error)));
  return {
    name: path,
    isUart: isUartName(basename(device)),
    setBaud: (baud) => setSpeed(path, tty, () => heldSpeed(tty.port), baud),
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
    close: async () => {
      closing = true;
      await closed(tty);
      await giveBack(release, path, parts);
    },
  };
}

function closed(tty: SerialPort): Promise<void> {
  return new Promise((resolve) => {
    if (!tty.isOpen) {
      resolve();
      return;
    }
    // A tty that is gone answers close with an error; there is nothing left to close then.
    tty.close(() => resolve());
  });
}

/** The work on the port is done, whatever becomes of the lock file: the next one finds it stale. */
async function giveBack(release: () => Promise<void>, path: string, { log }: ClaimParts): Promise<void> {
  try {
    await release();
  } catch (error) {
    log?.warn({ port: path, error }, "the lock file of the port could not be removed");
  }
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
async function openError(path: string, cause: Error, host: HostRoots): Promise<EsimdError> {
  const text = cause.message;
  // A flock that is held, or TIOCEXCL of another: to us who are not root, open answers EBUSY (ioctl_tty(2)).
  if (isBusy(text)) return portHeld(path, await portHolders(path, host), cause);
  if (isForbidden(text)) {
    return new EsimdError("port_forbidden", `${path} may not be opened by this user`, { cause });
  }
  if (/inappropriate ioctl|ENOTTY/i.test(text)) {
    return new EsimdError("port_missing", `${path} is not a serial port`, { cause });
  }
  if (/no such|ENODEV|ENXIO/i.test(text)) return new EsimdError("port_missing", `there is no port ${path}`, { cause });
  return new EsimdError("serial_io", `${path} could not be opened: ${text}`, { cause });
}

/** File permissions, or a unit's DevicePolicy=: what its control group does not allow, open(2) answers with EPERM. */
export function isForbidden(text: string): boolean {
  return /permission denied|operation not permitted|EACCES|EPERM/i.test(text);
}

/** The words of serialport and of strerror(3) for a port that somebody else has. */
export function isBusy(text: string): boolean {
  return /cannot lock port|resource busy|EBUSY/i.test(text);
}

function goneError(path: string, cause: unknown): EsimdError {
  return new EsimdError("serial_gone", `${path} disappeared while it was in use`, { cause });
}
