/** A port of the modem that is not for AT: GNSS sentences once a second, or Qualcomm's DIAG, binary and only when spoken to. */

import type { CancelTimer, Clock } from "../../base/clock.js";
import type { Random } from "../../base/random.js";
import type { World } from "./world-options.js";

export interface ForeignPortParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly world: () => Pick<World, "port">;
  readonly write: (bytes: Uint8Array) => void;
}

const sentenceMs = 1000;
/** Frames of DIAG end so (HDLC). */
const frameEnd = 0x7e;

export class ForeignPort {
  readonly #parts: ForeignPortParts;
  #next: CancelTimer | undefined;

  constructor(parts: ForeignPortParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#parts.world().port !== "nmea" || this.#next !== undefined) return;
    const say = (): void => {
      this.#parts.write(Buffer.from(sentences(this.#parts.clock.nowMs()), "latin1"));
      this.#next = this.#parts.clock.setTimer(sentenceMs, say);
    };
    this.#next = this.#parts.clock.setTimer(sentenceMs, say);
  }

  stop(): void {
    this.#next?.();
    this.#next = undefined;
  }

  /** A GNSS port hears nothing. */
  receive(): void {
    const { random, world, write } = this.#parts;
    if (world().port !== "diag") return;
    const frame = Uint8Array.from({ length: 24 }, () => Math.floor(random.next() * 256));
    frame[frame.length - 1] = frameEnd;
    write(frame);
  }
}

/** A receiver without a fix (NMEA 0183). */
function sentences(epochMs: number): string {
  const time = new Date(epochMs).toISOString().replace(/[-:]/g, "").slice(9, 15);
  const bodies = [`GPGGA,${time}.00,,,,,0,,,,,,,,`, `GPRMC,${time}.00,V,,,,,,,,,,N`, "GPGSV,1,1,00"];
  return bodies.map((body) => `$${body}*${checksum(body)}\r\n`).join("");
}

function checksum(body: string): string {
  let sum = 0;
  for (const byte of Buffer.from(body, "latin1")) sum ^= byte;
  return sum.toString(16).toUpperCase().padStart(2, "0");
}
