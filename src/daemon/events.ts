import type { Clock } from "../base/clock.js";
import type { EsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { StateName } from "../provision/states.js";
import type { Report } from "../report/schema.js";

/**
 * What the daemon tells of itself while it lives. The log, systemd, the control socket and the sinks of reports all look at this one
 * stream, and none of them at each other.
 */
export type DaemonEvent = {
  /** By the device's clock, milliseconds since the epoch. */
  readonly atMs: number;
} & (
  | ModemEvent
  | { readonly kind: "daemon"; readonly is: DaemonPhase }
  /** The configuration cannot be taken up as it stands now: the daemon goes on with the one it has. */
  | { readonly kind: "reload-refused"; readonly error: EsimdError }
);

/** `ready`: the configuration holds and the modems are served. `draining`: what runs may end, and nothing new begins. */
export type DaemonPhase = "ready" | "reloading" | "draining" | "stopping";

/** What one modem's life shows; `modem` is the name it is served under. */
export type ModemEvent = { readonly modem: string } & (
  | { readonly kind: "served"; readonly port: string }
  /** Not served any more: taken out of the configuration. */
  | { readonly kind: "dropped" }
  | {
      readonly kind: "state";
      readonly state: StateName;
      readonly sentence: string;
      /** How long the state may last before something is wrong with esimd itself; null: it is an end, and a rest or another run follows at once. */
      readonly withinMs: number | null;
    }
  | { readonly kind: "progress"; readonly stage: string; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly kind: "report"; readonly report: Report }
  /** Nothing is done until `forMs` have passed, or something that the sentence names happens. */
  | { readonly kind: "rest"; readonly forMs: number; readonly sentence: string }
);

type NewEvent = DaemonEvent extends infer Event ? (Event extends unknown ? Omit<Event, "atMs"> : never) : never;

/** Sees every event as it is published, in order; it must not take long, and what it throws is logged and goes no further. */
export type EventListener = (event: DaemonEvent) => void;

export class DaemonEvents {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listeners = new Set<EventListener>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** @returns what ends the subscription. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(event: NewEvent): void {
    const stamped = { ...event, atMs: this.#clock.nowMs() } as DaemonEvent;
    for (const listener of this.#listeners) {
      try {
        listener(stamped);
      } catch (error) {
        // One that fails must not keep the others from hearing it, nor end the modem's run.
        this.#log.error({ error, event: event.kind }, "a listener of the daemon's events failed");
      }
    }
  }
}
