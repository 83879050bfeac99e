import type { Clock } from "../../../src/base/clock.js";
import type { Turn } from "../wire-tap.js";

/** A command and all that came until the next one, with the moments of its first byte and of the last one that came back. */
export interface TimedTurn extends Turn {
  readonly sentAtMs: number;
  lastByteAtMs: number;
}

/**
 * What crosses the modem's wire, seen from the modem, whatever program is at the other end. On a paced line a byte of the modem's is
 * written when it is across, and a line of the host's is seen when it sets out: so the moments are those of the line's two ends.
 */
export class WireWatch {
  readonly turns: TimedTurn[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For `onWire` of the fake modem. */
  readonly see = (from: "host" | "modem", bytes: Uint8Array): void => {
    const nowMs = this.#clock.monotonicMs();
    const text = Buffer.from(bytes).toString("latin1");
    const last = this.turns.at(-1);
    if (from === "modem") {
      if (last === undefined) return;
      last.received += text;
      last.lastByteAtMs = nowMs;
    } else if (last !== undefined && !/[\r\n]/.test(last.sent)) {
      // A host may write a line in pieces, and a tty may hand one over in two.
      last.sent += text;
    } else {
      this.turns.push({ sent: text, received: "", sentAtMs: nowMs, lastByteAtMs: nowMs });
    }
  };
}
