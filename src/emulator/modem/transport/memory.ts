/** A UART in memory: bytes pass between the modem and a host's port of this process, and both ends have a speed. */

import { EsimdError } from "../../../base/errors.js";
import type { BytePort, OpenPort } from "../../../serial/port.js";
import { openingBaud } from "../../../serial/uart.js";
import { backlogBytes, type ModemTransport, type TransportEvents } from "./transport.js";

export interface MemoryWire {
  /** The host's end; one host at a time, the next gets `port_busy`, and `port_missing` while the modem is unplugged. */
  readonly openPort: OpenPort;
  /** The modem's end. */
  readonly attach: (events: TransportEvents) => ModemTransport;
}

export function openMemoryWire(name = "memory"): MemoryWire {
  const wire = new Wire(name);
  return { openPort: async () => wire.open(), attach: (events) => wire.attach(events) };
}

class Wire {
  readonly #name: string;
  #events: TransportEvents | undefined;
  #host: HostPort | undefined;
  #isPlugged = false;

  constructor(name: string) {
    this.#name = name;
  }

  open(): BytePort {
    const events = this.#events;
    if (!this.#isPlugged || events === undefined) {
      throw new EsimdError("port_missing", `there is no modem at the wire ${this.#name}`);
    }
    if (this.#host !== undefined) throw new EsimdError("port_busy", `the wire ${this.#name} has a host already`);
    const host = new HostPort(this.#name, {
      send: (bytes) => {
        // What is on its way when either end changes its speed arrives spoilt, as on a line.
        queueMicrotask(() => events.onBytes(bytes));
      },
      left: () => {
        this.#host = undefined;
      },
    });
    this.#host = host;
    events.onHostChange();
    return host;
  }

  attach(events: TransportEvents): ModemTransport {
    this.#events = events;
    this.#isPlugged = true;
    const unplug = async (): Promise<void> => {
      this.#isPlugged = false;
      this.#host?.hangUp();
      this.#host = undefined;
    };
    return {
      address: `memory:${this.#name}`,
      hostRate: () => this.#host?.baud,
      write: (bytes) => this.#host?.take(bytes.slice()),
      unplug,
      replug: async () => {
        this.#isPlugged = true;
      },
      close: unplug,
    };
  }
}

interface HostEvents {
  readonly send: (bytes: Uint8Array) => void;
  readonly left: () => void;
}

class HostPort implements BytePort {
  readonly name: string;
  readonly isUart = true;
  baud = openingBaud;
  readonly #events: HostEvents;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #onData: ((bytes: Uint8Array) => void) | undefined;
  #onGone: ((error: EsimdError) => void) | undefined;
  #isOpen = true;

  constructor(name: string, events: HostEvents) {
    this.name = name;
    this.#events = events;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#isOpen) throw this.#gone();
    this.#events.send(bytes.slice());
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#onData = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const bytes of waiting) listener(bytes);
  }

  onGone(listener: (error: EsimdError) => void): void {
    this.#onGone = listener;
  }

  async setBaud(baud: number): Promise<void> {
    if (!this.#isOpen) throw this.#gone();
    this.baud = baud;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#events.left();
  }

  /** From the modem. */
  take(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    if (this.#onData !== undefined) {
      this.#onData(bytes);
    } else if (this.#waitingBytes + bytes.length <= backlogBytes) {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
    }
  }

  hangUp(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onGone?.(this.#gone());
  }

  #gone(): EsimdError {
    return new EsimdError("serial_gone", `the wire ${this.name} has lost its modem`);
  }
}
