import type { Clock } from "../base/clock.js";
import { withDeadline } from "../base/deadline.js";
import { type EsimdError, toEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import { Hints } from "../provision/hints.js";
import { watchDevices } from "../serial/device-changes.js";
import type { HostRoots } from "../serial/host-roots.js";
import { companions as builtInCompanions, type Companion, type Daemon, type OpenCompanion } from "./companions.js";
import type { DaemonConfig } from "./config/daemon-config.js";
import { ControlRoutes } from "./control/routes.js";
import type { DaemonEvents } from "./events.js";
import { type Outside, realOutside } from "./outside.js";
import { ServedModems, type ServedModemsParts } from "./served-modems.js";

/** `esimd run`: the life of the daemon, from its configuration to the last companion's end. */

export interface DaemonParts {
  readonly config: DaemonConfig;
  /** Loads and checks it anew, for a reload. @throws EsimdError. */
  readonly load: () => DaemonConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: HostRoots;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: DaemonEvents;
  /** Hears a signal of the process until the returned function is called; left out, there are none. */
  readonly onSignal?: OnSignal;
  /** The real one when left out. */
  readonly outside?: Outside;
  /** Those of the program when left out. */
  readonly companions?: readonly OpenCompanion[];
  /** One run; the real one when left out. */
  readonly provision?: ServedModemsParts["provision"];
}

/** SIGHUP reloads, SIGUSR2 drains; Node keeps SIGUSR1 for its debugger. */
export type DaemonSignal = "SIGHUP" | "SIGUSR2";
export type OnSignal = (name: DaemonSignal, listener: () => void) => () => void;

/** What a companion may take to say its last words, or to take up a configuration. */
const companionMs = 10_000;

/**
 * Serves the modems until `signal` aborts or the daemon is drained.
 * @throws EsimdError when it cannot begin, or when no modem can be served as it is configured.
 */
export async function runDaemon(parts: DaemonParts, signal: AbortSignal): Promise<void> {
  const { env, host, clock, random, log, events, outside = realOutside } = parts;
  let { config } = parts;
  const devices = watchDevices(host, clock);
  const hints = new Hints();
  const provision = parts.provision && { provision: parts.provision };
  const modems = new ServedModems(config, { host, outside, clock, random, log, events, hints, devices, ...provision });
  const opened: Companion[] = [];
  const ending = new Ending(signal);

  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const reload = inTurn(begun, async () => {
    if (ending.isNear) return;
    events.publish({ kind: "daemon", is: "reloading" });
    try {
      config = parts.load();
      await modems.reload(config);
      for (const companion of opened) await withinTime(parts, "a companion's reload", () => companion.reload?.());
    } catch (thrown) {
      const error = toEsimdError(thrown);
      events.publish({ kind: "reload-refused", error });
      throw error;
    } finally {
      events.publish({ kind: "daemon", is: "ready" });
    }
  });
  const daemon: Daemon = {
    config: () => config.shared.config,
    env,
    host,
    outside,
    clock,
    random,
    log,
    events,
    modems,
    ...(config.only === undefined ? {} : { only: config.only }),
    hints,
    routes: new ControlRoutes(),
    reload,
    drain: () => ending.drain(),
  };
  const unhear = [
    parts.onSignal?.("SIGHUP", () => {
      // Why it was refused was told to all.
      reload().catch(() => undefined);
    }),
    parts.onSignal?.("SIGUSR2", () => ending.drain()),
  ];
  try {
    for (const open of parts.companions ?? builtInCompanions) opened.push(await open(daemon, signal));
    modems.start((error) => ending.fail(error));
    events.publish({ kind: "daemon", is: "ready" });
    begin();
    const how = await ending.came;
    if (how.kind === "drained") {
      events.publish({ kind: "daemon", is: "draining" });
      await Promise.race([modems.drain(), ending.stopped]);
    }
    events.publish({ kind: "daemon", is: "stopping" });
    await modems.stop();
    if (how.kind === "failed") throw how.error;
  } finally {
    for (const stopHearing of unhear) stopHearing?.();
    devices.close();
    for (const companion of opened.reverse()) await withinTime(parts, "a companion's end", () => companion.close());
  }
}

/** A companion that fails or hangs must not keep the daemon from going on, nor the others from their end. */
async function withinTime(
  { clock, log }: Pick<DaemonParts, "clock" | "log">,
  what: string,
  work: () => Promise<void> | undefined,
): Promise<void> {
  try {
    await withDeadline({ clock, timeoutMs: companionMs, what }, async () => work());
  } catch (error) {
    log.error({ error }, `${what} failed`);
  }
}

/** One at a time, the first after `begun`; who comes meanwhile gets one of its own, since the files may have changed after the one before read them. */
function inTurn(begun: Promise<void>, work: () => Promise<void>): () => Promise<void> {
  let last = begun;
  return () => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

type End =
  | { readonly kind: "stopped" }
  | { readonly kind: "drained" }
  | { readonly kind: "failed"; readonly error: EsimdError };

/** How the daemon ends: whichever comes first. A stop cuts a drain short. */
class Ending {
  readonly came: Promise<End>;
  readonly stopped: Promise<void>;
  #isNear = false;
  #end: (end: End) => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.came = new Promise((resolve) => {
      this.#end = (end) => {
        this.#isNear = true;
        resolve(end);
      };
    });
    this.stopped = new Promise((resolve) => {
      const stop = (): void => {
        this.#end({ kind: "stopped" });
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });
  }

  /** Nothing new is worth beginning. */
  get isNear(): boolean {
    return this.#isNear;
  }

  drain(): void {
    this.#end({ kind: "drained" });
  }

  fail(error: EsimdError): void {
    this.#end({ kind: "failed", error });
  }
}
