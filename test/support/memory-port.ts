import type { EsimdError } from "../../src/base/errors.js";
import type { BytePort } from "../../src/serial/port.js";

/** A port whose other end is the test. */
export class MemoryPort implements BytePort {
  readonly name = "memory";
  /** Commands that were written, without their line end. */
  readonly sent: string[] = [];
  closed = false;
  /** False: a modem that hangs, whose port takes no more bytes, so that a write never settles. */
  takes = true;
  #data: (bytes: Uint8Array) => void = () => undefined;
  #gone: (error: EsimdError) => void = () => undefined;
  #onCommand: (text: string) => void = () => undefined;

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#data = listener;
  }

  onGone(listener: (error: EsimdError) => void): void {
    this.#gone = listener;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (!this.takes) return new Promise(() => undefined);
    const text = Buffer.from(bytes).toString("latin1").replace(/\r$/, "");
    this.sent.push(text);
    this.#onCommand(text);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** Called with each command, to answer it at once. */
  answer(listener: (text: string) => void): void {
    this.#onCommand = listener;
  }

  /** The modem says these bytes. */
  say(text: string): void {
    this.#data(Buffer.from(text, "latin1"));
  }

  /** Lines as a modem frames them. */
  sayLines(...lines: readonly string[]): void {
    for (const line of lines) this.say(`\r\n${line}\r\n`);
  }

  unplug(error: EsimdError): void {
    this.#gone(error);
  }
}

/** Lets the streams and promises in between come to rest. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
