import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readTerms } from "./copyright.js";

/** The bill of materials of the bundle: `npm run sbom` without what is installed and not in it, such as packages for other systems. */

const bomSchema = z.looseObject({
  metadata: z.looseObject({ component: z.looseObject({ "bom-ref": z.string() }) }),
  components: z.array(z.looseObject({ "bom-ref": z.string(), name: z.string(), version: z.string() })),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});

/** @throws when a package of the bundle is not on npm's list. */
export function billOfMaterials(root: string, packages: readonly string[]): string {
  execFileSync(process.execPath, [".ci/sbom.mjs"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  const bom = bomSchema.parse(JSON.parse(readFileSync(join(root, "dist/sbom.cdx.json"), "utf8")));
  const bundled = new Set(
    packages.map((place) => {
      const { name, version } = readTerms(root, place);
      return `${name}@${version}`;
    }),
  );
  const components = bom.components.filter(({ name, version }) => bundled.delete(`${name}@${version}`));
  if (bundled.size > 0) throw new Error(`npm's bill of materials does not have ${[...bundled].join(", ")}`);
  const refs = new Set([bom.metadata.component["bom-ref"], ...components.map((component) => component["bom-ref"])]);
  const dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  return `${JSON.stringify({ ...bom, components, dependencies }, null, 2)}\n`;
}
