import type { CancelTimer, Clock } from "../../base/clock.js";
import { createRedactor, type Log } from "../../base/logging.js";
import type { Companion, OpenCompanion } from "../companions.js";
import type { DaemonEvent, DaemonEvents } from "../events.js";
import { DeadlineLedger, type Overdue } from "./deadline-ledger.js";
import { StatusLine } from "./status-line.js";
import { watchdogMs } from "./supervision.js";
import { type NoticeTransport, openTransport } from "./transport.js";

/**
 * systemd's companion: says when the daemon is ready, reloads and stops, how its modems stand, and that it is alive. The last only while
 * every modem's service shows progress or is within the time that it declared: a daemon that merely answers a timer may hang all the same.
 */
export interface NotifierParts {
  readonly transport: NoticeTransport;
  /** How long systemd waits for a sign of life; undefined: it does not. */
  readonly watchdogMs: number | undefined;
  readonly events: Pick<DaemonEvents, "subscribe">;
  readonly clock: Clock;
  readonly log: Log;
  /** CLOCK_MONOTONIC, as systemd counts it. */
  readonly monotonicUs: () => bigint;
}

/** Where nobody supervises the daemon it does nothing. */
export const openNotifier: OpenCompanion = async ({ env, clock, log, events }) => {
  const { pid } = process;
  const transport = openTransport({ env, pid, clock, log });
  if (transport === undefined) return { close: async () => undefined };
  return createNotifier({
    transport,
    watchdogMs: watchdogMs(env, pid),
    events,
    clock,
    log,
    monotonicUs: () => process.hrtime.bigint() / 1000n,
  });
};

/** A stop in the middle of an installation may last so long, from each time it is said anew. */
const extendMs = 60_000;
const extendEveryMs = 20_000;

export function createNotifier(parts: NotifierParts): Companion {
  const notifier = new Notifier(parts);
  return { close: () => notifier.close() };
}

class Notifier {
  readonly #parts: NotifierParts;
  readonly #ledger = new DeadlineLedger();
  readonly #status = new StatusLine();
  readonly #redactor = createRedactor();
  readonly #timers = new Map<"watchdog" | "status" | "extend", CancelTimer>();
  readonly #unsubscribe: () => void;
  /** What systemd was told last, and when. */
  #told = { text: "", atMs: Number.NEGATIVE_INFINITY };
  /** Modems of which the log said that they are overdue. */
  #late: readonly Overdue[] = [];

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.events.subscribe((event) => this.#hear(event));
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await this.#parts.transport.close();
  }

  #hear(event: DaemonEvent): void {
    const { clock, transport, monotonicUs } = this.#parts;
    this.#ledger.note(event, clock.monotonicMs());
    this.#status.note(event);
    if (event.kind === "daemon") {
      switch (event.is) {
        case "ready":
          transport.send({ kind: "ready" });
          this.#feed();
          break;
        case "reloading":
          transport.send({ kind: "reloading", monotonicUs: monotonicUs() });
          break;
        case "stopping":
          transport.send({ kind: "stopping" });
          this.#extend();
          break;
        case "draining":
          this.#extend();
          break;
      }
    }
    this.#tellStatus();
  }

  /** At once when nothing was told for a while, else when that is over: a download moves on many times a second. */
  #tellStatus(): void {
    const { clock, transport } = this.#parts;
    const text = this.#redactor.redact(this.#status.text());
    if (text === this.#told.text || this.#timers.has("status")) return;
    const waitMs = this.#told.atMs + transport.paceMs - clock.monotonicMs();
    if (waitMs > 0) {
      this.#later("status", waitMs, () => this.#tellStatus());
      return;
    }
    this.#told = { text, atMs: clock.monotonicMs() };
    transport.send({ kind: "status", text });
  }

  /** Twice in the time that systemd gives (sd_watchdog_enabled(3)), by a timer: a blocked event loop feeds nothing. */
  #feed(): void {
    const { transport, watchdogMs } = this.#parts;
    if (watchdogMs === undefined || this.#timers.has("watchdog")) return;
    if (this.#lookForLate().length === 0) transport.send({ kind: "watchdog" });
    this.#later("watchdog", watchdogMs / 2, () => this.#feed());
  }

  #lookForLate(): readonly Overdue[] {
    const { clock, log } = this.#parts;
    const late = this.#ledger.overdue(clock.monotonicMs());
    const were = new Set(this.#late.map(({ modem }) => modem));
    for (const { modem, what, byMs } of late)
      if (!were.has(modem))
        log.error(
          { modem, in: what, overdueMs: Math.round(byMs) },
          "a modem's service hangs past its own deadline: systemd's watchdog is fed no more, and will restart esimd",
        );
    const are = new Set(late.map(({ modem }) => modem));
    for (const { modem } of this.#late)
      if (!are.has(modem)) log.info({ modem }, "the modem's service goes on: it was late, and does not hang");
    this.#late = late;
    return late;
  }

  /** While something is under way that must not be cut in half, and is itself in time, a stop may take longer than the unit's TimeoutStopSec=. */
  #extend(): void {
    const { clock, transport } = this.#parts;
    if (this.#timers.has("extend")) return;
    const late = new Set(this.#ledger.overdue(clock.monotonicMs()).map(({ modem }) => modem));
    if (this.#status.delicate.some((modem) => !late.has(modem))) transport.send({ kind: "extend", forMs: extendMs });
    this.#later("extend", extendEveryMs, () => this.#extend());
  }

  #later(name: "watchdog" | "status" | "extend", delayMs: number, work: () => void): void {
    const cancel = this.#parts.clock.setTimer(delayMs, () => {
      this.#timers.delete(name);
      work();
    });
    this.#timers.set(name, cancel);
  }
}
