import type { Clock } from "../base/clock.js";
import type { Log } from "../base/logging.js";
import type { BytePort } from "../serial/port.js";
import type { LineWait } from "./line-wait.js";
import { type LineWriting, type Pieces, writeLine } from "./piecewise.js";

interface LineOutParts {
  readonly port: BytePort;
  readonly clock: Clock;
  readonly log: Log;
  readonly wait: LineWait;
}

/** The way of lines to the modem. */
export class LineOut {
  /** How long lines go out; undefined: whole. */
  pieces: Pieces | undefined;
  readonly #parts: LineOutParts;

  constructor(parts: LineOutParts) {
    this.#parts = parts;
  }

  send(text: string, signal: AbortSignal): LineWriting {
    const { port, clock, log } = this.#parts;
    log.trace({ at: "host", line: text }, "AT");
    return writeLine(port, Buffer.from(`${text}\r`, "latin1"), this.pieces, clock, signal);
  }

  /**
   * Sends a line and waits, with the deadline of any other wait, until the port has taken it: a USB modem that hangs takes no more writes,
   * and such a write never settles. Resolves with whether it was taken in time.
   */
  async sendWithin(text: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const over = new AbortController();
    let taken = false;
    this.send(text, over.signal).done.then(
      () => {
        taken = true;
        this.#parts.wait.wake();
      },
      (error: unknown) => {
        if (!over.signal.aborted) this.#parts.wait.fail(error);
      },
    );
    try {
      await this.#parts.wait.until(() => taken, timeoutMs, signal);
    } finally {
      over.abort("the line was taken, or is waited for no longer");
    }
    return taken;
  }
}
