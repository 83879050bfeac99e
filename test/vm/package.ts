import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runOnHost } from "./host-command.js";

/** esimd's Debian package for the machine, as `npm run package` makes it, and the same one under its next version. */

const minutesMs = 60_000;

/** Makes the one for x86-64 of what is checked out, into `dir`. @throws Error when it cannot be made. */
export async function makePackage(dir: string): Promise<string> {
  const args = ["run", "-s", "package", "--", "--arch", "amd64", "--out", dir];
  await runOnHost("npm", args, { timeoutMs: 10 * minutesMs });
  const made = (await readdir(dir)).filter((name) => name.endsWith("_amd64.deb"));
  const [name] = made;
  if (name === undefined || made.length > 1) throw new Error(`npm run package made ${made.length} packages for amd64`);
  return join(dir, name);
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
