import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { z } from "zod";

/** `npm run sbom`: what is in the package, for whoever has to know of a vulnerability which devices have it. */

const root = resolve(import.meta.dirname, "../..");

const bomSchema = z.object({
  bomFormat: z.literal("CycloneDX"),
  metadata: z.object({
    component: z.object({ type: z.literal("application"), name: z.string(), version: z.string(), purl: z.string() }),
  }),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
  components: z.array(
    z.object({
      "bom-ref": z.string(),
      name: z.string(),
      version: z.string(),
      licenses: z.array(z.object({ license: z.object({ id: z.string() }) })).min(1),
      hashes: z.array(z.object({ alg: z.string(), content: z.string() })).optional(),
    }),
  ),
});

const packageSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      optional: z.boolean().optional(),
    }),
  ),
});

it("names each package that is shipped, with version, license and hash, and no tool that it was made with", async () => {
  await promisify(execFile)("npm", ["run", "-s", "sbom"], { cwd: root });
  const bom = bomSchema.parse(JSON.parse(readFileSync(resolve(root, "dist/sbom.cdx.json"), "utf8")));
  const { packages } = packageSchema.parse(JSON.parse(readFileSync(resolve(root, "package-lock.json"), "utf8")));
  const { version = "" } = packages[""] ?? {};
  expect(bom.metadata.component).toMatchObject({ name: "esimd", version, purl: `pkg:npm/esimd@${version}` });

  const listed = bom.components.map(({ name, version, licenses }) => `${name} ${version} ${licenses[0]?.license.id}`);
  const locked = Object.entries(packages).flatMap(([place, entry]) => {
    if (place === "" || entry.dev === true) return [];
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    return [{ optional: entry.optional === true, line: `${name} ${entry.version} ${entry.license}` }];
  });
  const needed = locked.filter(({ optional }) => !optional).map(({ line }) => line);
  expect(needed.length).toBeGreaterThan(10);
  expect(needed.filter((line) => !listed.includes(line))).toEqual([]);
  // An optional package is there or not, by platform; nothing else may be.
  const known = locked.map(({ line }) => line);
  expect(listed.filter((line) => !known.includes(line))).toEqual([]);
  const refs = new Set(["esimd", ...bom.components.map((component) => component["bom-ref"])]);
  const dangling = bom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref));
  expect(dangling).toEqual([]);
  expect(bom.components.filter(({ hashes = [] }) => hashes.every(({ alg }) => alg !== "SHA-512"))).toEqual([]);
});
