import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { describeCause, EsimdError } from "../../base/errors.js";
import { type Entry, entrySchema } from "./entry.js";

/**
 * Reads a station's record line by line: years of 64 slots are more than fits into memory, or into one string. What is read is what was in the
 * file when it was opened, so that a station that works meanwhile adds nothing between two passes.
 */

/** A record that can be gone through more than once. */
export interface RecordSource {
  entries(): AsyncIterable<Entry> | Iterable<Entry>;
}

export function recordPath(folder: string): string {
  return join(folder, "record.jsonl");
}

/** Of one line; the longest that is written, with every letter of its sentences escaped, has half of it. */
const maxLineBytes = 128 * 1024;
const chunkBytes = 256 * 1024;
const newline = 0x0a;

export class RecordFile implements RecordSource {
  readonly path: string;
  /** How much of it there was when it was opened. */
  readonly bytes: number;
  #isTorn = false;

  private constructor(path: string, bytes: number) {
    this.path = path;
    this.bytes = bytes;
  }

  /** Undefined where the folder has no record. @throws EsimdError `state_unwritable`. */
  static async open(folder: string): Promise<RecordFile | undefined> {
    const path = recordPath(folder);
    let file: FileHandle | undefined;
    try {
      // A pipe in its place does not hold up the reader.
      file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stat = await file.stat();
      if (!stat.isFile()) throw new Error("it is no regular file");
      return new RecordFile(path, stat.size);
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
      throw unreadable(path, cause);
    } finally {
      await file?.close();
    }
  }

  /** Whether the last line had no end when it was read. */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  /**
   * A line that a power cut tore is left out: the last one, or one behind which a start of the station stands (its `batch` line comes first). Anything
   * else that is no entry is damage. @throws EsimdError `record_damaged` that names the line, `state_newer`, `state_unwritable`.
   */
  async *entries(): AsyncGenerator<Entry> {
    let number = 0;
    let doubtful: EsimdError | undefined;
    for await (const line of this.#lines()) {
      number++;
      const entry = parseLine(line, `${this.path}: line ${number}`);
      if (doubtful !== undefined && (entry instanceof EsimdError || entry.kind !== "batch")) throw doubtful;
      doubtful = entry instanceof EsimdError ? entry : undefined;
      if (doubtful?.code === "state_newer") throw doubtful;
      if (!(entry instanceof EsimdError)) yield entry;
    }
  }

  async *#lines(): AsyncGenerator<string> {
    const { path, bytes } = this;
    const file = await open(path, "r").catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    try {
      let rest: Buffer = Buffer.alloc(0);
      for (let at = 0; at < bytes; ) {
        const chunk = Buffer.alloc(Math.min(chunkBytes, bytes - at));
        const { bytesRead } = await file.read(chunk, 0, chunk.length, at).catch((cause: unknown) => {
          throw unreadable(path, cause);
        });
        if (bytesRead === 0) break;
        at += bytesRead;
        const read = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
        let from = 0;
        for (let end = read.indexOf(newline); end !== -1; end = read.indexOf(newline, from)) {
          yield read.toString("utf8", from, end);
          from = end + 1;
        }
        rest = read.subarray(from);
        if (rest.length > maxLineBytes) {
          throw new EsimdError(
            "record_damaged",
            `${path} has a line of more than ${maxLineBytes} bytes, which no esimd wrote`,
          );
        }
      }
      this.#isTorn = rest.length > 0;
      // Its fsync never returned, so that nothing was done on it; whole all the same, it is as good as any.
      if (this.#isTorn) yield rest.toString("utf8");
    } finally {
      await file.close();
    }
  }
}

/** All of a record at once, for one that is known to be small. @throws EsimdError as {@link RecordFile}. */
export async function readRecord(folder: string): Promise<readonly Entry[]> {
  const file = await RecordFile.open(folder);
  const entries: Entry[] = [];
  if (file !== undefined) for await (const entry of file.entries()) entries.push(entry);
  return entries;
}

const versioned = z.looseObject({ v: z.int().min(2) });

/** The entry, or what is wrong with the line: `record_damaged`, `state_newer`. */
function parseLine(line: string, place: string): Entry | EsimdError {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch (cause) {
    return new EsimdError("record_damaged", `${place} is no JSON`, { cause });
  }
  const parsed = entrySchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  if (versioned.safeParse(raw).success) return new EsimdError("state_newer", `${place} was written by a newer esimd`);
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : ` (${issue.path.join(".")})`;
  return new EsimdError("record_damaged", `${place} is no entry of a record${where}`);
}

function unreadable(path: string, cause: unknown): EsimdError {
  return new EsimdError("state_unwritable", `${path} cannot be read: ${describeCause(cause)}`, { cause });
}
