import { type Clock, sleep } from "../../base/clock.js";
import { isEsimdError } from "../../base/errors.js";
import type { Disk } from "../../provision/store/disk.js";
import { type Processes, takeLock } from "../../provision/store/lock.js";

/**
 * One at a time at the outbox: within this process by a queue, and between processes (`esimd provision` beside the daemon) by a lock file,
 * which is held for a few writes only.
 */
export class Turns {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #processes: Processes;
  readonly #clock: Clock;

  constructor(parts: { readonly disk: Disk; readonly processes: Processes; readonly clock: Clock }, path: string) {
    this.#disk = parts.disk;
    this.#processes = parts.processes;
    this.#clock = parts.clock;
    this.#path = path;
  }

  /** @throws EsimdError `state_locked` when another process keeps it for longer than any turn takes, or what `work` throws. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const before = queues.get(this.#disk) ?? Promise.resolve();
    const turn = before.then(() => this.#locked(work));
    queues.set(this.#disk, turn.then(ignore, ignore));
    return turn;
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.#lock();
    try {
      return await work();
    } finally {
      await release();
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    const untilMs = this.#clock.monotonicMs() + longestWaitMs;
    for (;;) {
      try {
        return await takeLock(this.#disk, this.#path, this.#processes);
      } catch (error) {
        if (!isEsimdError(error, "state_locked") || this.#clock.monotonicMs() >= untilMs) throw error;
      }
      await sleep(this.#clock, pollMs);
    }
  }
}

const longestWaitMs = 10_000;
const pollMs = 50;

/** A lock file does not keep a process from itself: those who share a disk's handle queue. */
const queues = new WeakMap<Disk, Promise<void>>();

const ignore = (): void => undefined;
