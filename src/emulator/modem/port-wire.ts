/** Between the modem and its wire: what a port loses, keeps back or spoils on the way. */

import type { CancelTimer, Clock } from "../../base/clock.js";
import { type LineRate, spoilt } from "./line-rate.js";
import { backlogBytes } from "./transport/transport.js";
import type { World } from "./world-options.js";

export interface PortWireParts {
  readonly clock: Clock;
  readonly world: () => Pick<World, "silentAfterOpenMs" | "inputBurstBytes">;
  readonly lineRate: LineRate;
  /** The host's speed, where the wire has one. */
  readonly hostRate: () => number | undefined;
  /** To the host. */
  readonly write: (bytes: Uint8Array) => void;
}

/** Bytes that follow each other within this time are one burst; a host that writes in pieces pauses for longer. */
const burstPauseMs = 2;
const lineEnds: ReadonlySet<number | undefined> = new Set([0x0d, 0x0a]);

export class PortWire {
  readonly #parts: PortWireParts;
  #silence: CancelTimer | undefined;
  /** What the modem said while it was silent. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #burstBytes = 0;
  #lastByteMs = Number.NEGATIVE_INFINITY;

  constructor(parts: PortWireParts) {
    this.#parts = parts;
  }

  /** The modem got its power, or a host opened the port: nothing goes through for a while, and what the modem says meanwhile waits. */
  opened(): void {
    const { clock, world } = this.#parts;
    const { silentAfterOpenMs } = world();
    this.#silence?.();
    this.#silence = silentAfterOpenMs === 0 ? undefined : clock.setTimer(silentAfterOpenMs, () => this.#speak());
  }

  powerOff(): void {
    this.#silence?.();
    this.#silence = undefined;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#burstBytes = 0;
  }

  /** What reaches the modem of the host's bytes. */
  take(bytes: Uint8Array): Uint8Array {
    if (this.#silence !== undefined) return new Uint8Array();
    const { lineRate, hostRate } = this.#parts;
    const whole = this.#withinBurst(bytes);
    return lineRate.isClean(hostRate()) ? whole : spoilt(whole);
  }

  /** From the modem to the host. */
  write(bytes: Uint8Array): void {
    if (this.#silence === undefined) {
      this.#send(bytes);
    } else if (this.#keptBytes + bytes.length <= backlogBytes) {
      this.#kept.push(bytes.slice());
      this.#keptBytes += bytes.length;
    }
  }

  #speak(): void {
    this.#silence = undefined;
    const kept = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    for (const bytes of kept) this.#send(bytes);
  }

  #send(bytes: Uint8Array): void {
    const { lineRate, hostRate, write } = this.#parts;
    write(lineRate.isClean(hostRate()) ? bytes : spoilt(bytes));
  }

  #withinBurst(bytes: Uint8Array): Uint8Array {
    const { clock, world } = this.#parts;
    const { inputBurstBytes } = world();
    if (inputBurstBytes === undefined) return bytes;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastByteMs >= burstPauseMs) this.#burstBytes = 0;
    this.#lastByteMs = nowMs;
    const room = Math.max(0, inputBurstBytes - this.#burstBytes);
    // The next line is written once this one was answered, however soon that is.
    this.#burstBytes = lineEnds.has(bytes.at(-1)) ? 0 : this.#burstBytes + bytes.length;
    return bytes.subarray(0, room);
  }
}
