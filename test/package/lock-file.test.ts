import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** What `npm ci` is held to: packages of the public registry, each known by its hash, and no program that runs while it installs. */

const root = resolve(import.meta.dirname, "../..");
const ranges = z.record(z.string(), z.string()).default({});

const manifestSchema = z.object({
  dependencies: ranges,
  optionalDependencies: ranges,
  devDependencies: ranges,
});

const lockSchema = z.object({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      link: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});

type Lock = z.output<typeof lockSchema>;

/**
 * serialport's script looks for the prebuilt native part, esbuild's for the program of this machine. Both are looked for again when they are
 * needed, so that --ignore-scripts does no harm, neither on a device nor where the package is built.
 */
const mayRunAtInstall = ["node_modules/@serialport/bindings-cpp", "node_modules/esbuild"];

function faultsIn({ packages }: Lock): readonly string[] {
  return Object.entries(packages).flatMap(([place, entry]) => {
    if (place === "") return [];
    const { version = "", resolved, integrity = "", link, hasInstallScript } = entry;
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    const tarball = `https://registry.npmjs.org/${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
    const faults = [
      link === true && "is a link into this machine",
      !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version) && `has ${JSON.stringify(version)} in place of a version`,
      !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity) && "has no SHA-512",
      // Left out, npm takes the version from the registry by its name, and the hash says whether it is the same.
      resolved !== undefined && resolved !== tarball && `comes from ${resolved}`,
      hasInstallScript === true && !mayRunAtInstall.includes(place) && "runs a script when it is installed",
    ];
    return faults.flatMap((fault) => (fault === false ? [] : [`${place} ${fault}`]));
  });
}

const lock = lockSchema.parse(JSON.parse(readFileSync(resolve(root, "package-lock.json"), "utf8")));
const manifest = manifestSchema.parse(JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")));

describe("package-lock.json", () => {
  it("names every package by version and SHA-512, of the public registry, without scripts but those that are allowed", () => {
    expect(Object.keys(lock.packages).length).toBeGreaterThan(20);
    expect(faultsIn(lock)).toEqual([]);
    expect(mayRunAtInstall.filter((place) => lock.packages[place]?.hasInstallScript !== true)).toEqual([]);
  });

  it("is in step with package.json", () => {
    expect(manifestSchema.parse(lock.packages[""])).toEqual(manifest);
  });

  it.each([
    ["a repository", { resolved: "git+ssh://git@github.com/a/b.git#0123" }],
    ["plain HTTP", { resolved: "http://registry.npmjs.org/left/-/left-1.0.0.tgz" }],
    ["another registry", { resolved: "https://registry.example/left/-/left-1.0.0.tgz" }],
    ["another package of the registry", { resolved: "https://registry.npmjs.org/lefl/-/lefl-1.0.0.tgz" }],
    ["no hash", { integrity: undefined }],
    ["a hash that is no longer one", { integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }],
    ["a script", { hasInstallScript: true }],
    ["a link", { link: true }],
    ["a version that is a URL", { version: "https://example.org/left.tgz" }],
  ])("is found out with %s", (_name, change) => {
    const good = { version: "1.0.0", integrity: `sha512-${"A".repeat(86)}==` };
    const packages = { "": {}, "node_modules/left": good };
    expect(faultsIn({ lockfileVersion: 3, packages })).toEqual([]);
    const changed = { ...packages, "node_modules/left": { ...good, ...change } };
    expect(faultsIn({ lockfileVersion: 3, packages: changed })).toHaveLength(1);
  });
});
