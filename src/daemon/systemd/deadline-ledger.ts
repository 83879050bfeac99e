import type { DaemonEvent } from "../events.js";

/**
 * Until when what each modem's service does may last. Whether the daemon is alive is asked here, and nowhere else: it is while no modem is
 * past what it declared itself. Pure: time is given.
 */

/** A service that has not shown itself although it said it would by now. */
export interface Overdue {
  readonly modem: string;
  /** The state, or what it rested for. */
  readonly what: string;
  readonly byMs: number;
}

interface Entry {
  readonly what: string;
  /** Undefined: it may last. */
  readonly untilMs: number | undefined;
}

/** A state ends by its own deadline, and the next event follows: this is for a slow device between the two, and for letting the port go. */
export const marginMs = 60_000;

export class DeadlineLedger {
  readonly #entries = new Map<string, Entry>();

  /** `nowMs` is monotonic, here as everywhere in this class. */
  note(event: DaemonEvent, nowMs: number): void {
    switch (event.kind) {
      case "state":
        this.#entries.set(event.modem, { what: event.state, untilMs: until(nowMs, event.withinMs) });
        break;
      case "rest":
        this.#entries.set(event.modem, { what: `resting: ${event.sentence}`, untilMs: until(nowMs, event.forMs) });
        break;
      case "progress": {
        // Bytes that move are a sign of life of their own, also behind a deadline that was declared too short.
        const entry = this.#entries.get(event.modem);
        if (entry?.untilMs === undefined) break;
        this.#entries.set(event.modem, { ...entry, untilMs: Math.max(entry.untilMs, nowMs + marginMs) });
        break;
      }
      case "dropped":
        this.#entries.delete(event.modem);
        break;
      default:
        break;
    }
  }

  /** Nothing is expected of this modem until it shows itself again: a person paused it. */
  excuse(modem: string): void {
    const entry = this.#entries.get(modem);
    if (entry !== undefined) this.#entries.set(modem, { ...entry, untilMs: undefined });
  }

  overdue(nowMs: number): readonly Overdue[] {
    return [...this.#entries].flatMap(([modem, { what, untilMs }]) =>
      untilMs === undefined || nowMs <= untilMs ? [] : [{ modem, what, byMs: nowMs - untilMs }],
    );
  }
}

function until(nowMs: number, forMs: number | null): number | undefined {
  return forMs === null || !Number.isFinite(forMs) ? undefined : nowMs + forMs + marginMs;
}
