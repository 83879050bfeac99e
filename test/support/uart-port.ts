import { EsimdError } from "../../src/base/errors.js";
import type { BytePort } from "../../src/serial/port.js";

export interface UartModemOptions {
  /** What the modem is set to; 0 for automatic detection. */
  readonly set?: number;
  /** The rate it speaks, where that is another one: a run before this one left it there. */
  readonly rate?: number;
  /** Its answer to `AT+IPR=?`, without the prefix; without it, it does not know the question. */
  readonly offer?: string;
  /** Rates it takes and does not hold: every answer is spoilt. */
  readonly bad?: readonly number[];
  /** Rates it says OK to and stays where it was. */
  readonly ignored?: readonly number[];
  /** Rates at which it is not to be heard at all, nor hears. */
  readonly deaf?: readonly number[];
  /** Rates that the host's own end does not take. */
  readonly refused?: readonly number[];
  /** Says OK at the new rate already. */
  readonly early?: boolean;
}

/** A real UART with a modem behind it: what crosses it is noise unless both ends have the same speed. */
export class UartPort implements BytePort {
  readonly name = "/dev/ttyS1";
  readonly isUart = true;
  hostBaud = 115_200;
  rate: number;
  set: number;
  /** Commands that the modem understood. */
  readonly heard: string[] = [];
  readonly speeds: number[] = [];
  closed = false;
  readonly #options: UartModemOptions;
  #data: (bytes: Uint8Array) => void = () => undefined;

  constructor(options: UartModemOptions) {
    this.#options = options;
    this.set = options.set ?? 115_200;
    this.rate = options.rate ?? (this.set === 0 ? 115_200 : this.set);
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#data = listener;
  }

  onGone(_listener: (error: EsimdError) => void): void {}

  setBaud(baud: number): Promise<void> {
    if (this.#options.refused?.includes(baud)) {
      // As a driver that takes the nearest rate that it has.
      this.hostBaud = 9_600;
      return Promise.reject(new EsimdError("serial_io", `${this.name} does not take ${baud} baud`));
    }
    this.hostBaud = baud;
    this.speeds.push(baud);
    return Promise.resolve();
  }

  write(bytes: Uint8Array): Promise<void> {
    const text = Buffer.from(bytes).toString("latin1").replace(/\r$/, "");
    if (this.hostBaud === this.rate && !this.#options.deaf?.includes(this.rate)) this.#hear(text);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #hear(text: string): void {
    this.heard.push(text);
    const { offer, ignored = [], early = false } = this.#options;
    const wanted = /^AT\+IPR=(\d+)$/.exec(text)?.[1];
    if (text === "AT+IPR=?") this.#say(...(offer === undefined ? ["ERROR"] : [`+IPR: ${offer}`, "OK"]));
    else if (text === "AT+IPR?") this.#say(`+IPR: ${this.set}`, "OK");
    else if (/^AT\+[A-Z]+\?$/.test(text)) this.#say(`${text.slice(2, -1)}: 1`, "OK");
    else if (wanted !== undefined) {
      if (!early) this.#say("OK");
      if (ignored.includes(Number(wanted))) return;
      this.set = Number(wanted);
      if (this.set !== 0) this.rate = this.set;
      if (early) this.#say("OK");
    } else this.#say("OK");
  }

  #say(...lines: readonly string[]): void {
    const bytes = Buffer.from(lines.map((line) => `\r\n${line}\r\n`).join(""), "latin1");
    const spoilt = this.hostBaud !== this.rate || (this.#options.bad ?? []).includes(this.rate);
    this.#data(spoilt ? bytes.map((byte) => (byte * 167 + 13) | 0x80) : bytes);
  }
}
