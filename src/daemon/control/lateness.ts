import type { Clock } from "../../base/clock.js";
import type { DaemonEvent } from "../events.js";
import type { ModemView } from "../modems.js";

/** Whether every modem's service goes on within the time that it declared itself: what `/readyz` answers by. */

/** What lies between a wait's end and the next event: a run that is set up, a file that is written. */
const graceMs = 60_000;

export interface Late {
  readonly modem: string;
  /** What it was to be done with. */
  readonly what: string;
  readonly lateByMs: number;
}

export class Lateness {
  readonly #clock: Clock;
  readonly #due = new Map<string, { readonly what: string; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(event: DaemonEvent): void {
    switch (event.kind) {
      case "served":
        this.#expect(event.modem, "its first run", 0);
        return;
      case "state":
        // An end lasts, and what follows on it is told by itself.
        if (event.withinMs === null) this.#due.delete(event.modem);
        else this.#expect(event.modem, event.state, event.withinMs);
        return;
      case "rest":
        this.#expect(event.modem, "its rest", event.forMs);
        return;
      case "dropped":
        this.#due.delete(event.modem);
        return;
      default:
        return;
    }
  }

  /** Those that are late now. Who was paused is never late. */
  of(modems: readonly ModemView[]): readonly Late[] {
    const nowMs = this.#clock.monotonicMs();
    return modems.flatMap(({ name, activity }) => {
      const due = this.#due.get(name);
      if (due === undefined || activity.kind === "paused" || nowMs <= due.atMs) return [];
      return [{ modem: name, what: due.what, lateByMs: Math.round(nowMs - due.atMs) }];
    });
  }

  #expect(modem: string, what: string, withinMs: number): void {
    this.#due.set(modem, { what, atMs: this.#clock.monotonicMs() + withinMs + graceMs });
  }
}
