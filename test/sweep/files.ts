import { basename, dirname } from "node:path";
import type { FileSystem, ListedFile, OpenFile, OpenFlags } from "../../src/provision/store/file-system.js";

/**
 * A file system that forgets what was not synced. Names and contents are durable apart from one another, as POSIX has it and as ext4 and
 * cheap flash were seen to do: a file whose content was synced may lose its name, and a name may survive a content that was not.
 */

/** What is left of what was not synced when the power goes. */
export const powerCuts = [
  /** Nothing: the strictest reading of fsync(2). */
  "strict",
  /** Everything, as when the kernel had just written it back. */
  "lucky",
  /** Names are there; of a content that was not synced, the first half. */
  "torn",
  /** Names are there; a content that was not synced is as long as it was and all NUL (ext4 with delayed allocation, and worn flash). */
  "zeros",
  /** Names are there; of a content that was not synced, the second half reached the disk and the first did not. */
  "pages-out-of-order",
  /** Names are there, and contents are as they were when they were last synced: a file that was renamed into place is empty. */
  "names-first",
  /** Contents are there; a name that was not synced is not: the old file stands in the place of the renamed one. */
  "stale-names",
] as const;
type HonestCut = (typeof powerCuts)[number];
/**
 * A disk that lies: it had said of the last few syncs that they were done (worn flash with a cache of its own). `forgets-appends`: it
 * forgets those of files that were appended to, while the later ones of others reached it.
 */
export type PowerCut = HonestCut | "forgetful" | "forgets-appends";

interface Inode {
  readonly isFolder: boolean;
  content: string;
  durable: string | undefined;
  /** What was durable before each sync of a file that is appended to, the oldest first, where the disk is one that lies. */
  readonly earlier: string[];
}

/** Contents by path; undefined for a folder. */
type Image = ReadonlyMap<string, string | undefined>;

export type DiskFailure = "ENOSPC" | "EROFS" | "EIO";

export class SimFiles implements FileSystem {
  /** By absolute path, the root left out. */
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  /** What was durable at each of the last syncs, the oldest first, where the disk is one that lies. */
  readonly #images: Image[] = [];
  readonly #forgets: number;

  /** `forgets`: how many syncs a `forgetful` power cut undoes. */
  constructor(forgets = 0) {
    this.#forgets = forgets;
  }

  async readFile(path: string): Promise<string> {
    return this.#file(path).content;
  }

  async open(path: string, flags: OpenFlags): Promise<OpenFile> {
    this.#requireFolder(dirname(path));
    const there = this.#names.get(path);
    if (there?.isFolder) throw failure("EISDIR", path);
    if (there !== undefined && flags === "wx") throw failure("EEXIST", path);
    const inode = there ?? { isFolder: false, content: "", durable: undefined, earlier: [] };
    if (there === undefined) this.#names.set(path, inode);
    if (flags === "w") inode.content = "";
    return {
      write: async (text) => {
        inode.content += text;
      },
      sync: async () => {
        this.#remember();
        if (flags === "a" && this.#forgets > 0) inode.earlier.push(inode.durable ?? "");
        inode.durable = inode.content;
      },
      close: async () => undefined,
    };
  }

  async mkdir(path: string): Promise<void> {
    if (this.#names.has(path)) throw failure("EEXIST", path);
    this.#requireFolder(dirname(path));
    this.#names.set(path, { isFolder: true, content: "", durable: "", earlier: [] });
  }

  async isFolder(path: string): Promise<boolean> {
    if (path === "/") return true;
    const inode = this.#names.get(path);
    if (inode === undefined) throw failure("ENOENT", path);
    return inode.isFolder;
  }

  async list(path: string): Promise<readonly ListedFile[]> {
    this.#requireFolder(path);
    return [...this.#names]
      .filter(([name, inode]) => dirname(name) === path && !inode.isFolder)
      .map(([name, inode]) => ({ name: basename(name), bytes: Buffer.byteLength(inode.content) }));
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#file(from);
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  async remove(path: string): Promise<void> {
    this.#names.delete(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.#requireFolder(path);
    this.#remember();
    for (const name of [...this.#durableNames.keys()]) {
      if (dirname(name) === path && !this.#names.has(name)) this.#durableNames.delete(name);
    }
    for (const [name, inode] of this.#names) if (dirname(name) === path) this.#durableNames.set(name, inode);
  }

  /** The power goes; what is on the disk afterwards is all that there is. */
  cutPower(cut: PowerCut): void {
    if (cut === "forgetful") {
      this.#restore(this.#images[0] ?? this.#durableImage());
      this.#images.length = 0;
      return;
    }
    if (cut === "forgets-appends") {
      for (const inode of this.#names.values()) {
        inode.durable = inode.earlier.at(-this.#forgets) ?? inode.earlier[0] ?? inode.durable;
      }
    }
    const keepsNames = cut !== "strict" && cut !== "stale-names" && cut !== "forgets-appends";
    const names = reachable(keepsNames ? this.#names : this.#durableNames);
    const survived = new Map<string, Inode>();
    const moved = new Map<Inode, Inode>();
    for (const [name, inode] of names) {
      const after = moved.get(inode) ?? surviving(inode, cut);
      moved.set(inode, after);
      survived.set(name, after);
    }
    this.#names = survived;
    this.#durableNames = new Map(survived);
  }

  #remember(): void {
    if (this.#forgets === 0) return;
    this.#images.push(this.#durableImage());
    if (this.#images.length > this.#forgets) this.#images.shift();
  }

  #durableImage(): Image {
    const names = [...reachable(this.#durableNames)];
    return new Map(names.map(([name, inode]) => [name, inode.isFolder ? undefined : (inode.durable ?? "")]));
  }

  #restore(image: Image): void {
    const names = [...image].map(([name, content = ""]): [string, Inode] => [
      name,
      { isFolder: image.get(name) === undefined, content, durable: content, earlier: [] },
    ]);
    this.#names = new Map(names);
    this.#durableNames = new Map(names);
  }

  /** Puts a file there as somebody else left it, long ago. */
  seed(path: string, content: string): void {
    for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
      if (this.#names.has(folder)) continue;
      const made = { isFolder: true, content: "", durable: "", earlier: [] };
      this.#names.set(folder, made);
      this.#durableNames.set(folder, made);
    }
    const inode = { isFolder: false, content, durable: content, earlier: [] };
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** Contents by path, for the invariants. */
  contents(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#names].filter(([, inode]) => !inode.isFolder).map(([name, inode]) => [name, inode.content]),
    );
  }

  #file(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw failure("ENOENT", path);
    if (inode.isFolder) throw failure("EISDIR", path);
    return inode;
  }

  #requireFolder(path: string): void {
    if (path !== "/" && this.#names.get(path)?.isFolder !== true) throw failure("ENOENT", path);
  }
}

/** A name counts only when every folder above it is there. */
function reachable(names: ReadonlyMap<string, Inode>): Map<string, Inode> {
  const isReachable = (path: string): boolean => path === "/" || (names.has(path) && isReachable(dirname(path)));
  return new Map([...names].filter(([name]) => isReachable(name)));
}

function surviving(inode: Inode, cut: Exclude<PowerCut, "forgetful">): Inode {
  if (inode.isFolder) return { isFolder: true, content: "", durable: "", earlier: [] };
  const content = contentAfter(inode, cut);
  return { isFolder: false, content, durable: content, earlier: [] };
}

function contentAfter({ content, durable = "" }: Inode, cut: Exclude<PowerCut, "forgetful">): string {
  switch (cut) {
    case "strict":
    case "names-first":
    case "forgets-appends":
      return durable;
    case "lucky":
    case "stale-names":
      return content;
    case "torn":
      return spoilt(content, durable, (added) => added.slice(0, Math.floor(added.length / 2)));
    case "zeros":
      return spoilt(content, durable, (added) => "\0".repeat(added.length));
    case "pages-out-of-order":
      return spoilt(content, durable, (added) => {
        const half = Math.floor(added.length / 2);
        return "\0".repeat(half) + added.slice(half);
      });
  }
}

/** What was synced before stays, and what came since is spoilt; a file that was written anew has nothing that was synced. */
function spoilt(content: string, durable: string, spoil: (added: string) => string): string {
  const kept = content.startsWith(durable) ? durable : "";
  return kept + spoil(content.slice(kept.length));
}

export function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: emulated, '${path}'`), { code });
}
