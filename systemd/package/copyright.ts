import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Under which terms the parts of the program come: debian/copyright in its machine-readable form (DEP-5), from the packages' own files.
 * A package without a text of its license stops the build.
 */

export interface Terms {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

const form = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/";

export function copyrightFile(root: string, packages: readonly string[]): string {
  return [
    paragraph(["Format", form], ["Upstream-Name", "esimd"]),
    paragraph(["Files", "*"], ["Copyright", "The esimd project"], ["License", "Apache-2.0"]),
    ...packages.map((place) => {
      const { name, version, license, text } = readTerms(root, place);
      return paragraph(
        ["Files", `${place}/*`],
        ["Copyright", holders(text, name).join("\n")],
        // The text stands with each package: it names other holders.
        ["License", `${license}\n${text}`],
        ["Comment", `${name} ${version}, in the bundle usr/lib/esimd`],
      );
    }),
    paragraph([
      "License",
      "Apache-2.0\nOn Debian systems, the full text of the Apache License, version 2.0, is in\n/usr/share/common-licenses/Apache-2.0.",
    ]),
  ].join("\n");
}

export function readTerms(root: string, place: string): Terms {
  const folder = join(root, place);
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const field = (key: string): string => {
    const value = typeof manifest === "object" && manifest !== null ? Reflect.get(manifest, key) : undefined;
    if (typeof value !== "string") throw new Error(`${place}/package.json has no ${key}`);
    return value;
  };
  const name = readdirSync(folder).find((entry) => /^licen[cs]e(?:[.-]|$)/i.test(entry));
  if (name === undefined) throw new Error(`${place} has no file with its license, so it cannot be shipped`);
  return {
    name: field("name"),
    version: field("version"),
    license: field("license"),
    text: readFileSync(join(folder, name), "utf8"),
  };
}

function holders(text: string, name: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.trim());
  const found = lines
    .filter((line) => /^copyright\b.*(?:\d{4}|\(c\))/i.test(line))
    .map((line) => line.replace(/^copyright\s*(?:\(c\)|©)?\s*/i, ""));
  return found.length === 0 ? [`The authors of ${name}`] : found;
}

/** Fields of deb822(5): lines that go on begin with a space, empty ones are a dot. */
function paragraph(...fields: readonly (readonly [string, string])[]): string {
  return fields
    .map(([key, value]) => {
      const [first = "", ...rest] = value.trimEnd().split("\n");
      return [`${key}: ${first}`, ...rest.map((line) => (line.trim() === "" ? " ." : ` ${line.trimEnd()}`)), ""].join(
        "\n",
      );
    })
    .join("");
}
