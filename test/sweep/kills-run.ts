import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { type Clock, systemClock } from "../../src/base/clock.js";
import { stateNames } from "../../src/provision/states.js";
import { isAfter, type Moment, type Target } from "./kills-plan.js";
import type { DeviceWorld } from "./kills-world.js";

/** One process of esimd in a device's world, killed at its target if it gets there. */

export interface ProcessEnd {
  readonly kind: "killed" | "exited" | "hung" | "stopped";
  /** Where it was last. */
  readonly moment: Moment;
  /** And before that: where a run that failed was at work. */
  readonly before: Moment;
  /** Events since that moment came. */
  readonly events: number;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Far beyond the slowest run in these worlds, on a machine that has other things to do. */
const hungMs = 90_000;
/** How often is looked for AT lines; the other events are heard of at once. */
const lookMs = 1;

export async function runProcess(
  world: DeviceWorld,
  target: Target | undefined,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<ProcessEnd> {
  const child = spawn(process.execPath, [builtProgram(), ...world.words], {
    env: { PATH: process.env["PATH"], ...world.fake.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const attempt = new Attempt(world, target, child, clock);
  const onAbort = (): void => attempt.stop("stopped");
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  const watcher = watch(world.store, () => attempt.happened());
  const cancelDeadline = clock.setTimer(hungMs, () => attempt.stop("hung"));
  try {
    return await attempt.ended();
  } finally {
    attempt.stop("stopped");
    cancelDeadline();
    watcher.close();
    signal.removeEventListener("abort", onAbort);
  }
}

class Attempt {
  readonly #world: DeviceWorld;
  readonly #target: Target | undefined;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #moment: Moment = "starting";
  #before: Moment = "starting";
  /** Progress lines and changes of the journal since the process began. */
  #heard = 0;
  readonly #worldBefore: number;
  #eventsAtMoment = 0;
  #cancelTimer: () => void = () => undefined;
  #isDue = false;
  /** Why it was killed; undefined while it was not. */
  #reason: Exclude<ProcessEnd["kind"], "exited"> | undefined;
  #killedAt: Pick<ProcessEnd, "moment" | "before" | "events"> | undefined;

  constructor(world: DeviceWorld, target: Target | undefined, child: ChildProcess, clock: Clock) {
    this.#world = world;
    this.#target = target;
    this.#child = child;
    this.#clock = clock;
    this.#worldBefore = world.events();
  }

  /** Resolves once the process is gone and all that it said was read. */
  ended(): Promise<ProcessEnd> {
    let stdout = "";
    let stderr = "";
    let rest = "";
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#read(line);
    });
    this.#look();
    return new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (status, endedBy) => {
        this.#cancelTimer();
        const kind = endedBy === "SIGKILL" ? (this.#reason ?? "exited") : "exited";
        resolve({ kind, ...(this.#killedAt ?? this.#whereItIs()), status, stdout, stderr });
      });
    });
  }

  happened(): void {
    this.#heard++;
    this.#check();
  }

  stop(reason: "hung" | "stopped"): void {
    this.#kill(reason);
  }

  #events(): number {
    return this.#heard + this.#world.events() - this.#worldBefore;
  }

  #whereItIs(): Pick<ProcessEnd, "moment" | "before" | "events"> {
    return { moment: this.#moment, before: this.#before, events: this.#events() - this.#eventsAtMoment };
  }

  #read(line: string): void {
    const progress: unknown = JSON.parse(line);
    if (typeof progress !== "object" || progress === null) return;
    const state = "state" in progress ? stateNames.find((name) => name === progress.state) : undefined;
    this.#heard++;
    if (state !== undefined && state !== this.#moment) {
      this.#before = this.#moment;
      this.#moment = state;
      this.#eventsAtMoment = this.#events();
    }
    this.#check();
  }

  #look(): void {
    this.#check();
    if (this.#target === undefined || this.#isDue || this.#reason !== undefined) return;
    this.#cancelTimer = this.#clock.setTimer(lookMs, () => this.#look());
  }

  #check(): void {
    if (this.#target === undefined || this.#isDue || this.#reason !== undefined) return;
    const { moment, events, thenMs } = this.#target;
    // A run that came past without stopping there is killed where it is: it will not come by again.
    const isPast = isAfter(this.#moment, moment);
    const isThere = moment === this.#moment && this.#whereItIs().events >= events;
    if (!isPast && !isThere) return;
    this.#isDue = true;
    this.#cancelTimer();
    if (thenMs === 0) this.#kill("killed");
    else this.#cancelTimer = this.#clock.setTimer(thenMs, () => this.#kill("killed"));
  }

  #kill(reason: Exclude<ProcessEnd["kind"], "exited">): void {
    if (this.#reason !== undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#reason = reason;
    this.#cancelTimer();
    this.#killedAt = this.#whereItIs();
    this.#child.kill("SIGKILL");
  }
}

/** The program as `npm run build` makes it, found from here or from where the sweep is compiled to. */
function builtProgram(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("the sweep is not inside esimd's folder");
    folder = parent;
  }
  return join(folder, "dist", "cli.js");
}
