import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleProgram, npmProgramName, partsFolder } from "./bundle.js";
import { readTerms } from "./copyright.js";
import { readManifest, sourceSeconds } from "./package.js";

/** `npm run build`: the program as npm's package has it, into dist/. What else lies in there (packages, a bill of materials) stays. */

const root = process.cwd();
const out = join(root, "dist");

const { files, packages } = await bundleProgram(root, sourceSeconds(root), "npm");
rmSync(join(out, partsFolder), { recursive: true, force: true });
for (const [name, bytes] of files) {
  const path = join(out, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
// The nearest package.json tells Node what the files are, and esimd its version.
const { name, version } = readManifest(root);
writeFileSync(join(out, "package.json"), `${JSON.stringify({ name, version, type: "commonjs" })}\n`);
chmodSync(join(out, npmProgramName), 0o755);
writeFileSync(join(out, "third-party-licenses.txt"), packages.map((place) => termsOf(place)).join("\n"));

function termsOf(place: string): string {
  const { name, version, license, text } = readTerms(root, place);
  return `${name} ${version}, ${license}\n\n${text.trimEnd()}\n`;
}
