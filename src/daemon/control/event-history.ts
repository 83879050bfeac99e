import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { DaemonEvent } from "../events.js";
import { type EventForm, eventFormOf, isoOf } from "./forms.js";

/**
 * The last events of the daemon, for readers that come late or come back. Bounded: the oldest go first, and who missed some is told. Of the
 * progress of one download only the newest is kept, and of a rest that goes on: they say all that those before them did.
 */

export interface EventHistoryBounds {
  readonly events: number;
  readonly bytes: number;
}

export const eventHistoryBounds: EventHistoryBounds = { events: 512, bytes: 1024 * 1024 };

interface Kept {
  readonly sequence: number;
  /** As it goes over the wire (WHATWG HTML, 9.2: server-sent events). */
  readonly frame: string;
  readonly bytes: number;
  /** Set where a later event of the same key says all that this one did. */
  readonly key: string | undefined;
}

/** Where a reader is: it has had everything up to and with this number. */
export interface Cursor {
  readonly sequence: number;
  /** It had events of an earlier life of the daemon. */
  readonly isForeign: boolean;
}

export class EventHistory {
  readonly #life: string;
  readonly #bounds: EventHistoryBounds;
  readonly #listeners = new Set<() => void>();
  readonly #rests = new Map<string, { readonly sentence: string; readonly key: string }>();
  #kept: Kept[] = [];
  #bytes = 0;
  #last = 0;
  #lostUpTo = 0;

  /** `life`: tells the ids of this daemon from those of the one before it. */
  constructor(life: string, bounds: EventHistoryBounds = eventHistoryBounds) {
    this.#life = life;
    this.#bounds = bounds;
  }

  /** Before the first event: an id that all of them come behind. */
  get lastId(): string {
    return this.idOf(this.#last);
  }

  get lastSequence(): number {
    return this.#last;
  }

  /** The newest event that is not there any more, though nothing took its place. */
  get lostUpTo(): number {
    return this.#lostUpTo;
  }

  idOf(sequence: number): string {
    return `${this.#life}-${sequence}`;
  }

  add(event: DaemonEvent): void {
    this.#last++;
    const key = this.#keyOf(event);
    if (key !== undefined) this.#forget(key);
    const frame = frameOf(eventFormOf(event, this.idOf(this.#last)));
    const bytes = Buffer.byteLength(frame);
    this.#kept.push({ sequence: this.#last, frame, bytes, key });
    this.#bytes += bytes;
    while (this.#kept.length > this.#bounds.events || this.#bytes > this.#bounds.bytes) {
      const oldest = this.#kept.shift();
      if (oldest === undefined) break;
      this.#bytes -= oldest.bytes;
      this.#lostUpTo = oldest.sequence;
    }
    for (const listener of this.#listeners) listener();
  }

  /** The next event behind one. */
  after(sequence: number): { readonly sequence: number; readonly frame: string } | undefined {
    return this.#kept.find((one) => one.sequence > sequence);
  }

  /** Where a reader that had this one last goes on. @throws EsimdError `bad_input` for what is no id of ours. */
  cursorOf(lastEventId: string): Cursor {
    const [, life, digits] = /^([0-9a-f]{1,16})-(\d{1,15})$/.exec(lastEventId) ?? [];
    if (life === undefined || digits === undefined)
      throw new EsimdError("bad_input", `Last-Event-ID is ${quote(lastEventId)}, which is no event's id`, {
        hint: "Give the id of an event as it came, or none to hear from now on.",
      });
    const sequence = Number(digits);
    if (life !== this.#life || sequence > this.#last) return { sequence: 0, isForeign: true };
    return { sequence, isForeign: false };
  }

  onAdded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A rest that goes on is told again; one that comes after something else is another rest. */
  #keyOf(event: DaemonEvent): string | undefined {
    if (!("modem" in event)) return undefined;
    const { modem } = event;
    const restBefore = this.#rests.get(modem);
    if (event.kind !== "rest") {
      this.#rests.delete(modem);
      return event.kind === "progress" ? `progress ${modem}` : undefined;
    }
    const isAsBefore = restBefore?.sentence === event.sentence;
    const key = isAsBefore ? restBefore.key : `rest ${modem} ${this.#last}`;
    this.#rests.set(modem, { sentence: event.sentence, key });
    return key;
  }

  #forget(key: string): void {
    const index = this.#kept.findIndex((one) => one.key === key);
    if (index === -1) return;
    const [old] = this.#kept.splice(index, 1);
    this.#bytes -= old?.bytes ?? 0;
  }
}

export function frameOf(event: EventForm): string {
  const data = JSON.stringify({ schema: "esimd.event/1", ...event });
  return `${event.id === null ? "" : `id: ${event.id}\n`}event: ${event.kind}\ndata: ${data}\n\n`;
}

/** Tells a reader that events between the one it had and the given one are gone. */
export function lossFrame(log: EventHistory, upTo: number, after: string | null, atMs: number): string {
  return frameOf({ id: log.idOf(upTo), at: isoOf(atMs), kind: "lost", after });
}
