import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "../../../src/base/clock.js";
import { EsimdError } from "../../../src/base/errors.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import type { Companion, Daemon } from "../../../src/daemon/companions.js";
import type { Config } from "../../../src/daemon/config/config.js";
import { loadConfig } from "../../../src/daemon/config/load.js";
import { openControlSocket } from "../../../src/daemon/control/companion.js";
import { ControlRoutes } from "../../../src/daemon/control/routes.js";
import { DaemonEvents } from "../../../src/daemon/events.js";
import type { Activity, Modems, ModemView } from "../../../src/daemon/modems.js";
import { realOutside } from "../../../src/daemon/outside.js";
import { Hints } from "../../../src/provision/hints.js";
import { realHost } from "../../../src/serial/host-roots.js";

/** A daemon without modems of flesh, and its control socket on a real path: for what is about the socket alone. */

export interface Bench {
  readonly daemon: Daemon;
  readonly clock: VirtualClock;
  readonly dir: string;
  readonly path: string;
  readonly modems: FakeModems;
  /** What the daemon was told: `reload`, `drain`. */
  readonly told: string[];
  readonly env: Readonly<Record<string, string>>;
  open(): Promise<Companion>;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: Daemon["log"];
  readonly reload?: () => Promise<void>;
}

export async function makeBench(options: BenchOptions = {}): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-socket-"));
  const path = join(dir, "esimd.sock");
  const clock = new VirtualClock();
  const log = options.log ?? silentLog;
  const told: string[] = [];
  const env = {
    ESIMD_CONFIG: "/dev/null",
    ESIMD_PROVIDER: "none",
    ESIMD_STATE_DIR: dir,
    ESIMD_SOCKET: path,
    ...options.env,
  };
  const { config } = loadConfig({ env });
  const modems = new FakeModems(clock, config);
  const daemon: Daemon = {
    config: () => config,
    env,
    host: realHost,
    outside: realOutside,
    clock,
    random: seededRandom(1),
    log,
    events: new DaemonEvents(clock, log),
    modems,
    hints: new Hints(),
    routes: new ControlRoutes(),
    reload: async () => {
      told.push("reload");
      await options.reload?.();
    },
    drain: () => told.push("drain"),
  };
  const opened: Companion[] = [];
  return {
    daemon,
    clock,
    dir,
    path,
    modems,
    told,
    env,
    open: async () => {
      const companion = await openControlSocket(daemon, new AbortController().signal);
      opened.push(companion);
      return companion;
    },
    close: async () => {
      for (const companion of opened) await companion.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function onBench(options: BenchOptions, story: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await makeBench(options);
  try {
    await story(bench);
  } finally {
    await bench.close();
  }
}

export class FakeModems implements Modems {
  readonly #clock: VirtualClock;
  readonly #config: Config;
  readonly #views = new Map<string, ModemView>();
  readonly calls: string[] = [];

  constructor(clock: VirtualClock, config: Config) {
    this.#clock = clock;
    this.#config = config;
  }

  put(name: string, view: Partial<Omit<ModemView, "name">> = {}): void {
    const activity: Activity = {
      kind: "resting",
      sentence: "Nothing more is due.",
      sinceMs: this.#clock.nowMs(),
      untilMs: null,
    };
    const plain = { port: `/dev/${name}`, path: undefined, activity, report: undefined };
    this.#views.set(name, { name, ...plain, ...view });
  }

  configOf(): Config {
    return this.#config;
  }

  list(): readonly ModemView[] {
    return [...this.#views.values()];
  }

  provision(name: string): void {
    this.calls.push(`provision ${name}`);
    this.#become(name, { kind: "running", state: "connecting", sentence: "A run begins.", sinceMs: 0 });
  }

  async pause(name: string): Promise<void> {
    this.calls.push(`pause ${name}`);
    this.#become(name, { kind: "paused", sinceMs: this.#clock.nowMs() });
  }

  resume(name: string): void {
    this.calls.push(`resume ${name}`);
    this.#become(name, { kind: "running", state: "connecting", sentence: "A run begins.", sinceMs: 0 });
  }

  #become(name: string, activity: Activity): void {
    const view = this.#views.get(name);
    if (view === undefined) throw new EsimdError("port_missing", `no modem ${name} is served`);
    this.#views.set(name, { ...view, activity });
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  json(): unknown;
}

/** As curl would: `curl --unix-socket PATH -X METHOD http://esimd/TARGET`. */
export function ask(
  path: string,
  method: string,
  target: string,
  { body, headers }: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: path, method, path: target, headers: { ...headers } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text),
        }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
