import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { runOnHost } from "./host-command.js";

/** esimd's Debian package for the machine, as `npm run package` makes it, and the same one as its next version would be. */

const minutesMs = 60_000;

/** The one for x86-64 in `dist`; made first where there is none. @throws Error when it cannot be made. */
export async function findPackage(repository: string): Promise<string> {
  const dist = resolve(repository, "dist");
  const there = await newest(dist);
  if (there !== undefined) return there;
  await runOnHost("npm", ["run", "-s", "package"], { timeoutMs: 10 * minutesMs });
  const made = await newest(dist);
  if (made === undefined) throw new Error("npm run package left no esimd_VERSION_amd64.deb in dist");
  return made;
}

async function newest(dist: string): Promise<string | undefined> {
  const names = (await readdir(dist)).filter((name) => /^esimd_.*_amd64\.deb$/.test(name));
  const dated = await Promise.all(
    names.map(async (name) => ({ path: join(dist, name), madeMs: (await stat(join(dist, name))).mtimeMs })),
  );
  return dated.toSorted((a, b) => b.madeMs - a.madeMs)[0]?.path;
}

export interface NextVersion {
  readonly path: string;
  readonly version: string;
}

/** The same content under a later version: what an upgrade does to a device does not depend on what is new in it. */
export async function nextVersionOf(packagePath: string, dir: string): Promise<NextVersion> {
  const tree = join(dir, "next");
  await rm(tree, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  await runOnHost("dpkg-deb", ["-R", packagePath, tree], { timeoutMs: minutesMs });
  const control = join(tree, "DEBIAN", "control");
  const fields = await readFile(control, "utf8");
  const [, current] = /^Version: (\S+)$/m.exec(fields) ?? [];
  if (current === undefined) throw new Error(`${packagePath} has no version`);
  const version = `${current}+next`;
  await writeFile(control, fields.replace(/^Version: .*$/m, `Version: ${version}`));
  const path = join(dir, "next.deb");
  await runOnHost("dpkg-deb", ["--root-owner-group", "-b", tree, path], { timeoutMs: minutesMs });
  await rm(tree, { recursive: true, force: true });
  return { path, version };
}
