import type { EsimdError } from "../../src/base/errors.js";
import type { BytePort } from "../../src/serial/port.js";

/** A command as it was written, and all that came until the next one. */
export interface Turn {
  /** Latin-1, so that a character is a byte. */
  sent: string;
  received: string;
}

/** A byte port that passes everything on and keeps it: what is counted here is what crosses the serial line, whatever either side says. */
export class WireTap implements BytePort {
  readonly turns: Turn[] = [];
  readonly #port: BytePort;

  constructor(port: BytePort) {
    this.#port = port;
  }

  get name(): string {
    return this.#port.name;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.turns.push({ sent: Buffer.from(bytes).toString("latin1"), received: "" });
    return this.#port.write(bytes);
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#port.onData((bytes) => {
      const turn = this.turns.at(-1);
      if (turn !== undefined) turn.received += Buffer.from(bytes).toString("latin1");
      listener(bytes);
    });
  }

  onGone(listener: (error: EsimdError) => void): void {
    this.#port.onGone(listener);
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}
