import { type BackoffPolicy, backoffMs } from "../../base/backoff.js";
import { type Clock, sleep } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { EsimdError, isEsimdError, toEsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import { countedAs, droppedBefore, eventFor, type Origin, originOf } from "../../report/event.js";
import type { Outbox } from "./outbox.js";
import type { Cursor } from "./outbox-index.js";
import type { Delivery, Sink } from "./sink.js";

/**
 * Carries the events of the outbox to one sink, in their order, each until the sink has it. A sink that is down is tried again by back-off
 * and holds up nobody but itself; nothing is ever skipped but what is no longer there.
 */

export interface CourierParts {
  readonly sink: Sink;
  readonly outbox: Outbox;
  readonly cursor: Cursor;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Hears that the figures changed. */
  readonly onChange?: (() => void) | undefined;
}

/** A receiver that is down or far away: soon again, and then so that a fleet does not keep it down. */
const passing: BackoffPolicy = { firstMs: 5_000, maxMs: 900_000 };
/**
 * One that refuses for good: an address, a credential or an event that it will not take. The event is not skipped, since nobody could tell it
 * from one that was lost; it is tried seldom, and goes when the outbox is full. A restart or reload tries at once.
 */
const lasting: BackoffPolicy = { firstMs: 60_000, maxMs: 21_600_000 };
/** Other processes put events in, too (`esimd provision`), and none of them says so. */
const lookMs = 300_000;
/** While a backlog is delivered its files are taken away from time to time. */
const tidyEvery = 32;

export class Courier {
  readonly #parts: CourierParts;
  #cursor: Cursor;
  #wake: (() => void) | undefined;
  #isAwake = false;
  #tidiedAt = -1;
  #delivered = 0;
  #failures = 0;
  #attempt = 0;
  #lastDeliveryMs: number | undefined;

  constructor(parts: CourierParts) {
    this.#parts = parts;
    this.#cursor = parts.cursor;
  }

  get figures() {
    const { dropped, number } = this.#cursor;
    return {
      name: this.#parts.sink.name,
      number,
      delivered: this.#delivered,
      failures: this.#failures + (this.#parts.sink.link?.failures ?? 0),
      dropped,
      lastDeliveryMs: this.#lastDeliveryMs,
    };
  }

  /** Whether there is hope for what waits, now. */
  get isWell(): boolean {
    return this.#attempt === 0 && this.#parts.sink.link?.isUp !== false;
  }

  /** There is something new. A pause after a failure goes on. */
  wake(): void {
    this.#isAwake = true;
    this.#wake?.();
  }

  /** Until `signal` aborts, and then it resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, sink } = this.#parts;
    while (!signal.aborted) {
      try {
        const ended = await this.drain(signal);
        if (ended === "empty") await this.#untilWoken(signal);
        else await sleep(clock, this.#pauseMs(ended), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!isEsimdError(error)) throw error;
        // The disk, most likely; without it there is no order and no cursor.
        log.error({ error, sink: sink.name }, "the outbox cannot be read or written; its events wait");
        await sleep(clock, lookMs, signal).catch(() => undefined);
      }
    }
  }

  /** Delivers what waits, up to the first failure. @throws what the disk throws, and the signal's reason. */
  async drain(signal: AbortSignal): Promise<"empty" | Extract<Delivery, { kind: "failed" }>> {
    const { outbox, sink } = this.#parts;
    for (;;) {
      this.#isAwake = false;
      const numbers = (await outbox.waiting()).filter((number) => number > this.#cursor.number);
      if (numbers.length === 0) {
        await this.#tidy();
        await sink.idle();
        return "empty";
      }
      let since = 0;
      for (const number of numbers) {
        const failed = await this.#one(number, signal);
        if (failed !== undefined) return failed;
        if (++since % tidyEvery === 0) await this.#tidy();
      }
    }
  }

  /** Only the sink that came on last can be the one that the others waited for. */
  async #tidy(): Promise<void> {
    const { number } = this.#cursor;
    if (number === this.#tidiedAt) return;
    await this.#parts.outbox.removeDelivered();
    this.#tidiedAt = number;
  }

  async #one(number: number, signal: AbortSignal): Promise<Extract<Delivery, { kind: "failed" }> | undefined> {
    const { outbox, sink, clock } = this.#parts;
    const cursor = this.#cursor;
    const stored = await outbox.event(number);
    if (stored === undefined) {
      // Dropped meanwhile, or damaged: the gap in the sequence says so to the receiver, with the next event.
      this.#cursor = { ...cursor, number };
      return undefined;
    }
    const origin = originOf(stored);
    const key = countedAs(origin);
    const isSameStream = stored.stream === cursor.stream;
    const lastTold = isSameStream ? (cursor.sequences[key] ?? 0) : stored.sequence - 1;
    const dropped = droppedBefore(stored.sequence, lastTold);
    const result = await this.#attemptOf(sink, () => eventFor(stored, dropped), signal);
    if (result.kind === "failed") {
      this.#noteFailure(result);
      return result;
    }
    const next: Cursor = {
      ...cursor,
      stream: stored.stream,
      number,
      sequences: { ...(isSameStream ? cursor.sequences : {}), [key]: stored.sequence },
      dropped: cursor.dropped + (dropped?.count ?? 0),
    };
    await outbox.saveCursor(sink.name, next);
    this.#cursor = next;
    this.#noteDelivery(clock.nowMs(), origin, dropped);
    return undefined;
  }

  async #attemptOf(sink: Sink, event: () => ReturnType<typeof eventFor>, signal: AbortSignal): Promise<Delivery> {
    const { clock } = this.#parts;
    const bound = { clock, timeoutMs: sink.timeoutMs, signal, what: `delivery to the ${sink.name}` };
    try {
      return await withDeadline(bound, (inner) => sink.deliver(event(), inner));
    } catch (error) {
      signal.throwIfAborted();
      const cause = toEsimdError(error);
      return {
        kind: "failed",
        error: new EsimdError("report_undelivered", `${sink.name}: ${cause.message}`, { cause }),
        lasting: false,
      };
    }
  }

  #noteDelivery(nowMs: number, { kind, name }: Origin, dropped: ReturnType<typeof droppedBefore>): void {
    const { log, sink } = this.#parts;
    this.#delivered++;
    this.#lastDeliveryMs = nowMs;
    this.#parts.onChange?.();
    if (this.#attempt > 0) log.info({ sink: sink.name, tries: this.#attempt }, "reports are delivered again");
    this.#attempt = 0;
    if (dropped !== null)
      log.warn({ sink: sink.name, [kind]: name, ...dropped }, "the receiver was told of reports that were dropped");
  }

  #noteFailure({ error, lasting: stays }: Extract<Delivery, { kind: "failed" }>): void {
    const { log, sink } = this.#parts;
    this.#failures++;
    this.#attempt++;
    this.#parts.onChange?.();
    const facts = { sink: sink.name, error, tries: this.#attempt };
    if (stays) log.error({ ...facts, next: error.hint }, "a report is refused; it is kept, and tried seldom");
    // One line for an outage, however long it is.
    else if (this.#attempt === 1) log.warn(facts, "a report could not be delivered; it is kept, and tried again");
    else log.debug(facts, "a report could still not be delivered");
  }

  #pauseMs({ error, lasting: stays }: Extract<Delivery, { kind: "failed" }>): number {
    return backoffMs(stays ? lasting : passing, this.#attempt, this.#parts.random, error.retryAfterMs);
  }

  #untilWoken(signal: AbortSignal): Promise<void> {
    if (this.#isAwake || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#parts.clock.setTimer(lookMs, done);
      signal.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }
}
