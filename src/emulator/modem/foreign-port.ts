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
/** DIAG_BAD_CMD_F: the answer to what is no command (ModemManager, libqcdm/src/dm-commands.h). */
const badCommand = 0x13;

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
    write(hdlcFrame([badCommand, ...Array.from({ length: 20 }, () => Math.floor(random.next() * 256))]));
  }
}

/** A receiver without a fix (NMEA 0183). */
function sentences(epochMs: number): string {
  const time = new Date(epochMs).toISOString().replace(/[-:]/g, "").slice(9, 15);
  const bodies = [`GPGGA,${time}.00,,,,,0,,,,,,,,`, `GPRMC,${time}.00,V,,,,,,,,,,N`, "GPGSV,1,1,00"];
  return bodies.map((body) => `$${body}*${checksum(body)}\r\n`).join("");
}

/** The frame of DIAG: the CRC-16 of X.25 behind the bytes, 7D before what means something else, 7E at the end (RFC 1662, 4.2 and C.2). */
function hdlcFrame(payload: readonly number[]): Uint8Array {
  let crc = 0xffff;
  for (const byte of payload) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
  }
  const checked = [...payload, ~crc & 0xff, (~crc >> 8) & 0xff];
  const escaped = checked.flatMap((byte) => (byte === 0x7e || byte === 0x7d ? [0x7d, byte ^ 0x20] : [byte]));
  return Uint8Array.from([...escaped, 0x7e]);
}

function checksum(body: string): string {
  let sum = 0;
  for (const byte of Buffer.from(body, "latin1")) sum ^= byte;
  return sum.toString(16).toUpperCase().padStart(2, "0");
}
