import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a package puts on a device, before any of it is on a disk: paths without the leading slash. */

export type Entry =
  | { readonly kind: "file"; readonly path: string; readonly bytes: Uint8Array; readonly mode: 0o644 | 0o755 }
  | { readonly kind: "folder"; readonly path: string; readonly mode: 0o755 | 0o750 };

export function file(path: string, content: string | Uint8Array, mode: 0o644 | 0o755 = 0o644): Entry {
  return { kind: "file", path, bytes: typeof content === "string" ? Buffer.from(content) : content, mode };
}

/** The umask of whoever builds must not be seen in the package. */
export function writeTree(root: string, entries: readonly Entry[]): void {
  for (const entry of entries) {
    const path = join(root, entry.path);
    makeFolder(root, entry.kind === "folder" ? entry.path : dirname(entry.path));
    if (entry.kind === "file") {
      writeFileSync(path, entry.bytes, { flag: "wx" });
      chmodSync(path, entry.mode);
    } else {
      chmodSync(path, entry.mode);
    }
  }
}

function makeFolder(root: string, path: string): void {
  let made = root;
  for (const name of path.split("/").filter((part) => part !== "" && part !== ".")) {
    made = join(made, name);
    if (mkdirSync(made, { recursive: true }) !== undefined) chmodSync(made, 0o755);
  }
}
