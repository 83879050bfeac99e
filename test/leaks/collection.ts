import { appendFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * What a whole run of the tests brought forth, in one folder: a file for each stream, the folders that tests left, and the secrets that
 * were at stake. It is made by whole-run.ts, filled by collect.ts in every worker, and read by read-collection.ts.
 */

/** Where the text came out, which decides what may stand in it (look.ts). */
export const streams = ["log", "recorded", "result", "kept", "printed"] as const;
export type Stream = (typeof streams)[number];

/** How a worker is told of the folder; the product never is. */
export const folderVariable = "ESIMD_TESTS_COLLECT_IN";

export const plantedFile = "planted.jsonl";
export const foldersName = "folders";

export interface Sink {
  add(text: string): void;
}

export interface Collection {
  /** A stream of its own: one log, one child's stdout. `from` says of what, for a person who is told of a leak. */
  open(stream: Stream, from: string): Sink;
  /** A secret that may come out nowhere; `what` never repeats it. */
  plant(what: string, value: string): void;
  /** In place of removing a folder. */
  takeFolder(path: string): void;
}

/** Bound before collect.ts puts its own functions in their place. */
const moved = { cpSync, renameSync, rmSync };

/** `about`: the test file, as it is to be named. */
export function openCollection(folder: string, about: string): Collection {
  const planted = new Set<string>();
  const name = slug(about);
  let count = 0;
  const nextName = (from: string): string => `${name}~${slug(from)}~${process.pid}-${++count}`;
  return {
    open: (stream, from) => {
      const path = join(folder, stream, nextName(from));
      return { add: (text) => appendFileSync(path, text) };
    },
    plant: (what, value) => {
      if (!isDistinct(value) || planted.has(value)) return;
      planted.add(value);
      appendFileSync(join(folder, plantedFile), `${JSON.stringify({ what, value, about })}\n`);
    },
    takeFolder: (path) => {
      if (!existsSync(path)) return;
      if (existsSync(join(path, foldersName)) && existsSync(join(path, "recorded"))) {
        // A collection that a test of this one made up.
        moved.rmSync(path, { recursive: true, force: true });
        return;
      }
      const place = join(folder, foldersName, nextName("left"));
      try {
        moved.renameSync(path, place);
      } catch {
        // Another file system, or somebody holds it.
        moved.cpSync(path, place, { recursive: true, filter: (source) => existsSync(source) });
        moved.rmSync(path, { recursive: true, force: true });
      }
    },
  };
}

export function makeCollection(folder: string): void {
  for (const name of [...streams, foldersName]) mkdirSync(join(folder, name), { recursive: true });
}

/** What is as short or as plain as a word of a sentence cannot be looked for; the tests' own secrets are neither. */
export function isDistinct(value: string): boolean {
  return value.length >= 10 && !/^[a-z-]+$/.test(value);
}

function slug(text: string): string {
  return text.replace(/[^A-Za-z0-9.-]+/g, "_").slice(0, 80);
}
