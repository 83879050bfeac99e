import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { commands } from "../../src/commands/table.js";
import { billOfMaterials } from "./bill-of-materials.js";
import type { Bundle } from "./bundle.js";
import { debianChangelog } from "./changelog.js";
import { bashCompletion } from "./completion.js";
import { debianVersion, type Manifest } from "./control.js";
import { copyrightFile } from "./copyright.js";
import { unitsOf } from "./layout.js";
import { manualPages } from "./man-pages.js";
import { rootsReadme } from "./roots-readme.js";
import { type Entry, file } from "./tree.js";

export interface DocumentParts {
  readonly manifest: Manifest;
  readonly bundle: Bundle;
  /** What was installed of systemd/. */
  readonly installed: readonly Entry[];
  /** When the sources were last changed. */
  readonly seconds: number;
}

/** What is there to be read: manual pages, completion, license texts, bill of materials, changelog, the list of roots. */
export async function documentEntries(root: string, parts: DocumentParts): Promise<readonly Entry[]> {
  const { manifest, bundle, installed, seconds } = parts;
  const loaded = await Promise.all(commands.map(({ load }) => load()));
  const version = debianVersion(manifest.version);
  const date = new Date(seconds * 1000).toISOString().slice(0, 10);
  const pages = manualPages({ version, date, commands: loaded, units: describeUnits(installed) });
  const changelog = debianChangelog(readFileSync(join(root, "docs/changelog.md"), "utf8"), seconds);
  return [
    ...[...pages].map(([path, text]) => compressed(`usr/share/man/${path}.gz`, text)),
    file("usr/share/bash-completion/completions/esimd", bashCompletion(loaded)),
    file("usr/share/doc/esimd/copyright", copyrightFile(root, bundle.packages)),
    compressed("usr/share/doc/esimd/sbom.cdx.json.gz", billOfMaterials(root, bundle.packages)),
    // A native package, in Debian's words: there is no other changelog beside it.
    compressed("usr/share/doc/esimd/changelog.gz", changelog),
    file("usr/share/lintian/overrides/esimd", readFileSync(join(root, "systemd/debian/lintian-overrides"))),
    file("etc/esimd/ci-roots/README", rootsReadme()),
  ];
}

function describeUnits(installed: readonly Entry[]): readonly (readonly [string, string])[] {
  return unitsOf(installed).map((unit) => {
    const entry = installed.find(({ path }) => basename(path) === unit);
    const text = entry?.kind === "file" ? Buffer.from(entry.bytes).toString("utf8") : "";
    const description = /^Description=(.+)$/m.exec(text)?.[1];
    if (description === undefined) throw new Error(`${unit} has no Description=`);
    return [unit, description];
  });
}

function compressed(path: string, text: string): Entry {
  return file(path, gzipSync(text, { level: 9 }));
}
