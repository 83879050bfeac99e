import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { systemRandom } from "../../src/base/random.js";
import { type FakeWorld, startFakeWorld } from "../../src/emulator/world.js";
import { startLpaWorld } from "../peers/lpa-world.js";
import { onPath } from "../peers/on-path.js";
import { median } from "./median.js";
import { runMetered } from "./metered.js";

/** What the built program takes of the machine: its start by command, and whole runs against emulators that are another process. */

export interface RunFigures {
  readonly what: string;
  /** From launch to end. */
  readonly ms: number;
  /** User and system, of all threads, start-up included. */
  readonly cpuSeconds: number;
  readonly peakKib: number;
  readonly runs: number;
}

const starts = 7;
const wholeRuns = 3;

/** No variable of the user's: NODE_EXTRA_CA_CERTS alone costs as much as a third of Node's start. */
const bareEnv = { PATH: process.env["PATH"] };
const program = resolve("dist/cli.js");

/** By turns, so that what else the machine does meets all of them. */
export async function measureStarts(): Promise<readonly RunFigures[]> {
  const settings = [
    { what: "bare node", words: ["-e", "0"] },
    { what: "esimd --version", words: [program, "--version"] },
    { what: "esimd --help", words: [program, "--help"] },
    { what: "esimd status --help", words: [program, "status", "--help"] },
    { what: "esimd probe --help", words: [program, "probe", "--help"] },
    { what: "esimd provision --help", words: [program, "provision", "--help"] },
  ];
  const measured = settings.map((): Metered[] => []);
  for (let turn = 0; turn < starts; turn++) {
    for (const [at, { words }] of settings.entries()) measured[at]?.push(await succeeding(words, bareEnv));
  }
  return settings.map(({ what }, at) => figuresOf(what, measured[at] ?? []));
}

/** Each provision on a device of its own that has no profile yet; probe and status on the last one, which then has one. */
export async function measureWholeRuns(): Promise<readonly RunFigures[]> {
  const provision: Metered[] = [];
  const probe: Metered[] = [];
  const status: Metered[] = [];
  for (let run = 0; run < wholeRuns; run++) {
    await inWorld(async (world) => {
      const env = { ...bareEnv, ...world.env };
      provision.push(await succeeding([program, "provision", "--port", world.port, "--json"], env));
      probe.push(await succeeding([program, "probe", "--port", world.port, "--json"], env));
      status.push(await succeeding([program, "status", "--json"], env));
    });
  }
  return [
    figuresOf("esimd provision", provision),
    figuresOf("esimd probe", probe),
    figuresOf("esimd status, no daemon", status),
  ];
}

type Metered = Omit<RunFigures, "what" | "runs">;

async function succeeding(words: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const { status, stderr, usage, ms } = await runMetered(words, env);
  if (status !== 0) throw new Error(`${words.slice(1).join(" ")} ended with ${status}; it said:\n${stderr}`);
  return { ms, ...usage };
}

function figuresOf(what: string, runs: readonly Metered[]): RunFigures {
  const middle = (pick: (one: Metered) => number): number => median(runs.map(pick));
  return {
    what,
    ms: middle(({ ms }) => ms),
    cpuSeconds: middle(({ cpuSeconds }) => cpuSeconds),
    peakKib: middle(({ peakKib }) => peakKib),
    runs: runs.length,
  };
}

async function inWorld(work: (world: FakeWorld) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-program-"));
  let world: FakeWorld | undefined;
  try {
    world = await startFakeWorld({ dir, clock: systemClock, random: systemRandom, log: silentLog });
    await work(world);
  } finally {
    await world?.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** time(1) of GNU: who starts a program that is not Node has no other way to ask what it took. */
const gnuTime = "/usr/bin/time";

/**
 * One download of the same size by lpac, with its defaults. Less than a provision: no reservation, no enabling, no report.
 * @returns why not, where it cannot be measured.
 */
export async function measureLpac(): Promise<RunFigures | string> {
  const lpac = process.env["ESIMD_PEER_LPAC"] ?? onPath(["lpac"]);
  if (lpac === undefined) return "lpac is not on the PATH";
  if (!isGnuTime()) return `lpac was not measured: ${gnuTime} is not here`;
  const world = await startLpaWorld();
  const dir = await mkdtemp(join(tmpdir(), "esimd-program-"));
  try {
    const runs: Metered[] = [];
    for (let run = 0; run < wholeRuns; run++) {
      const matchingId = `BENCH-${run}`;
      await world.order({ matchingId });
      const words = ["profile", "download", "-s", world.smdp.address, "-m", matchingId];
      const env = { LPAC_APDU: "at", LPAC_HTTP: "curl", LPAC_APDU_AT_DEVICE: world.modem.port };
      runs.push(await timed([lpac, ...words], { ...bareEnv, ...env }, join(dir, `${run}`)));
    }
    return figuresOf("lpac profile download", runs);
  } finally {
    await world.close();
    await rm(dir, { recursive: true, force: true });
  }
}

function isGnuTime(): boolean {
  try {
    execFileSync(gnuTime, ["-f", "%U %S %M", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function timed(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  file: string,
): Promise<Metered> {
  const startedMs = systemClock.monotonicMs();
  const child = spawn(gnuTime, ["-o", file, "-f", "%U %S %M", ...words], {
    stdio: ["ignore", "ignore", "inherit"],
    env,
  });
  const status = await new Promise<number | null>((done, failed) => {
    child.once("error", failed);
    child.once("close", done);
  });
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}`);
  const ms = systemClock.monotonicMs() - startedMs;
  const [user = Number.NaN, system = Number.NaN, peakKib = Number.NaN] = (await readFile(file, "utf8"))
    .trim()
    .split(" ")
    .map(Number);
  return { ms, cpuSeconds: user + system, peakKib };
}
