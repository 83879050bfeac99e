import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import type { Disk } from "../../provision/store/disk.js";
import type { Processes } from "../../provision/store/lock.js";
import { countedAs, originOf, type StoredEvent, type UnitEntry } from "../../report/event.js";
import type { Report } from "../../report/schema.js";
import { bytesOnDisk, eventFileName, eventNumber, eventText, parseEvent } from "./event-file.js";
import { type Cursor, type OutboxIndex, parseCursor, parseIndex } from "./outbox-index.js";
import { Turns } from "./turns.js";

/**
 * The durable queue of reports: one file an event, numbered, in the order in which they came, until every sink took it or there is no room
 * for it. Whoever runs may put one in; whoever holds the delivery (delivery.ts) takes them out. Each write is durable before the next one
 * begins, in an order that leaves a whole outbox whatever moment the power goes at:
 * - an event is whole or absent (written aside, synced, renamed), and counted by its own content if the index is older than it;
 * - what is dropped is counted before it is removed, and counts as gone from then on;
 * - what is delivered is noted in the sink's cursor before it is removed, so that it comes again rather than never.
 */

export interface OutboxParts {
  readonly disk: Disk;
  readonly processes: Processes;
  /** A name that nothing else has. */
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly stateDir: string;
  readonly bound: OutboxBound;
}

/** What a caller puts in; the outbox counts it. */
export type EventMatter =
  | { readonly kind: "report"; readonly report: Report; readonly modem: string }
  /** `id` is the same whenever the same entry is put in again, as after a crash that left unknown whether it was. */
  | { readonly kind: "unit"; readonly entry: UnitEntry; readonly station: string; readonly id: string };

function contentOf(matter: EventMatter) {
  if (matter.kind === "report") return { kind: matter.kind, modem: matter.modem, report: matter.report };
  return { kind: matter.kind, station: matter.station, entry: matter.entry };
}

export interface OutboxBound {
  /** In whole blocks of the disk. */
  readonly maxBytes: number;
  readonly maxEvents: number;
}

interface Waiting {
  readonly number: number;
  readonly bytes: number;
}

interface Contents {
  readonly index: OutboxIndex;
  /** What the index has that the one on the disk does not. */
  readonly isAhead: boolean;
  /** In their order. */
  readonly waiting: readonly Waiting[];
  /** Files of events that are gone. */
  readonly stale: readonly number[];
  readonly cursors: ReadonlyMap<string, Cursor>;
}

export interface OutboxSize {
  readonly events: number;
  readonly bytes: number;
  readonly dropped: number;
}

/** Where the outbox of a state folder is. */
export function outboxFolder(stateDir: string): string {
  return join(stateDir, "outbox");
}

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #folder: string;
  readonly #turns: Turns;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#folder = outboxFolder(parts.stateDir);
    this.#turns = new Turns(parts, join(this.#folder, "lock"));
  }

  /** Durable when it resolves. The oldest make room for it. @throws EsimdError `state_unwritable`, `disk_full`, `state_locked`, `state_newer`. */
  async put(matter: EventMatter, device: string): Promise<StoredEvent> {
    return this.#turn(async () => {
      const { disk, newId, clock, log } = this.#parts;
      const contents = await this.#read();
      const { next, stream, sequences } = contents.index;
      const key = countedAs(originOf(matter));
      const sequence = (sequences[key] ?? 0) + 1;
      const event: StoredEvent = {
        schema: "esimd.event/1",
        id: matter.kind === "unit" ? matter.id : newId(),
        device,
        stream,
        sequence,
        at: new Date(clock.nowMs()).toISOString(),
        ...contentOf(matter),
      };
      const text = eventText(event);
      const index = await this.#makeRoom(contents, bytesOnDisk(Buffer.byteLength(text)));
      await disk.replace(this.#eventPath(next), text);
      try {
        await this.#saveIndex({ ...index, next: next + 1, sequences: { ...sequences, [key]: sequence } });
      } catch (error) {
        // The event itself is there, and says the same to who reads the outbox next.
        log.warn({ error }, "the outbox's index cannot be written");
      }
      return event;
    });
  }

  /** The numbers of the events that wait, in their order. */
  async waiting(): Promise<readonly number[]> {
    const index = await this.#readIndex();
    const files = await this.#parts.disk.list(this.#eventsFolder);
    return files
      .flatMap(({ name }) => eventNumber(name) ?? [])
      .filter((number) => number >= (index?.floor ?? 1))
      .sort((a, b) => a - b);
  }

  /** Undefined for one that was dropped meanwhile, or cannot be read. */
  async event(number: number): Promise<StoredEvent | undefined> {
    const path = this.#eventPath(number);
    const text = await this.#parts.disk.read(path);
    if (text === undefined) return undefined;
    const event = parseEvent(text);
    if (event === undefined)
      this.#parts.log.error({ path }, "an event of the outbox is damaged, and is left out; the next one says so");
    return event;
  }

  async size(): Promise<OutboxSize> {
    const index = await this.#readIndex();
    const files = await this.#parts.disk.list(this.#eventsFolder);
    const events = files.filter(({ name }) => (eventNumber(name) ?? 0) >= (index?.floor ?? 1));
    return {
      events: events.length,
      bytes: events.reduce((sum, { bytes }) => sum + bytesOnDisk(bytes), 0),
      dropped: index?.dropped ?? 0,
    };
  }

  /** The cursors of these sinks, and of no others: one that is new begins with what waits, and one that is gone holds nothing up any more. */
  async openCursors(sinks: readonly string[]): Promise<ReadonlyMap<string, Cursor>> {
    return this.#turn(async () => {
      const { disk } = this.#parts;
      const contents = await this.#read();
      // What a sink is told from here on is counted from here on.
      if (contents.isAhead) await this.#saveIndex(contents.index);
      for (const name of contents.cursors.keys()) if (!sinks.includes(name)) await disk.remove(this.#cursorPath(name));
      const opened = new Map<string, Cursor>();
      for (const name of sinks) {
        const cursor = contents.cursors.get(name) ?? (await this.#newCursor(contents));
        if (!contents.cursors.has(name)) await this.saveCursor(name, cursor);
        opened.set(name, cursor);
      }
      return opened;
    });
  }

  /** Only for who holds the delivery. */
  async saveCursor(sink: string, cursor: Cursor): Promise<void> {
    await this.#parts.disk.replace(this.#cursorPath(sink), `${JSON.stringify(cursor)}\n`);
  }

  /** Removes the events that every sink took. */
  async removeDelivered(): Promise<void> {
    await this.#turn(async () => {
      const contents = await this.#read();
      const done = delivered(contents);
      // Nothing may go that the index has not counted: the next event would get its number.
      if (done.length > 0 && contents.isAhead) await this.#saveIndex(contents.index);
      await this.#remove([...contents.stale, ...done]);
    });
  }

  /** Makes room for one event of `bytes`, and says what had to go. */
  async #makeRoom(contents: Contents, bytes: number): Promise<OutboxIndex> {
    const { bound, log } = this.#parts;
    const done = delivered(contents);
    const left = contents.waiting.filter(({ number }) => !done.includes(number));
    const victims: number[] = [];
    let total = left.reduce((sum, one) => sum + one.bytes, bytes);
    for (const one of left) {
      if (left.length - victims.length < bound.maxEvents && total <= bound.maxBytes) break;
      victims.push(one.number);
      total -= one.bytes;
    }
    if (done.length > 0 && contents.isAhead) await this.#saveIndex(contents.index);
    const last = victims.at(-1);
    if (last === undefined) {
      await this.#remove([...contents.stale, ...done]);
      return contents.index;
    }
    const dropped = await this.#ranges(victims);
    const index = { ...contents.index, floor: last + 1, dropped: contents.index.dropped + victims.length };
    await this.#saveIndex(index);
    await this.#remove([...contents.stale, ...done, ...victims]);
    log.error(
      { dropped, maxBytes: bound.maxBytes, maxEvents: bound.maxEvents },
      "the outbox is full: the oldest reports were dropped before every sink had them",
    );
    return index;
  }

  /** Of each modem, the sequence numbers that go. */
  async #ranges(numbers: readonly number[]): Promise<Readonly<Record<string, string>>> {
    const ranges = new Map<string, [from: number, to: number]>();
    for (const number of numbers) {
      const event = await this.event(number);
      if (event === undefined) continue;
      const key = countedAs(originOf(event));
      const [from] = ranges.get(key) ?? [event.sequence];
      ranges.set(key, [from, event.sequence]);
    }
    return Object.fromEntries([...ranges].map(([modem, [from, to]]) => [modem, `${from} to ${to}`]));
  }

  async #newCursor({ index, waiting }: Contents): Promise<Cursor> {
    const sequences = { ...index.sequences };
    for (const { number } of [...waiting].reverse()) {
      const event = await this.event(number);
      if (event !== undefined) sequences[countedAs(originOf(event))] = event.sequence - 1;
    }
    const first = waiting[0]?.number ?? index.next;
    return { schema: "esimd.cursor/1", stream: index.stream, number: first - 1, sequences, dropped: 0 };
  }

  async #read(): Promise<Contents> {
    const { disk, newId } = this.#parts;
    const cursors = await this.#readCursors();
    const known = await this.#readIndex();
    const files = (await disk.list(this.#eventsFolder))
      .flatMap(({ name, bytes }) => {
        const number = eventNumber(name);
        return number === undefined ? [] : [{ number, bytes: bytesOnDisk(bytes) }];
      })
      .sort((a, b) => a.number - b.number);
    let stream = known?.stream;
    const sequences: Record<string, number> = { ...known?.sequences };
    const count = (modem: string, sequence: number): void => {
      sequences[modem] = Math.max(sequences[modem] ?? 0, sequence);
    };
    // What came after the index was written last: one event, where the power went then; all of them, where the index is lost.
    const uncounted = files.filter(({ number }) => number >= (known?.next ?? 1));
    for (const { number } of uncounted) {
      const event = await this.event(number);
      if (event === undefined) continue;
      stream ??= event.stream;
      if (event.stream === stream) count(countedAs(originOf(event)), event.sequence);
    }
    for (const cursor of cursors.values()) {
      stream ??= cursor.stream;
      if (cursor.stream === stream)
        for (const [modem, sequence] of Object.entries(cursor.sequences)) count(modem, sequence);
    }
    const ends = [...files.map(({ number }) => number), ...[...cursors.values()].map(({ number }) => number)];
    const next = Math.max(known?.next ?? 1, ...ends.map((number) => number + 1));
    const floor = known?.floor ?? 1;
    const index: OutboxIndex = {
      schema: "esimd.outbox/1",
      stream: stream ?? newId(),
      next,
      floor,
      sequences,
      dropped: known?.dropped ?? 0,
    };
    return {
      index,
      isAhead: known === undefined || JSON.stringify(known) !== JSON.stringify(index),
      waiting: files.filter(({ number }) => number >= floor),
      stale: files.filter(({ number }) => number < floor).map(({ number }) => number),
      cursors,
    };
  }

  async #readIndex(): Promise<OutboxIndex | undefined> {
    const text = await this.#parts.disk.read(this.#indexPath);
    if (text === undefined) return undefined;
    const index = parseIndex(text, this.#indexPath);
    if (index === undefined)
      this.#parts.log.error(
        { path: this.#indexPath },
        "the outbox's index is damaged; it is made anew from the events",
      );
    return index;
  }

  async #readCursors(): Promise<ReadonlyMap<string, Cursor>> {
    const { disk, log } = this.#parts;
    const cursors = new Map<string, Cursor>();
    for (const { name } of await disk.list(this.#cursorsFolder)) {
      if (!/^[a-z]+\.json$/.test(name)) continue;
      const path = join(this.#cursorsFolder, name);
      const text = await disk.read(path);
      const cursor = text === undefined ? undefined : parseCursor(text, path);
      if (cursor !== undefined) cursors.set(name.slice(0, -".json".length), cursor);
      else log.error({ path }, "a sink's place in the outbox is lost: it gets everything that waits, once more");
    }
    return cursors;
  }

  async #saveIndex(index: OutboxIndex): Promise<void> {
    await this.#parts.disk.replace(this.#indexPath, `${JSON.stringify(index)}\n`);
  }

  async #remove(numbers: readonly number[]): Promise<void> {
    for (const number of numbers) await this.#parts.disk.remove(this.#eventPath(number));
  }

  async #turn<T>(work: () => Promise<T>): Promise<T> {
    const { disk } = this.#parts;
    await disk.makeFolder(this.#eventsFolder);
    await disk.makeFolder(this.#cursorsFolder);
    return this.#turns.take(work);
  }

  get #eventsFolder(): string {
    return join(this.#folder, "events");
  }

  get #cursorsFolder(): string {
    return join(this.#folder, "cursors");
  }

  get #indexPath(): string {
    return join(this.#folder, "index.json");
  }

  #eventPath(number: number): string {
    return join(this.#eventsFolder, eventFileName(number));
  }

  #cursorPath(sink: string): string {
    return join(this.#cursorsFolder, `${sink}.json`);
  }
}

/** What every sink took. Where no sink has a cursor yet nobody took anything. */
function delivered({ waiting, cursors }: Contents): readonly number[] {
  const least = Math.min(...[...cursors.values()].map(({ number }) => number));
  return cursors.size === 0 ? [] : waiting.filter(({ number }) => number <= least).map(({ number }) => number);
}
