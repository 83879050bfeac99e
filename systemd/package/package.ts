import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Architecture } from "./architectures.js";
import { type Bundle, bundleProgram, programName } from "./bundle.js";
import { controlEntries, debianVersion, type Manifest } from "./control.js";
import { documentEntries } from "./documents.js";
import { launcher } from "./launcher.js";
import { systemdEntries } from "./layout.js";
import { nativePart } from "./native.js";
import { type Entry, file, writeTree } from "./tree.js";

/** From the sources to `esimd_VERSION_ARCH.deb`. No root, no debhelper: dpkg-deb and nothing else. */

const maxBytes = 3_000_000;

export interface Made {
  readonly architecture: string;
  readonly path: string;
  readonly bytes: number;
  readonly installedBytes: number;
}

export function hasDpkgDeb(): boolean {
  return spawnSync("dpkg-deb", ["--version"], { stdio: "ignore" }).status === 0;
}

/** @throws when a package would be larger than it may be. */
export async function makePackages(
  root: string,
  wanted: readonly Architecture[],
  outFolder: string,
): Promise<readonly Made[]> {
  const manifest = readManifest(root);
  const seconds = sourceSeconds(root);
  const bundle = await bundleProgram(root, seconds);
  const installed = systemdEntries(join(root, "systemd"));
  const documents = await documentEntries(root, { manifest, bundle, installed, seconds });
  const common = [...programEntries(manifest, bundle), ...installed, ...documents];
  mkdirSync(outFolder, { recursive: true });
  return wanted.map((architecture) => makeOne(root, { manifest, architecture, common, seconds }, outFolder));
}

function makeOne(
  root: string,
  parts: {
    readonly manifest: Manifest;
    readonly architecture: Architecture;
    readonly common: readonly Entry[];
    readonly seconds: number;
  },
  outFolder: string,
): Made {
  const { manifest, architecture, common, seconds } = parts;
  const { entry, glibc } = nativePart(root, architecture);
  const entries = [...common, entry].sort((one, other) => (one.path < other.path ? -1 : 1));
  const control = controlEntries({ manifest, architecture, glibc, entries, scripts: join(root, "systemd/debian") });
  const path = join(outFolder, `${manifest.name}_${debianVersion(manifest.version)}_${architecture.debian}.deb`);
  const stage = mkdtempSync(join(tmpdir(), "esimd-package-"));
  try {
    const tree = join(stage, "tree");
    writeTree(tree, [...entries, ...control]);
    // xz, which every dpkg reads; what is newer than SOURCE_DATE_EPOCH gets its time, so that the same source makes the same package.
    execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", tree, path], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
    });
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  const { size } = statSync(path);
  if (size > maxBytes) throw new Error(`${path} has ${size} bytes, and a package may have ${maxBytes}`);
  const installedBytes = entries.reduce((sum, one) => sum + (one.kind === "file" ? one.bytes.length : 0), 0);
  return { architecture: architecture.debian, path, bytes: size, installedBytes };
}

export function programEntries(manifest: Manifest, bundle: Bundle): readonly Entry[] {
  // The parts of the program say `require`.
  const own = { name: manifest.name, version: manifest.version, type: "commonjs" };
  return [
    file("usr/lib/esimd/package.json", `${JSON.stringify(own)}\n`),
    ...[...bundle.files].map(([name, bytes]) => file(`usr/lib/esimd/program/${name}`, bytes)),
    file("usr/bin/esimd", launcher(`/usr/lib/esimd/program/${programName}`), 0o755),
    { kind: "folder", path: "etc/esimd/conf.d", mode: 0o755 },
  ];
}

export function readManifest(root: string): Manifest {
  const read: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const field = (name: string): string => {
    const value = typeof read === "object" && read !== null ? Reflect.get(read, name) : undefined;
    if (typeof value !== "string" || value === "") throw new Error(`package.json has no ${name}`);
    return value;
  };
  return { name: field("name"), version: field("version"), description: field("description") };
}

/** When the sources were last changed, in seconds; where nobody says so, now. */
export function sourceSeconds(root: string): number {
  const told = Number(process.env["SOURCE_DATE_EPOCH"]);
  if (Number.isInteger(told) && told > 0) return told;
  const git = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" });
  const committed = Number(git.stdout);
  return git.status === 0 && Number.isInteger(committed) && committed > 0 ? committed : Math.floor(Date.now() / 1000);
}
