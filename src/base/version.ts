import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The program's version: from the nearest package.json above this file, in src, in dist, and where a package was installed. */
export function version(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (!existsSync(path)) {
      if (folder === dirname(folder)) return "unknown";
      continue;
    }
    const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
    const known = typeof manifest === "object" && manifest !== null && "version" in manifest;
    return known ? String(manifest.version) : "unknown";
  }
}
