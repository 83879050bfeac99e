import { type Clock, sleep } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { isEsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { Disk } from "../../provision/store/disk.js";
import { type Processes, takeLock } from "../../provision/store/lock.js";
import { Courier } from "./courier.js";
import { type Outbox, outboxFolder } from "./outbox.js";
import type { Sink } from "./sink.js";

/**
 * Takes the outbox to its sinks, each by a courier of its own. One process at a time does it: the daemon for as long as it lives, or
 * `esimd provision` for a moment where there is none.
 */

export interface DeliveryParts {
  readonly outbox: Outbox;
  readonly sinks: readonly Sink[];
  readonly disk: Disk;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly stateDir: string;
  /** Hears that the figures changed. */
  readonly onChange?: () => void;
}

/** How often a process looks whether the one that delivers is gone, and whether a disk that failed is well again. */
const lookMs = 60_000;
/** At the end, what was just put in still has a chance. */
const lastChanceMs = 3_000;

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #ended = new AbortController();
  readonly #life: Promise<void>;
  #couriers: readonly Courier[] = [];

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#life = this.#live(this.#ended.signal);
  }

  get couriers(): readonly Courier[] {
    return this.#couriers;
  }

  /** Something was put in. */
  wake(): void {
    for (const courier of this.#couriers) courier.wake();
  }

  /** What waits for a sink that is well gets a moment; the rest waits for the next start. */
  async close(): Promise<void> {
    const { clock, sinks, outbox } = this.#parts;
    const untilMs = clock.monotonicMs() + lastChanceMs;
    const isOwed = async (): Promise<boolean> => {
      const hopeful = this.#couriers.filter((courier) => courier.isWell);
      if (hopeful.length === 0) return false;
      const last = (await outbox.waiting()).at(-1) ?? 0;
      return hopeful.some((courier) => courier.figures.number < last);
    };
    try {
      while (clock.monotonicMs() < untilMs && (await isOwed())) await sleep(clock, 50);
    } catch (error) {
      if (!isEsimdError(error)) throw error;
    }
    this.#ended.abort(new Error("esimd ends"));
    await this.#life;
    for (const sink of sinks) await sink.close();
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        await this.#deliver(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isEsimdError(error, "state_locked")) {
          if (tries === 0) log.info({ error }, "another esimd delivers the reports");
        } else log.error({ error }, "reports cannot be delivered; they wait");
      }
      await sleep(clock, lookMs, signal).catch(() => undefined);
    }
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    const { outbox, sinks, clock, random, log, onChange } = this.#parts;
    await holdingDelivery(this.#parts, async () => {
      signal.throwIfAborted();
      const cursors = await outbox.openCursors(sinks.map(({ name }) => name));
      this.#couriers = sinks.flatMap((sink) => {
        const cursor = cursors.get(sink.name);
        return cursor === undefined ? [] : [new Courier({ sink, outbox, cursor, clock, random, log, onChange })];
      });
      await Promise.all(this.#couriers.map((courier) => courier.run(signal)));
    });
  }
}

/**
 * Tries once to deliver what waits, for a command that ends then; what it cannot deliver waits for the daemon, or for the next call. Never
 * longer than `timeoutMs`, and never an error: the run is over, and its result stands.
 */
export async function deliverOnce(parts: DeliveryParts, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { outbox, sinks, clock, random, log } = parts;
  try {
    await withDeadline({ clock, timeoutMs, tidyMs: 2000, signal, what: "the delivery of the report" }, (inner) =>
      holdingDelivery(parts, async () => {
        const cursors = await outbox.openCursors(sinks.map(({ name }) => name));
        await Promise.all(
          sinks.map(async (sink) => {
            const cursor = cursors.get(sink.name);
            if (cursor !== undefined) await new Courier({ sink, outbox, cursor, clock, random, log }).drain(inner);
          }),
        );
      }),
    );
  } catch (error) {
    if (isEsimdError(error, "state_locked")) log.info({ error }, "another esimd delivers the report");
    else log.warn({ error }, "the report waits in the outbox");
  } finally {
    for (const sink of sinks) await sink.close();
  }
}

/** @throws EsimdError `state_locked` while another process delivers. */
async function holdingDelivery(
  { disk, processes, stateDir }: Pick<DeliveryParts, "disk" | "processes" | "stateDir">,
  work: () => Promise<void>,
): Promise<void> {
  const folder = outboxFolder(stateDir);
  await disk.makeFolder(folder);
  const release = await takeLock(disk, `${folder}/delivery.lock`, processes);
  try {
    await work();
  } finally {
    await release();
  }
}
