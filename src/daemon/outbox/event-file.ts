import { createHash } from "node:crypto";
import { type StoredEvent, storedEventSchema } from "../../report/event.js";

/**
 * One event of the outbox as a file: the event on a line, and on the next the digest of that line. Its name is its number: the order in
 * which events came. Pure.
 */

const digits = 12;
const namePattern = /^(\d{12})\.json$/;

export function eventFileName(number: number): string {
  return `${String(number).padStart(digits, "0")}.json`;
}

/** Undefined for a file that is no event, such as one that was being written when the power went. */
export function eventNumber(name: string): number | undefined {
  const match = namePattern.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function eventText(event: StoredEvent): string {
  const line = JSON.stringify(event);
  return `${line}\n${digestOf(line)}\n`;
}

/** Undefined for anything but the whole of what {@link eventText} made: half a page that reached the disk is told from an event by its digest. */
export function parseEvent(text: string): StoredEvent | undefined {
  const [line, digest, end, ...more] = text.split("\n");
  if (line === undefined || end !== "" || more.length > 0 || digest !== digestOf(line)) return undefined;
  try {
    const parsed = storedEventSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function digestOf(line: string): string {
  return createHash("sha256").update(line, "utf8").digest("hex");
}

const blockBytes = 4096;

/** What a file takes of a disk: whole blocks, as ext4 and its like have them. */
export function bytesOnDisk(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / blockBytes)) * blockBytes;
}
