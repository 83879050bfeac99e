import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "./bundle.js";
import type { Manifest } from "./control.js";
import { type Entry, file } from "./tree.js";

/** What is there to be read: license texts, manual pages, changelog, the list of roots. */
export async function documentEntries(root: string, _manifest: Manifest, _bundle: Bundle): Promise<readonly Entry[]> {
  return [file("usr/share/doc/esimd/copyright", readFileSync(join(root, "LICENSE")))];
}
