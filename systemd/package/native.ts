import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "./architectures.js";
import { type Entry, file } from "./tree.js";

/** serialport's native part, as its makers built it: this machine's C compiler has no part in the package. */

const prebuilds = "node_modules/@serialport/bindings-cpp/prebuilds";

export interface NativePart {
  readonly entry: Entry;
  /** The newest GLIBC_ symbol version that it asks for. */
  readonly glibc: string;
}

/** node-gyp-build looks one folder above the program. @throws when the file is not of this architecture. */
export function nativePart(root: string, architecture: Architecture): NativePart {
  const folder = `linux-${architecture.node}`;
  const bytes = readFileSync(join(root, prebuilds, folder, architecture.prebuild));
  const elf = readElf(bytes);
  if (elf.machine !== architecture.elfMachine || elf.class !== architecture.elfClass) {
    throw new Error(
      `${architecture.prebuild} is for machine ${elf.machine}, class ${elf.class}, and not for ${architecture.debian}`,
    );
  }
  return {
    entry: file(`usr/lib/esimd/prebuilds/${folder}/${architecture.prebuild}`, bytes),
    glibc: newestGlibc(bytes),
  };
}

/** The head of an ELF file of this byte order. @throws when it is none. */
export function readElf(bytes: Uint8Array): { readonly machine: number; readonly class: number } {
  const head = Buffer.from(bytes.subarray(0, 20));
  if (head.length < 20 || head.toString("latin1", 0, 4) !== "\x7fELF" || head[5] !== 1)
    throw new Error("not an ELF file of a little-endian machine");
  return { machine: head.readUInt16LE(18), class: head[4] ?? 0 };
}

/** Symbol versions stand as text in the string table. */
function newestGlibc(bytes: Buffer): string {
  const versions = [...bytes.toString("latin1").matchAll(/GLIBC_(\d+)\.(\d+)/g)].map(
    ([, major, minor]) => [Number(major), Number(minor)] as const,
  );
  const [newest] = versions.sort(
    ([major, minor], [otherMajor, otherMinor]) => otherMajor - major || otherMinor - minor,
  );
  if (newest === undefined) throw new Error("the native part asks for no version of glibc");
  return newest.join(".");
}
