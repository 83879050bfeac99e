import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";

/** A built package, unpacked: what a device would have, in a folder. */

const root = resolve(import.meta.dirname, "../..");

export interface UnpackedPackage {
  readonly deb: string;
  /** The file system of the device. */
  readonly tree: string;
  /** dpkg's own files. */
  readonly control: string;
}

const resultSchema = z.object({
  schema: z.literal("esimd.package/1"),
  packages: z.array(z.object({ architecture: z.string(), path: z.string(), bytes: z.number() })),
});

export const hasDpkgDeb = has("dpkg-deb");

export function has(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** `npm run package`, into a folder of its own. By architecture. */
export function buildPackages(): ReadonlyMap<string, UnpackedPackage> {
  const folder = mkdtempSync(join(tmpdir(), "esimd-deb-"));
  const words = ["run", "-s", "package", "--", "--json", "--out", folder];
  const out = execFileSync("npm", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const { packages } = resultSchema.parse(JSON.parse(out.trimEnd().split("\n").at(-1) ?? ""));
  return new Map(
    packages.map(({ architecture, path }) => {
      const deb = resolve(root, path);
      const tree = join(folder, architecture);
      const control = join(folder, `${architecture}-control`);
      execFileSync("dpkg-deb", ["--extract", deb, tree]);
      execFileSync("dpkg-deb", ["--control", deb, control]);
      return [architecture, { deb, tree, control }];
    }),
  );
}
