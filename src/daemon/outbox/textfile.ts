import { chmod, rename, rm, writeFile } from "node:fs/promises";
import type { CancelTimer, Clock } from "../../base/clock.js";
import { describeCause } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";

/** A collector reads every quarter of a minute or so. */
const leastPauseMs = 5_000;

/**
 * Prometheus' text as a file for the textfile collector: whole or as it was before, readable by all, and written when something changed,
 * not by the clock. It is not synced: after a power cut it is written anew.
 */
export class Textfile {
  readonly #path: string;
  readonly #text: () => Promise<string>;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel: CancelTimer | undefined;
  #isFailing = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: {
    readonly path: string;
    readonly text: () => Promise<string>;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#path = parts.path;
    this.#text = parts.text;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** Something changed: the file says so within a few seconds. */
  touch(): void {
    this.#cancel ??= this.#clock.setTimer(leastPauseMs, () => {
      this.#cancel = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    });
  }

  /** Takes it away: what nobody keeps up to date would be taken for the truth. */
  async close(): Promise<void> {
    this.#cancel?.();
    await this.#writing;
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  async #write(): Promise<void> {
    // The collector takes every *.prom, and so not this one.
    const temporary = `${this.#path}.${process.pid}`;
    try {
      await writeFile(temporary, await this.#text());
      await chmod(temporary, 0o644);
      await rename(temporary, this.#path);
      this.#isFailing = false;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      if (!this.#isFailing)
        this.#log.error({ path: this.#path, why: describeCause(error) }, "the metrics cannot be written");
      this.#isFailing = true;
    }
  }
}
