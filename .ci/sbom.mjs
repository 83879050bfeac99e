// The bill of materials of what is shipped: dist/sbom.cdx.json. Run by `npm run sbom`, and before the package is packed.
//
// npm makes it of everything that is installed, and what is only there for development is taken out here, by the lock file: with
// `--omit dev` npm 11.19 also leaves out what the program shares with a tool (debug and ms, which serialport and twilio use).
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, root), "utf8"));

const made = execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
});
const bom = JSON.parse(made);

const shipped = new Set(
  Object.entries(read("package-lock.json").packages)
    .filter(([place, { dev }]) => place !== "" && dev !== true)
    .map(([place, { version }]) => `${place.slice(place.lastIndexOf("node_modules/") + 13)}@${version}`),
);
bom.components = bom.components.filter(({ name, version }) => shipped.has(`${name}@${version}`));

const own = bom.metadata.component;
const refs = new Set([own["bom-ref"], ...bom.components.map((component) => component["bom-ref"])]);
bom.dependencies = bom.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
// npm calls it by the folder that the clone lies in.
own.name = read("package.json").name;

mkdirSync(new URL("dist/", root), { recursive: true });
writeFileSync(new URL("dist/sbom.cdx.json", root), `${JSON.stringify(bom, null, 2)}\n`);
