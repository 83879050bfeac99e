import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";

/**
 * A transcript: what crossed an AT port, in JSON lines. The first is the header, then come entries in the order of time, and a whole
 * transcript ends with a footer. Texts are bytes as latin1, each entry what one read or write brought, so that framing and splits survive.
 */

export const transcriptSchemaName = "esimd.transcript/1";

const word = z.string().max(100);

const headerSchema = z.strictObject({
  schema: z.literal(transcriptSchemaName),
  /** `esimd 1.2.3`. */
  madeBy: word,
  source: z.enum(["hardware", "emulator", "unknown"]),
  port: z.enum(["tty", "tcp", "unix"]),
  vendor: word.optional(),
  model: word.optional(),
  revision: word.optional(),
  startedAt: z.iso.datetime().optional(),
});

export type TranscriptHeader = z.output<typeof headerSchema>;

const latin1 = z
  .string()
  .max(65_536)
  .refine((text) => [...text].every((char) => char.charCodeAt(0) <= 0xff), {
    message: "has a character above \\u00ff",
  });

/** Milliseconds since the recording began, by a clock that never jumps. */
const atMs = z.int().min(0).max(31_536_000_000);

const entrySchema = z.union([
  z.strictObject({ atMs, from: z.enum(["host", "modem"]), text: latin1 }),
  /** The port was opened, closed by us, or went away. */
  z.strictObject({ atMs, port: z.enum(["opened", "closed", "gone"]) }),
]);

export type TranscriptEntry = z.output<typeof entrySchema>;

const footerSchema = z.strictObject({
  end: z.strictObject({
    /** False when the recording stopped at its greatest size. */
    complete: z.boolean(),
    /** Identifiers and secrets that have a stand-in, by kind. */
    replaced: z.record(z.string().max(40), z.int().min(0)),
    /** Stretches that were overwritten because nobody can say what is in them. */
    blanked: z.int().min(0),
  }),
});

export type TranscriptFooter = z.output<typeof footerSchema>;

export interface TranscriptFile {
  readonly header: TranscriptHeader;
  readonly entries: readonly TranscriptEntry[];
  /** Missing where the recording was cut off. */
  readonly footer: TranscriptFooter | undefined;
}

/** One line of the file, with its end: ASCII only, whatever the modem said. */
export function encodeTranscriptLine(value: TranscriptHeader | TranscriptEntry | TranscriptFooter): string {
  const json = JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${json}\n`;
}

export const maxTranscriptBytes = 64 * 1024 * 1024;
/** A text of 64 KiB in which every byte is escaped, and some room. */
const maxLineChars = 6 * 65_536 + 1_000;

/** @throws EsimdError `transcript_invalid`, naming the place, the line and what is wrong with it. */
export function parseTranscript(text: string, place: string): TranscriptFile {
  if (text.length > maxTranscriptBytes) throw invalid(place, undefined, "has more than 64 MiB");
  const lines = text.split("\n");
  // The last line of a recording that was cut off may be half of one; every other must be whole.
  const tail = lines.pop() ?? "";
  const header = headerOf(lines[0] ?? tail, place);
  const entries: TranscriptEntry[] = [];
  let footer: TranscriptFooter | undefined;
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    const number = index + 1;
    if (footer !== undefined) throw invalid(place, number, "stands behind the end");
    const value = parseLine(line, number, place);
    const end = footerSchema.safeParse(value);
    if (end.success) {
      footer = end.data;
      continue;
    }
    const entry = entrySchema.safeParse(value);
    if (!entry.success) throw invalid(place, number, whyNot(entry.error, "is no entry of a transcript"));
    if (entry.data.atMs < (entries.at(-1)?.atMs ?? 0)) throw invalid(place, number, "is older than the one before it");
    entries.push(entry.data);
  }
  return { header, entries, footer };
}

function headerOf(line: string, place: string): TranscriptHeader {
  const header = headerSchema.safeParse(parseLine(line, 1, place));
  if (header.success) return header.data;
  throw invalid(place, 1, whyNot(header.error, "is no header of a transcript"));
}

function parseLine(line: string, number: number, place: string): unknown {
  if (line.length > maxLineChars) throw invalid(place, number, `has more than ${maxLineChars} characters`);
  try {
    return JSON.parse(line);
  } catch {
    throw invalid(place, number, "is no JSON");
  }
}

/** The first key that does not fit, in zod's words. */
function whyNot(error: z.ZodError, otherwise: string): string {
  const issue = error.issues[0];
  if (issue === undefined || issue.code === "invalid_union") return otherwise;
  return `${otherwise} (${issue.path.length === 0 ? "" : `${issue.path.join(".")}: `}${issue.message})`;
}

function invalid(place: string, line: number | undefined, why: string): EsimdError {
  return new EsimdError("transcript_invalid", `${quote(place)}${line === undefined ? "" : `, line ${line}`} ${why}`);
}
