/** What was said on the wire, for tests and for a look at a failure: the last lines only. */

import type { Clock } from "../../base/clock.js";

export interface TranscriptLine {
  /** Monotonic. */
  readonly atMs: number;
  readonly from: "host" | "modem";
  /** Without CR and LF. */
  readonly text: string;
}

const maxLines = 5000;

export class Transcript {
  readonly #clock: Clock;
  readonly #lines: TranscriptLine[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get lines(): readonly TranscriptLine[] {
    return this.#lines;
  }

  add(from: TranscriptLine["from"], text: string): void {
    for (const line of text.split(/[\r\n]+/)) {
      if (line === "") continue;
      this.#lines.push({ atMs: this.#clock.monotonicMs(), from, text: line });
    }
    if (this.#lines.length > maxLines) this.#lines.splice(0, this.#lines.length - maxLines);
  }
}
