import { VirtualClock } from "../../src/base/clock.js";
import { type ErrorCode, EsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import type { Daemon, OpenCompanion } from "../../src/daemon/companions.js";
import type { Config } from "../../src/daemon/config/config.js";
import { type DaemonConfig, loadDaemonConfig } from "../../src/daemon/config/daemon-config.js";
import { type DaemonSignal, runDaemon } from "../../src/daemon/daemon.js";
import { type DaemonEvent, DaemonEvents } from "../../src/daemon/events.js";
import type { ProvisionerParts, ProvisionResult } from "../../src/daemon/provisioner.js";
import { noFacts } from "../../src/provision/run.js";
import { buildReport } from "../../src/report/build.js";
import { FakeHost } from "../support/fake-host.js";
import { memoryFiles } from "./config/memory-files.js";

/** The daemon with its configuration in memory, on a clock that stands still unless told to move; a run is what the test makes of it. */

export interface RunOnItsWay {
  readonly port: string;
  readonly config: Config;
  readonly signal: AbortSignal;
  readonly observe: ProvisionerParts["observe"];
  /** `well`, or how it fails. */
  end(how: "well" | ErrorCode): void;
  /** It rejects, as a run that cannot begin does, or one that meets a defect. */
  reject(error: Error): void;
}

export const main = "/etc/esimd/config.toml";

/** A modem's file, for the port of its name. */
export const modemFile = (name: string): string => `/etc/esimd/modems.d/${name}.toml`;

export class DaemonRig {
  readonly clock = new VirtualClock();
  readonly host = new FakeHost();
  readonly files: Record<string, string>;
  /** Those that go on, in the order of their beginning. */
  readonly running: RunOnItsWay[] = [];
  /** The ports of all runs, in the order of their beginning. */
  readonly began: string[] = [];
  mostAtOnce = 0;
  readonly events: DaemonEvent[] = [];
  daemon: Daemon | undefined;
  ended: "well" | unknown;
  readonly #signals = new Map<DaemonSignal, () => void>();
  readonly #stop = new AbortController();
  /** What a run does at once; undefined: it waits for the test. */
  atOnce: ((port: string) => "well" | ErrorCode | undefined) | undefined;

  constructor(files: Readonly<Record<string, string>>, companions: readonly OpenCompanion[] = []) {
    this.files = { ...files };
    const events = new DaemonEvents(this.clock, silentLog);
    events.subscribe((event) => this.events.push(event));
    const peek: OpenCompanion = async (daemon) => {
      this.daemon = daemon;
      return { close: async () => undefined };
    };
    runDaemon(
      {
        config: this.#load(),
        load: () => this.#load(),
        env: {},
        host: this.host.roots,
        clock: this.clock,
        random: { next: () => 0 },
        log: silentLog,
        events,
        onSignal: (name, listener) => {
          this.#signals.set(name, listener);
          return () => this.#signals.delete(name);
        },
        companions: [peek, ...companions],
        provision: (parts, signal) => this.#provision(parts, signal),
      },
      this.#stop.signal,
    ).then(
      () => {
        this.ended = "well";
      },
      (error: unknown) => {
        this.ended = error;
      },
    );
  }

  /** Lets everything happen that is due now. */
  /** Until nothing moves any more without the clock: promises, and looks at the disk, which take real time. */
  async settle(): Promise<void> {
    do {
      for (let round = 0; round < 20; round++) await this.clock.advance(0);
    } while (process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq")));
  }

  async signal(name: DaemonSignal): Promise<void> {
    this.#signals.get(name)?.();
    await this.settle();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new EsimdError("cancelled", "stopped by SIGTERM"));
    await this.settle();
  }

  close(): void {
    this.host.close();
  }

  runOn(port: string): RunOnItsWay {
    const run = this.running.find((one) => one.port === port);
    if (run === undefined) throw new Error(`no run is on its way on ${port}`);
    return run;
  }

  /** The kinds of one modem's events, in order; of states their names, of rests their sentences. */
  told(modem: string): readonly string[] {
    return this.events.flatMap((event) => {
      if (!("modem" in event) || event.modem !== modem) return [];
      return [event.kind === "rest" ? event.sentence : event.kind === "state" ? event.state : event.kind];
    });
  }

  phases(): readonly string[] {
    return this.events.flatMap((event) =>
      event.kind === "daemon" ? [event.is] : event.kind === "reload-refused" ? [event.error.code] : [],
    );
  }

  #load(): DaemonConfig {
    return loadDaemonConfig({
      env: { ESIMD_API_KEY: "SK00000000000000000000000000000000", ESIMD_API_SECRET: "not-a-secret-of-anybody" },
      fileSystem: memoryFiles(this.files),
    });
  }

  #provision({ port, config, observe }: ProvisionerParts, signal: AbortSignal): Promise<ProvisionResult> {
    this.began.push(port);
    return new Promise((resolve, reject) => {
      const over = (): void => {
        const at = this.running.indexOf(run);
        if (at !== -1) this.running.splice(at, 1);
      };
      const end = (how: "well" | ErrorCode): void => {
        over();
        resolve(resultOf(how, port));
      };
      const run: RunOnItsWay = {
        port,
        config,
        signal,
        observe,
        end,
        reject: (error) => {
          over();
          reject(error);
        },
      };
      this.running.push(run);
      this.mostAtOnce = Math.max(this.mostAtOnce, this.running.length);
      const how = this.atOnce?.(port);
      if (how !== undefined) end(how);
      // As a run does: it ends with what it reached.
      signal.addEventListener("abort", () => end("cancelled"), { once: true });
    });
  }
}

function resultOf(how: "well" | ErrorCode, port: string): ProvisionResult {
  const error = how === "well" ? undefined : new EsimdError(how, "it failed");
  const state = error === undefined ? "provisioned" : error.entry.held ? "held" : "failed";
  const outcome = { state, error, facts: noFacts(), startedAtMs: 0, finishedAtMs: 0, timings: {} } as const;
  return { outcome, report: buildReport(outcome, port, true), exitStatus: error?.exitStatus ?? 0 };
}
