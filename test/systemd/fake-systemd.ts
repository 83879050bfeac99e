import { type ChildProcess, spawn } from "node:child_process";
import { type CancelTimer, sleep, systemClock } from "../../src/base/clock.js";

/**
 * systemd, as far as a service of Type=notify with a watchdog sees it: passes a socket as `OpenFile=` does, reads what the service tells,
 * kills it when no sign of life comes in time (WatchdogSec=), and starts it again unless it ended well (Restart=on-failure).
 */

export interface Service {
  readonly argv: readonly string[];
  /** Of its nth life, the first being 1. */
  readonly environment: (life: number) => Readonly<Record<string, string | undefined>>;
  readonly watchdogMs: number;
  readonly folder: string;
}

/** How one life of the service ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly byWatchdog: boolean;
}

/** What a process that takes no SIGABRT gets after this. */
const abortMs = 1_000;
/** systemd reads what has come before it judges (its watchdog has the lowest priority), and so does this one. */
const readFirstMs = 200;

export class FakeSystemd {
  /** Every assignment, over all lives. */
  readonly told: string[] = [];
  readonly ends: Ended[] = [];
  log = "";
  #child: ChildProcess | undefined;
  #life = 0;
  #isStopping = false;
  #hasReached: Promise<void> = Promise.resolve();
  #lastSignMs = 0;
  #isReady = false;
  #cancelWatchdog: CancelTimer | undefined;
  #byWatchdog = false;
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
    this.#start();
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get status(): string {
    return this.told.findLast((line) => line.startsWith("STATUS="))?.slice("STATUS=".length) ?? "";
  }

  countOf(assignment: string): number {
    return this.told.filter((line) => line === assignment).length;
  }

  get watchdogTimeouts(): number {
    return this.ends.filter(({ byWatchdog }) => byWatchdog).length;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelWatchdog?.();
    this.#child?.kill("SIGTERM");
    const cancel = systemClock.setTimer(10_000, () => this.#child?.kill("SIGKILL"));
    await this.#hasReached;
    cancel();
  }

  #start(): void {
    const { argv, environment, watchdogMs, folder } = this.#service;
    this.#life++;
    this.#isReady = false;
    this.#byWatchdog = false;
    // The process's own number is known to itself alone before it runs.
    const script = 'ulimit -c 0; export LISTEN_PID=$$ WATCHDOG_PID=$$; exec "$@"';
    const child = spawn("/bin/sh", ["-c", script, "sh", ...argv], {
      cwd: folder,
      env: {
        ...environment(this.#life),
        LISTEN_FDS: "1",
        LISTEN_FDNAMES: "notify",
        WATCHDOG_USEC: String(watchdogMs * 1000),
      },
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.log += chunk.toString("utf8");
    });
    let rest = "";
    child.stdio[3]?.on("data", (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString("utf8")}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#hear(line);
    });
    this.#hasReached = new Promise((resolve) => {
      child.on("exit", (status, signal) => {
        this.#cancelWatchdog?.();
        this.ends.push({ status, signal, byWatchdog: this.#byWatchdog });
        if (!this.#isStopping && status !== 0) this.#start();
        resolve();
      });
    });
  }

  #hear(line: string): void {
    this.told.push(line);
    if (line === "READY=1") this.#isReady = true;
    if (line !== "READY=1" && line !== "WATCHDOG=1") return;
    this.#lastSignMs = systemClock.monotonicMs();
    this.#watch(this.#service.watchdogMs);
  }

  #watch(afterMs: number): void {
    this.#cancelWatchdog?.();
    if (!this.#isReady || this.#isStopping) return;
    this.#cancelWatchdog = systemClock.setTimer(afterMs, () => void this.#judge());
  }

  async #judge(): Promise<void> {
    const child = this.#child;
    const sign = this.#lastSignMs;
    await sleep(systemClock, readFirstMs);
    if (child !== this.#child || sign !== this.#lastSignMs || this.#isStopping) return;
    this.#byWatchdog = true;
    child?.kill("SIGABRT");
    child?.kill("SIGCONT");
    await sleep(systemClock, abortMs);
    if (child?.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  }
}
