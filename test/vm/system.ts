import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runOnHost } from "./host-command.js";
import { type File, recipe, recipeKey } from "./recipe.js";

/** A Debian system as the recipe has it: kernel, initial RAM disk, and everything else as one archive; built once and kept. */

export interface System {
  readonly kernel: string;
  readonly initrd: string;
  readonly tree: string;
  readonly wasKept: boolean;
}

const minutesMs = 60_000;

/** @throws Error when debootstrap or apt fail: the last lines that they printed. */
export async function systemIn(cache: string, say: (line: string) => void): Promise<System> {
  const kept = join(cache, recipeKey());
  const names = { kernel: join(kept, "vmlinuz"), initrd: join(kept, "initrd.img"), tree: join(kept, "tree.tar.zst") };
  if (await exists(names.tree)) return { ...names, wasKept: true };
  await mkdir(cache, { recursive: true });
  const building = await mkdtemp(join(cache, "building-"));
  const root = join(building, "root");
  try {
    await buildTree(root, say);
    const boot = await readdir(join(root, "boot"));
    await copyFile(join(root, "boot", only(boot, "vmlinuz-")), join(building, "vmlinuz"));
    await copyFile(join(root, "boot", only(boot, "initrd.img-")), join(building, "initrd.img"));
    await rm(join(root, "boot"), { recursive: true });
    await pack(root, join(building, "tree.tar.zst"));
    await rm(root, { recursive: true, force: true });
    // What other recipes left is of no use to this one, and has the size of a system.
    for (const name of await readdir(cache)) {
      if (/^[0-9a-f]{16}$/.test(name)) await rm(join(cache, name), { recursive: true, force: true });
    }
    await rename(building, kept);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw error;
  }
  return { ...names, wasKept: false };
}

async function buildTree(root: string, say: (line: string) => void): Promise<void> {
  const mirror = await hostsMirror();
  say(`debootstrap ${recipe.suite} from ${mirror}`);
  const included = `--include=${recipe.bootstrapPackages.join(",")}`;
  await runOnHost("unshare", [...ownMounts, "debootstrap", "--variant=minbase", included, recipe.suite, root, mirror], {
    timeoutMs: 20 * minutesMs,
  });
  await writeFiles(root, recipe.filesBefore);
  await copyFile("/etc/resolv.conf", join(root, "etc/resolv.conf"));
  say(`apt-get install ${recipe.packages.join(" ")}`);
  await inTree(root, "apt-get -qq update");
  await inTree(root, `apt-get -qq install -y --no-install-recommends ${recipe.packages.join(" ")}`);
  await writeFiles(root, recipe.filesAfter);
  await inTree(root, recipe.finish);
}

/** What is mounted in the tree (its /proc) ends with the program, however that ends: a tree that is removed must not lead anywhere. */
const ownMounts = ["--mount", "--propagation", "private", "--"];

/** A command in the tree, as root. */
export async function inTree(root: string, script: string): Promise<string> {
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const enter = 'mount -t proc proc "$1/proc" && exec chroot "$1" /bin/sh -c "$2"';
  const { output } = await runOnHost("unshare", [...ownMounts, "/bin/sh", "-c", enter, "sh", root, script], {
    timeoutMs: 20 * minutesMs,
    env,
  });
  return output;
}

export async function writeFiles(root: string, files: Readonly<Record<string, File>>): Promise<void> {
  for (const [path, { mode, text }] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    // As a link it would lead out of the tree.
    await rm(join(root, path), { force: true });
    await writeFile(join(root, path), text, { mode });
    await chmod(join(root, path), mode);
  }
}

function pack(root: string, archive: string): Promise<unknown> {
  const args = ["--zstd", "-C", root, "--numeric-owner", "--xattrs", "-cf", archive, "."];
  return runOnHost("tar", args, { timeoutMs: 5 * minutesMs });
}

export function unpack({ tree }: System, root: string): Promise<unknown> {
  const args = ["--zstd", "-C", root, "--numeric-owner", "--xattrs", "-xpf", tree];
  return runOnHost("tar", args, { timeoutMs: 5 * minutesMs });
}

/** Where this machine gets Debian's packages from. */
async function hostsMirror(): Promise<string> {
  const fallback = "http://deb.debian.org/debian/";
  const format = "$(REPO_URI) $(COMPONENT)";
  const { output } = await runOnHost("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], {
    timeoutMs: minutesMs,
    accept: [0, 100],
  });
  const [, mirror] = /^(https?:\/\/\S+\/debian\/?) main$/m.exec(output) ?? [];
  return mirror ?? fallback;
}

function only(names: readonly string[], prefix: string): string {
  const matching = names.filter((name) => name.startsWith(prefix));
  const [first] = matching;
  if (first === undefined || matching.length > 1) throw new Error(`boot: ${matching.length} files ${prefix}*`);
  return first;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
