import { read, readSync, write, writeSync } from "node:fs";
import { promisify } from "node:util";

/**
 * Reading and writing a tty in the thread that asks. serialport opens it with O_NONBLOCK, so that neither call ever waits: what cannot be had
 * at once is EAGAIN, and serialport's poller says when to ask again. By libuv's thread pool, as serialport goes, each call takes the way to
 * another thread and back, a quarter of a millisecond and more; an exchange of APDUs needs one of each, and a download hundreds.
 */

const readLater = promisify(read);
/** The signature that serialport asks for. */
export type ReadFile = typeof readLater;
const writeLater = promisify(write);
export type WriteFile = typeof writeLater;

export type ReadBytes = (
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number | null,
) => Promise<{ readonly bytesRead: number; readonly buffer: Buffer }>;

/** Only the first read of a turn of the event loop is done at once: a tty that never runs dry would else let no timer fire. */
export function readingAtOnce(): ReadBytes {
  let hasRead = false;
  return async (fd, buffer, offset, length, position) => {
    if (hasRead) return readLater(fd, buffer, offset, length, position);
    hasRead = true;
    setImmediate(() => {
      hasRead = false;
    });
    return { bytesRead: readSync(fd, buffer, offset, length, position), buffer };
  };
}

export async function writeAtOnce(
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
): Promise<{ bytesWritten: number; buffer: Buffer }> {
  return { bytesWritten: writeSync(fd, buffer, offset, length), buffer };
}
