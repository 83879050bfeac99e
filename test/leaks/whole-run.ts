import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderVariable, makeCollection } from "./collection.js";
import { readCollection } from "./read-collection.js";

/**
 * Around every run of tests: makes the collection before, and looks through it after. A leak fails the run, whichever tests it was of, and
 * the collection stays to be looked at.
 */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "esimd-collected-"));
  makeCollection(folder);
  process.env[folderVariable] = folder;
  return () => {
    delete process.env[folderVariable];
    const { leaks, seen, planted } = readCollection(folder);
    if (leaks.length > 0) {
      const shown = leaks.slice(0, 50).map((leak) => `  ${leak}\n`);
      // vitest only prints what a teardown throws.
      process.exitCode = 1;
      throw new Error(
        `${leaks.length} times something came out that must not, in ${folder} (file and line):\n${shown.join("")}`,
      );
    }
    rmSync(folder, { recursive: true, force: true });
    const counts = Object.entries(seen).map(([stream, count]) => `${count} ${stream}`);
    process.stderr.write(`No leak of ${planted} planted secrets nor of an identifier in: ${counts.join(", ")}\n`);
  };
}
