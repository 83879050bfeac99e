import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { sleep, systemClock } from "../../../src/base/clock.js";
import { openRawTty } from "./raw-tty.js";

const final = /^(OK|ERROR|\+CME ERROR: .*)$/;

/** A host of a few lines, so that the fake modem is not judged by esimd's own AT channel: writes commands, waits for lines. */
export class AtClient {
  readonly lines: string[] = [];
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  #rest = "";
  #wake: () => void = () => undefined;

  private constructor(stream: Duplex) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => stream.once("close", () => resolve()));
    stream.on("error", () => undefined);
    stream.on("data", (data: Buffer) => {
      const parts = (this.#rest + data.toString("latin1")).split(/\r\n|\r|\n/);
      this.#rest = parts.pop() ?? "";
      this.lines.push(...parts.filter((line) => line !== ""));
      this.#wake();
    });
  }

  /** `address` as the fake modem gives it. */
  static async open(address: string): Promise<AtClient> {
    const tcp = /^tcp:\/\/([\d.]+):(\d+)$/.exec(address);
    if (address.startsWith("/")) return new AtClient(openRawTty(address));
    const stream =
      tcp === null ? connect(address.slice("unix:".length)) : connect(Number(tcp[2]), tcp[1] ?? "127.0.0.1");
    await new Promise<void>((resolve, reject) => {
      stream.once("connect", () => resolve());
      stream.once("error", reject);
    });
    return new AtClient(stream);
  }

  /** The first line from `from` on that matches, once it is there. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a line and gives what came up to its final result, without the echo: `a|b|OK`. */
  async ask(command: string): Promise<string> {
    const from = this.lines.length;
    this.#stream.write(`${command}\r`);
    await this.line(final, from);
    const answer = this.lines.slice(from, this.lines.findIndex((line, at) => at >= from && final.test(line)) + 1);
    return answer.filter((line) => line !== command.trim()).join("|");
  }

  /** Knocks until the modem answers: one that boots does not listen. */
  async wake(): Promise<void> {
    const answered = this.line(/^OK$/, this.lines.length).then(() => true);
    do this.#stream.write("AT\r");
    while (!(await Promise.race([answered, sleep(systemClock, 100).then(() => false)])));
    // Every knock after boot is answered; the last answers must not be taken for another command's.
    await sleep(systemClock, 50);
  }

  write(text: string): void {
    this.#stream.write(text);
  }

  async close(): Promise<void> {
    this.#stream.destroy();
    await this.closed;
  }
}
