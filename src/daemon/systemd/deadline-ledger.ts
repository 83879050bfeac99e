import type { DaemonEvent } from "../events.js";

/**
 * Until when what each modem's service does may last. Whether the daemon is alive is asked here, and nowhere else: it is while no modem is
 * past what it declared itself. Pure: time is given.
 */

/** A service that has not shown itself although it said it would by now. */
export interface Overdue {
  readonly modem: string;
  /** The state, or that it rested. */
  readonly what: string;
  readonly byMs: number;
}

interface Entry {
  readonly what: string;
  /** Undefined: it may last. */
  readonly untilMs: number | undefined;
  /** No run is on its way. */
  readonly isOver: boolean;
}

/** A state ends by its own deadline, and the next event follows: this is for a slow device between the two, and for letting the port go. */
export const marginMs = 60_000;

export class DeadlineLedger {
  readonly #entries = new Map<string, Entry>();
  #isEnding = false;

  /** `nowMs` is monotonic, here as everywhere in this class. */
  note(event: DaemonEvent, nowMs: number): void {
    switch (event.kind) {
      case "state":
        // An end lasts no longer than it takes to tell of it and to let the port go: a rest follows, or the next run.
        if (event.withinMs === null && this.#isEnding) this.#entries.delete(event.modem);
        else
          this.#entries.set(event.modem, {
            what: event.state,
            untilMs: until(nowMs, event.withinMs ?? 0),
            isOver: event.withinMs === null,
          });
        break;
      case "rest":
        if (this.#isEnding) this.#entries.delete(event.modem);
        else this.#entries.set(event.modem, { what: "resting", untilMs: until(nowMs, event.forMs), isOver: true });
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
      case "daemon":
        if (event.is === "draining" || event.is === "stopping") this.#end();
        break;
      default:
        break;
    }
  }

  /** The services that rest end now, and say nothing more. What runs is still expected to end in its time. */
  #end(): void {
    this.#isEnding = true;
    for (const [modem, { isOver }] of this.#entries) if (isOver) this.#entries.delete(modem);
  }

  overdue(nowMs: number): readonly Overdue[] {
    return [...this.#entries].flatMap(([modem, { what, untilMs }]) =>
      untilMs === undefined || nowMs <= untilMs ? [] : [{ modem, what, byMs: nowMs - untilMs }],
    );
  }
}

function until(nowMs: number, forMs: number): number | undefined {
  return Number.isFinite(forMs) ? nowMs + forMs + marginMs : undefined;
}
