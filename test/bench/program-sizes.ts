import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { architectures } from "../../systemd/package/architectures.js";
import { type Bundle, bundleProgram, type Loaded } from "../../systemd/package/bundle.js";
import { hasDpkgDeb, makePackages, sourceSeconds } from "../../systemd/package/package.js";

/** How large the program is, and of how much it is made: counts, which do not depend on the machine. */

export interface ProgramSizes {
  /** The program of the Debian package, with all commands and the station's page. */
  readonly bundle: { readonly files: number; readonly bytes: number; readonly packages: number };
  readonly commands: readonly CommandSize[];
  /** undici and serialport come with the first request and the first tty. */
  readonly later: readonly CommandSize[];
  readonly npmPackage: { readonly bytes: number; readonly unpackedBytes: number; readonly files: number };
  /** For this machine; undefined without dpkg-deb. */
  readonly debianPackage: { readonly bytes: number; readonly installedBytes: number } | undefined;
  readonly dependencies: Dependencies;
}

/** What is loaded as soon as a command is named. */
export interface CommandSize extends Loaded {
  readonly what: string;
}

export interface Dependencies {
  /** In package.json, for the program. */
  readonly direct: number;
  /** With theirs; without what is optional. */
  readonly all: number;
}

const shown = ["provision", "probe", "run", "status", "doctor", "station"];

export async function measureSizes(root: string): Promise<ProgramSizes> {
  const bundle = await bundleProgram(root, sourceSeconds(root));
  return {
    bundle: sizeOf(bundle),
    commands: [startOf(bundle, "--version", "src/cli.ts"), ...shown.map((name) => commandOf(bundle, name))],
    later: [
      startOf(bundle, "the first HTTP request", "parts:undici"),
      startOf(bundle, "the first tty", "src/serial/tty.ts"),
    ],
    npmPackage: npmPackageOf(root),
    debianPackage: hasDpkgDeb() ? await debianPackageOf(root) : undefined,
    dependencies: dependenciesOf(root),
  };
}

export function sizeOf({ files, packages }: Bundle): ProgramSizes["bundle"] {
  const bytes = [...files.values()].reduce((sum, one) => sum + one.length, 0);
  return { files: files.size, bytes, packages: packages.length };
}

export function commandOf(bundle: Bundle, name: string): CommandSize {
  return startOf(bundle, name, `src/commands/${name}.ts`);
}

/** @throws for a source that is no entry of the bundle. */
export function startOf(bundle: Bundle, what: string, source: string): CommandSize {
  const loaded = bundle.loadedWith.get(source);
  if (loaded === undefined) throw new Error(`${source} is no entry of the bundle`);
  return { what, ...loaded };
}

const packedSchema = z.array(z.object({ size: z.int(), unpackedSize: z.int(), entryCount: z.int() })).length(1);

/** As it would be published of what is built now; its bill of materials is in it if it was made. */
export function npmPackageOf(root: string): ProgramSizes["npmPackage"] {
  const words = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const said = execFileSync("npm", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [packed] = packedSchema.parse(JSON.parse(said));
  if (packed === undefined) throw new Error("npm packed nothing");
  return { bytes: packed.size, unpackedBytes: packed.unpackedSize, files: packed.entryCount };
}

async function debianPackageOf(root: string): Promise<ProgramSizes["debianPackage"]> {
  const folder = mkdtempSync(join(tmpdir(), "esimd-sizes-"));
  try {
    const here = architectures.filter(({ node }) => node === process.arch);
    const [made] = await makePackages(root, here, folder);
    return made && { bytes: made.bytes, installedBytes: made.installedBytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()) });
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional(), optional: z.boolean().optional() })),
});

export function dependenciesOf(root: string): Dependencies {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), "utf8"));
  const { dependencies } = manifestSchema.parse(read("package.json"));
  const { packages } = lockSchema.parse(read("package-lock.json"));
  const all = Object.entries(packages).filter(
    ([place, { dev, optional }]) => place !== "" && dev !== true && optional !== true,
  );
  return { direct: Object.keys(dependencies).length, all: all.length };
}
