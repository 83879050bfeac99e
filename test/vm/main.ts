import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/base/clock.js";
import { describeCause } from "../../src/base/errors.js";
import { onPath } from "../peers/on-path.js";
import { lastWords } from "./guest.js";
import { runOnHost } from "./host-command.js";
import { shortLife, wholeLife } from "./lives.js";
import { makePackage } from "./package.js";
import { StoryReport } from "./report.js";
import type { Running } from "./story.js";
import { systemIn } from "./system.js";
import { startWorld, type World } from "./world.js";

/** `npm run vm`: esimd's package in a virtual machine that boots, loses its power and its modem, and must be provisioned at one charge (docs/vm.md). */

const usage = 64;
const notHere = 69;
const tools = [
  "qemu-system-x86_64",
  "qemu-img",
  "debootstrap",
  "chroot",
  "unshare",
  "mke2fs",
  "e2fsck",
  "debugfs",
  "socat",
  "tar",
  "zstd",
  "dpkg-deb",
];

const help = `npm run vm -- [--short] [--json] [--keep] [--package FILE] [--patience N]
  --short         first boot to provisioned with one power cut, and no more
  --json          the report as one JSON object on the last line, too
  --keep          leave the machine's disk where it is, and say where
  --package FILE  this .deb; else the one that npm run package makes of what is checked out
  --patience N    every deadline so many times as long (1)
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return usage;
  const missing = whatIsMissing();
  if (missing !== undefined) {
    process.stdout.write(`NOT RUN: ${missing}\n`);
    return notHere;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  const cache = resolve(process.env["ESIMD_VM_CACHE"] ?? "node_modules/.cache/esimd-vm");
  const report = new StoryReport(systemClock, (line) => process.stdout.write(`${line}\n`));
  const running: Running = { machine: undefined };
  let world: World | undefined;
  let dir: string | undefined;
  try {
    await mkdir(cache, { recursive: true });
    dir = await mkdtemp(join(cache, "run-"));
    const where = dir;
    // By a signal, too.
    if (!options.keep) process.once("exit", () => rmSync(where, { recursive: true, force: true }));
    const packagePath =
      options.packagePath ??
      (await report.step("package of what is checked out", () => makePackage(join(where, "package"))));
    report.version(
      "QEMU",
      (await runOnHost("qemu-system-x86_64", ["--version"], { timeoutMs: 30_000 })).output.split("\n")[0] ?? "",
    );
    report.version("host", `Node ${process.version}, ${cpus().length} cores`);
    let system: Awaited<ReturnType<typeof systemIn>>;
    try {
      system = await report.step("Debian system for the machine", async (saw) => {
        const built = await systemIn(cache, (line) => report.note(line));
        saw(built.wasKept ? "kept from an earlier run" : "built");
        return built;
      });
    } catch (error) {
      // A mirror that cannot be reached, or a host that allows no chroot, says nothing of esimd.
      process.stdout.write(`NOT RUN: the Debian system cannot be built here: ${describeCause(error)}\n`);
      return notHere;
    }
    world = await startWorld();
    const stage = { clock: systemClock, report, dir, system, world, patience: options.patience };
    if (options.short) await shortLife(stage, packagePath, running);
    else await wholeLife(stage, packagePath, running);
  } catch (error) {
    process.stdout.write(`\nstopped: ${describeCause(error)}\n`);
    if (running.machine !== undefined) process.stdout.write(`${await lastWords(running.machine)}\n`);
  } finally {
    await running.machine?.close();
    await world?.close();
  }
  if (options.keep && dir !== undefined) process.stdout.write(`kept: ${dir}\n`);
  process.stdout.write(`${report.summary()}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  return report.passed ? 0 : 1;
}

interface Options {
  readonly short: boolean;
  readonly json: boolean;
  readonly keep: boolean;
  readonly packagePath: string | undefined;
  readonly patience: number;
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        short: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        package: { type: "string" },
        patience: { type: "string", default: "1" },
      },
    });
    const patience = Number(values.patience);
    if (!(patience >= 1 && patience <= 20))
      throw new Error(`--patience ${values.patience} is not a number from 1 to 20`);
    const packagePath = values.package === undefined ? undefined : resolve(values.package);
    return { short: values.short, json: values.json, keep: values.keep, packagePath, patience };
  } catch (error) {
    process.stderr.write(`vm: ${describeCause(error)}\n${help}`);
    return undefined;
  }
}

function whatIsMissing(): string | undefined {
  if (process.arch !== "x64") return `the machine is x86-64 and this host is ${process.arch}`;
  if (process.getuid?.() !== 0) return "the machine's system is built with chroot, which takes root";
  const absent = tools.filter((tool) => onPath([tool]) === undefined);
  if (absent.length === 0) return undefined;
  const packages = "qemu-system-x86 qemu-utils debootstrap socat e2fsprogs zstd";
  return `not on PATH: ${absent.join(", ")} (Debian: apt-get install --no-install-recommends ${packages})`;
}
