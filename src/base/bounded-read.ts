import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** A file that is larger than it may be. It was not read. */
export class FileTooLarge extends Error {
  override readonly name = "FileTooLarge";
  readonly code = "EFBIG";
}

/**
 * The bytes of a regular file of at most `maxBytes`: never more of it comes into memory, whatever its size is said to be (a file of the
 * kernel's says 0), and a pipe that somebody put in its place does not hold up the reader.
 * @throws FileTooLarge, and what node:fs throws.
 */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw notAFile(path);
    if (stat.size > maxBytes) throw tooLarge(path, maxBytes);
    return await readWhole(file, path, stat.size, maxBytes);
  } finally {
    await file.close();
  }
}

/**
 * As {@link readBounded}, at once: for files that the kernel answers from its memory. A look through /proc is some hundreds of them, and
 * by Node's threads each would take ten times as long as the file itself.
 */
export function readBoundedNow(path: string, maxBytes: number): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw notAFile(path);
    if (stat.size > maxBytes) throw tooLarge(path, maxBytes);
    let buffer = Buffer.alloc(Math.min(maxBytes, Math.max(stat.size, 4096)) + 1);
    let filled = 0;
    for (;;) {
      const bytesRead = readSync(file, buffer, filled, buffer.length - filled, null);
      filled += bytesRead;
      if (filled > maxBytes) throw tooLarge(path, maxBytes);
      if (bytesRead === 0) return buffer.subarray(0, filled);
      if (filled === buffer.length) buffer = Buffer.concat([buffer], Math.min(maxBytes, 2 * buffer.length) + 1);
    }
  } finally {
    closeSync(file);
  }
}

async function readWhole(file: FileHandle, path: string, size: number, maxBytes: number): Promise<Buffer> {
  // One byte more than it has shows that it has no more; the kernel's own files and one that grows are read on from there.
  let buffer = Buffer.alloc(Math.min(maxBytes, Math.max(size, 4096)) + 1);
  let filled = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, null);
    filled += bytesRead;
    if (filled > maxBytes) throw tooLarge(path, maxBytes);
    if (bytesRead === 0) return buffer.subarray(0, filled);
    if (filled === buffer.length) buffer = Buffer.concat([buffer], Math.min(maxBytes, 2 * buffer.length) + 1);
  }
}

function notAFile(path: string): Error {
  return new Error(`${path} is no regular file`);
}

function tooLarge(path: string, maxBytes: number): FileTooLarge {
  return new FileTooLarge(`${path} is larger than ${maxBytes} bytes`);
}
