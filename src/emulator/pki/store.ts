import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EsimdError } from "../../base/errors.js";
import { newNonce } from "./curves.js";

/** Where certificates and keys are kept: a folder, or memory only. */
export interface PkiStore {
  read(file: string): Uint8Array | undefined;
  /** Keeps `data` unless the file is there already, and gives what is there afterwards. */
  keep(file: string, data: Uint8Array): Uint8Array;
  /** How a sentence names the file. */
  place(file: string): string;
}

export function memoryStore(): PkiStore {
  const files = new Map<string, Uint8Array>();
  return {
    read: (file) => files.get(file),
    keep: (file, data) => {
      const there = files.get(file) ?? data;
      files.set(file, there);
      return there;
    },
    place: (file) => file,
  };
}

const maxFileBytes = 65_536;

/** A folder that cannot be written is used as it is: what is made then lives only as long as the process. */
export function folderStore(dir: string): PkiStore {
  const made = memoryStore();
  const read = (file: string): Uint8Array | undefined => made.read(file) ?? readFile(join(dir, file));
  return {
    read,
    keep: (file, data) => {
      const there = read(file) ?? publish(dir, file, data);
      return made.keep(file, there);
    },
    place: (file) => join(dir, file),
  };
}

function readFile(path: string): Uint8Array | undefined {
  let data: Buffer;
  try {
    data = readFileSync(path);
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined;
    throw new EsimdError("bad_input", `${path} cannot be read`, { cause });
  }
  if (data.length > maxFileBytes) throw new EsimdError("bad_input", `${path} is too long for a certificate or a key`);
  return new Uint8Array(data);
}

/** Writes a file whole or not at all and never over another; gives what stands there in the end. */
function publish(dir: string, file: string, data: Uint8Array): Uint8Array {
  const path = join(dir, file);
  const draft = join(dir, `.${file}.${Buffer.from(newNonce(6)).toString("hex")}`);
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(draft, data, { mode: file.endsWith(".key.pem") ? 0o600 : 0o644, flag: "wx" });
  } catch (cause) {
    if (["EACCES", "EROFS", "EPERM"].some((code) => hasCode(cause, code))) return data;
    throw new EsimdError("bad_input", `${path} cannot be written`, { cause });
  }
  try {
    linkSync(draft, path);
    return data;
  } catch (cause) {
    const there = hasCode(cause, "EEXIST") ? readFile(path) : undefined;
    if (there === undefined) throw new EsimdError("bad_input", `${path} cannot be written`, { cause });
    return there;
  } finally {
    rmSync(draft, { force: true });
  }
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && "code" in cause && cause.code === code;
}
