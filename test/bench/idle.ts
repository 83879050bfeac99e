import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type Clock, sleep, systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { type FakeWorld, startFakeWorld } from "../../src/emulator/world.js";
import { architectures } from "../../systemd/package/architectures.js";
import { bundleProgram, programName } from "../../systemd/package/bundle.js";
import { daemonFlags } from "../../systemd/package/launcher.js";
import { nativePart } from "../../systemd/package/native.js";
import { programEntries, readManifest, sourceSeconds } from "../../systemd/package/package.js";
import { writeTree } from "../../systemd/package/tree.js";

/**
 * What a resting daemon costs, and how soon it is ready: the bundle of the package, with the package's flags, on a provisioned device, beside
 * a Node that does nothing. All of it is read from /proc.
 */

export interface IdleFigures {
  readonly what: string;
  /** From the start of the process to READY=1; a bare Node says so as its first word. The median. */
  readonly readyMs: number;
  /** What of it was computing, in steps of 10 ms: this does not depend on what else the machine does. */
  readonly readyCpuMs: number;
  readonly rssKib: number;
  /** Of RSS what is no file's: heap, stacks, compiled code. The rest is shared with every other Node, and can be read again. */
  readonly anonymousKib: number;
  readonly threads: number;
  /** Times that a thread slept and was woken up, all threads together: voluntary_ctxt_switches of proc(5). */
  readonly wakeUpsPerSecond: number;
  /** Times that a thread was pushed aside while it worked; a figure of the machine's load. */
  readonly preemptionsPerSecond: number;
}

export interface IdleOptions {
  /** How long it is watched. */
  readonly watchMs: number;
  /** How long it is left alone before, for what comes after the last work: connections that end, memory that is given back. */
  readonly settleMs: number;
  /** Starts whose median is the time to READY. */
  readonly starts: number;
}

/** In what systemd is told of a daemon's states. */
const runOver = "nothing more is due";
const ready = "READY=1";
const startDeadlineMs = 120_000;

/** @throws when a daemon ends, or is not done within two minutes. */
export async function measureIdle(options: IdleOptions): Promise<readonly IdleFigures[]> {
  const dir = mkdtempSync(join(tmpdir(), "esimd-idle-"));
  const clock = systemClock;
  let world: FakeWorld | undefined;
  try {
    const program = await bundleInto(dir);
    world = await startFakeWorld({
      dir: join(dir, "world"),
      clock,
      random: seededRandom(3),
      log: silentLog,
      modemWorld: { simBusyMs: 50, registrationMs: 50 },
      apiTiming: { toReservingMs: 10, toAvailableMs: 30, simScheduledMs: 30 },
    });
    const env = { PATH: process.env["PATH"], ...world.env, ESIMD_STATE_DIR: join(dir, "state") };
    const daemon = [...daemonFlags, program, "run", "--port", world.port];
    const parts = { env, clock, options };
    const settings: readonly Setting[] = [
      { what: "bare node", words: ["-e", `fs.writeSync(3, "${ready}"); setInterval(() => {}, 1 << 30)`], until: ready },
      { what: "esimd, after it provisioned the device", words: daemon, until: runOver },
      { what: "esimd, started on a provisioned device", words: daemon, until: runOver },
    ];
    const rests: Rest[] = [];
    for (const setting of settings) rests.push(await watch(setting, parts));
    // By turns, so that what else the machine does meets all of them.
    const starts = settings.map((): Ready[] => []);
    for (let turn = 0; turn < options.starts; turn++) {
      for (const [index, setting] of settings.entries()) starts[index]?.push(await startOnce(setting, parts));
    }
    return rests.map((rest, index) => ({
      ...rest,
      readyMs: median((starts[index] ?? []).map(({ ms }) => ms)),
      readyCpuMs: median((starts[index] ?? []).map(({ cpuMs }) => cpuMs)),
    }));
  } finally {
    await world?.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The program as the package for this machine has it. */
export async function bundleInto(dir: string): Promise<string> {
  const root = process.cwd();
  const architecture = architectures.find(({ node }) => node === process.arch);
  if (architecture === undefined) throw new Error(`there is no package for ${process.arch}`);
  const entries = programEntries(readManifest(root), await bundleProgram(root, sourceSeconds(root)));
  const tree = join(dir, "tree");
  writeTree(tree, [...entries, nativePart(root, architecture).entry]);
  return join(tree, "usr/lib/esimd/program", programName);
}

interface Setting {
  readonly what: string;
  readonly words: readonly string[];
  /** What it says when its work is done. */
  readonly until: string;
}

interface WatchParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly options: IdleOptions;
}

type Rest = Omit<IdleFigures, "readyMs" | "readyCpuMs">;

async function watch({ what, words, until }: Setting, { env, clock, options }: WatchParts): Promise<Rest> {
  const child = new Started(words, env, clock);
  try {
    await child.says(until);
    await sleep(clock, options.settleMs);
    const before = switches(child.pid);
    await sleep(clock, options.watchMs);
    const after = switches(child.pid);
    const perSecond = (count: number): number => (count * 1000) / options.watchMs;
    return {
      what,
      rssKib: memory(child.pid, "VmRSS"),
      anonymousKib: memory(child.pid, "RssAnon"),
      threads: readdirSync(`/proc/${child.pid}/task`).length,
      wakeUpsPerSecond: perSecond(after.voluntary - before.voluntary),
      preemptionsPerSecond: perSecond(after.involuntary - before.involuntary),
    };
  } finally {
    await child.stop();
  }
}

async function startOnce({ words }: Setting, { env, clock }: WatchParts): Promise<Ready> {
  const child = new Started(words, env, clock);
  try {
    await child.says(ready);
    return child.ready();
  } finally {
    await child.stop();
  }
}

interface Ready {
  readonly ms: number;
  readonly cpuMs: number;
}

/** A process, what it says in its log and to systemd, and when it was ready. */
class Started {
  readonly pid: number;
  #ready: Ready | undefined;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #ended: Promise<void>;
  #said = "";
  #heard: () => void = () => undefined;

  constructor(words: readonly string[], env: WatchParts["env"], clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    // systemd's own way to pass the socket (OpenFile=): the shell knows its pid, and keeps it.
    const script = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=notify exec "$0" "$@"';
    this.#child = spawn("/bin/sh", ["-c", script, process.execPath, ...words], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env,
    });
    this.pid = this.#child.pid ?? 0;
    this.#ended = new Promise((resolve) => this.#child.once("close", () => resolve()));
    const hear = (bytes: Buffer): void => {
      this.#said += bytes.toString();
      this.#heard();
    };
    this.#child.stderr?.on("data", hear);
    const notified = this.#child.stdio[3] as Readable;
    notified.on("data", (bytes: Buffer) => {
      if (bytes.includes(ready)) this.#isReady();
      hear(bytes);
    });
  }

  #isReady(): void {
    this.#ready ??= { ms: this.#clock.monotonicMs() - this.#startedMs, cpuMs: computedMs(this.pid) };
  }

  ready(): Ready {
    if (this.#ready === undefined) throw new Error("the daemon was never ready");
    return this.#ready;
  }

  async says(text: string): Promise<void> {
    let over = false;
    const cancel = this.#clock.setTimer(startDeadlineMs, () => {
      over = true;
      this.#heard();
    });
    void this.#ended.then(() => {
      over = true;
      this.#heard();
    });
    while (!this.#said.includes(text)) {
      if (over) throw new Error(`the daemon did not come to say "${text}"; it said:\n${this.#said}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    cancel();
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** utime and stime of proc(5), whose tick is 10 ms on every Linux of today. The name before them may hold anything but a ")" and a space. */
function computedMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function memory(pid: number, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (found === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
  return Number(found);
}

/** Over all threads. One that ended meanwhile is not counted; a resting program ends none. */
function switches(pid: number): { readonly voluntary: number; readonly involuntary: number } {
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/status`, "utf8"),
  );
  const sum = (field: RegExp): number =>
    tasks.reduce((total, status) => total + Number(field.exec(status)?.[1] ?? 0), 0);
  return {
    voluntary: sum(/^voluntary_ctxt_switches:\s+(\d+)$/m),
    involuntary: sum(/^nonvoluntary_ctxt_switches:\s+(\d+)$/m),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
