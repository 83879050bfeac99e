import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { foldersName, plantedFile, type Stream, streams } from "./collection.js";
import { findLeaks, type Planted } from "./look.js";

/** Goes through a collection and names what leaked, one line each, never the secret itself. */

export interface Findings {
  readonly leaks: readonly string[];
  /** Texts that were looked at, by stream: a check that saw nothing shows nothing. */
  readonly seen: Readonly<Record<Stream, number>>;
  readonly planted: number;
}

export function readCollection(folder: string): Findings {
  const planted = readPlanted(join(folder, plantedFile));
  const leaks: string[] = [];
  const seen: Record<Stream, number> = { log: 0, recorded: 0, result: 0, kept: 0, printed: 0 };
  const look = (stream: Stream, path: string): void => {
    seen[stream]++;
    const place = path.slice(folder.length + 1);
    for (const { line, what } of findLeaks(stream, readFileSync(path, "utf8"), planted))
      leaks.push(`${place}:${line}: ${what}`);
  };
  for (const stream of streams)
    for (const name of readdirSync(join(folder, stream))) look(stream, join(folder, stream, name));
  for (const path of filesIn(join(folder, foldersName))) {
    if (isTranscript(path)) look("recorded", path);
    else if (isOfStateFolder(path)) look("kept", path);
  }
  return { leaks, seen, planted: planted.length };
}

/** No transcript and no file of the state is larger (docs/security.md): a test that plants one has planted what is in it. */
const maxFileBytes = 40 * 1024 * 1024;

function readPlanted(path: string): readonly Planted[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const lines = text.split("\n").filter((line) => line !== "");
  return [...new Map(lines.map((line): [string, Planted] => [line, JSON.parse(line)])).values()];
}

/** Regular files of a sensible size only: a test may leave sockets, pipes, and links out of the folder. */
function* filesIn(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (stat.isDirectory() && (stat.mode & 0o500) === 0o500) yield* filesIn(path);
    else if (stat.isFile() && stat.size <= maxFileBytes && (stat.mode & 0o400) !== 0) yield path;
  }
}

const recordedByEsimd = '{"schema":"esimd.transcript/1","madeBy":"esimd ';

/** By its first line: a test calls the file as it likes. */
function isTranscript(path: string): boolean {
  const head = Buffer.alloc(recordedByEsimd.length);
  const file = openSync(path, "r");
  try {
    const length = readSync(file, head, 0, head.length, 0);
    return head.subarray(0, length).toString("latin1") === recordedByEsimd;
  } finally {
    closeSync(file);
  }
}

/** The state folder is the one that holds `euicc`, `status` or segments.json; all in it was written by esimd. */
function isOfStateFolder(path: string): boolean {
  for (let at = path; basename(dirname(at)) !== foldersName && dirname(at) !== at; at = dirname(at)) {
    const names = readdirSync(dirname(at));
    if (names.includes("euicc") || names.includes("status") || names.includes("segments.json")) return true;
  }
  return false;
}
