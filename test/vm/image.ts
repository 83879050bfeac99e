import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { runOnHost } from "./host-command.js";
import { modemPort } from "./recipe.js";
import { inTree, type System, unpack, writeFiles } from "./system.js";
import type { World } from "./world.js";

/** The machine's disk: the system with esimd's package installed in it and configured, as a device leaves its maker; and a look at it from outside. */

const minuteMs = 60_000;
const diskSize = "1G";

/** What an operator puts on a device (README, "On a device"); the API's own root stands in for the web's. */
function settings(world: World): Parameters<typeof writeFiles>[1] {
  const { apiUrl, fleet, credentials, caPem } = world;
  const caFile = "/etc/ssl/certs/fake-api.pem";
  return {
    "etc/esimd/config.toml": {
      mode: 0o644,
      text: `[modem]\nport = "${modemPort}"\nlpa = "host"\n\n[api]\nurl = "${apiUrl}"\n\n[sim]\nfleet = "${fleet}"\n`,
    },
    "etc/esimd/ci-roots/fake-ci.pem": { mode: 0o644, text: caPem },
    "etc/credstore/esimd_api_key": { mode: 0o600, text: `${credentials.key}\n` },
    "etc/credstore/esimd_api_secret": { mode: 0o600, text: `${credentials.secret}\n` },
    "etc/default/esimd": { mode: 0o644, text: `NODE_EXTRA_CA_CERTS=${caFile}\n` },
    [caFile.slice(1)]: { mode: 0o644, text: caPem },
  };
}

/** @returns the disk's path; what dpkg printed goes to `say`. @throws Error when the package cannot be installed. */
export async function makeDisk(dir: string, system: System, packagePath: string, world: World): Promise<string> {
  const root = join(dir, "root");
  const base = join(dir, "base.img");
  await mkdir(root, { recursive: true });
  try {
    await unpack(system, root);
    await copyFile(packagePath, join(root, "tmp", basename(packagePath)));
    await inTree(root, `dpkg -i /tmp/${basename(packagePath)} && rm /tmp/${basename(packagePath)}`);
    await writeFiles(root, settings(world));
    await runOnHost("mke2fs", ["-q", "-t", "ext4", "-d", root, base, diskSize], { timeoutMs: 5 * minuteMs });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  const disk = join(dir, "disk.qcow2");
  await runOnHost("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", disk], { timeoutMs: minuteMs });
  return disk;
}

/** What a disk that lost its power looks like from outside; it stays as it is, and a copy of it is mended. */
export interface DiskCheck {
  /** e2fsck's words on what the cut left: normally a journal to replay and nothing else. */
  readonly mended: string;
  /** esimd's journal and ledger as the machine will find them, or undefined while there are none. */
  readonly journalState: string | undefined;
  readonly ledgerKinds: readonly string[];
}

/** @throws Error when the file system is damaged beyond what its journal mends. */
export async function checkDisk(dir: string, disk: string): Promise<DiskCheck> {
  const copy = join(dir, "check.img");
  try {
    await runOnHost("qemu-img", ["convert", "-O", "raw", disk, copy], { timeoutMs: 5 * minuteMs });
    // 1: "file system errors corrected", which a replayed journal is, too.
    const { output } = await runOnHost("e2fsck", ["-p", copy], { timeoutMs: 5 * minuteMs, accept: [0, 1] });
    await runOnHost("e2fsck", ["-fn", copy], { timeoutMs: 5 * minuteMs });
    return { mended: mendings(output), ...(await recordsOn(copy, join(dir, "records"))) };
  } finally {
    await rm(copy, { force: true });
  }
}

function mendings(output: string): string {
  const lines = output.split("\n").map((line) => line.replace(/^\S*check\.img: /, "").trim());
  const said = lines.filter((line) => line !== "" && !/^e2fsck |^clean|files \(/.test(line) && !/ blocks$/.test(line));
  return said.length === 0 ? "clean" : said.join("; ");
}

/** With DynamicUser= the folder is a private one. */
const stateFolders = ["/var/lib/private/esimd", "/var/lib/esimd"];

async function recordsOn(image: string, into: string): Promise<Pick<DiskCheck, "journalState" | "ledgerKinds">> {
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true });
  try {
    for (const folder of stateFolders) {
      await runOnHost("debugfs", ["-R", `rdump ${folder} ${into}`, image], { timeoutMs: minuteMs, accept: [0, 1] });
    }
    const { output } = await runOnHost("find", [into, "-type", "f"], { timeoutMs: minuteMs });
    const files = output.split("\n");
    const journal = files.find((file) => file.endsWith("/journal.json"));
    const ledger = files.find((file) => file.endsWith("/ledger.jsonl"));
    return {
      journalState: journal === undefined ? undefined : fieldOf(await readFile(journal, "utf8"), "state"),
      ledgerKinds:
        ledger === undefined
          ? []
          : (await readFile(ledger, "utf8")).split("\n").flatMap((line) => fieldOf(line, "kind") ?? []),
    };
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

/** A string of a record that is whole; a torn one has none. */
function fieldOf(text: string, field: string): string | undefined {
  const record = parsed(text);
  const value = typeof record === "object" && record !== null ? Reflect.get(record, field) : undefined;
  return typeof value === "string" ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A file as a disk: QEMU wants whole sectors. */
export async function asDisk(dir: string, path: string): Promise<{ readonly disk: string; readonly bytes: number }> {
  const content = await readFile(path);
  const disk = join(dir, "second.img");
  const sectorBytes = 512;
  await writeFile(disk, Buffer.concat([content, Buffer.alloc(sectorBytes - (content.length % sectorBytes))]));
  return { disk, bytes: content.length };
}
