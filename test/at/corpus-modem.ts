import type { VirtualClock } from "../../src/base/clock.js";
import type { EsimdError } from "../../src/base/errors.js";
import type { BytePort } from "../../src/serial/port.js";
import { cutIntoReads, type Dice, makeSaying } from "./corpus.js";
import type { CorpusCommand } from "./corpus-commands.js";

/** How the modem deals with the next command. */
export interface Deed {
  readonly text: string;
  /** What it says, whole; nothing for a command that is lost. */
  readonly wire: string | undefined;
  /** How long it thinks first. Everything that is sent meanwhile waits, for a modem works off its input in order. */
  readonly delayMs: number;
  /** Loses what is sent while it thinks. */
  readonly deafMeanwhile?: boolean;
}

interface Item {
  readonly wire: string;
  readonly delayMs: number;
  readonly deafMeanwhile: boolean;
}

/** What any modem knows about itself, whoever asks and whatever else goes on. */
const settings: Readonly<Record<string, string>> = {
  "+CMEE": "1",
  "+CSCS": '"GSM"',
  "+IPR": "115200",
  "+IFC": "0,0",
  "+ICF": "3,3",
  "+CMGF": "0",
  "+CGEREP": "0,0",
};

/** A modem that works off what it is sent in order, and says what the corpus made up for it. */
export class CorpusModem implements BytePort {
  readonly name = "the corpus' modem";
  lineCount = 0;
  /** How long each setting takes to be read: a modem that wakes up is slow. */
  settingMs = 0;
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #work: Item[] = [];
  #working = false;
  #deaf = false;
  #deed: Deed | undefined;
  #data: (bytes: Uint8Array) => void = () => undefined;

  constructor(clock: VirtualClock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
  }

  get idle(): boolean {
    return !this.#working;
  }

  next(deed: Deed): void {
    this.#deed = deed;
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#data = listener;
  }

  onGone(_listener: (error: EsimdError) => void): void {}

  write(bytes: Uint8Array): Promise<void> {
    const text = Buffer.from(bytes).toString("latin1").replace(/\r$/, "");
    if (!this.#deaf) this.#take(text);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #take(text: string): void {
    const deed = this.#deed;
    if (deed?.text === text) {
      this.#deed = undefined;
      if (deed.wire !== undefined || deed.delayMs > 0) {
        this.#add({ wire: deed.wire ?? "", delayMs: deed.delayMs, deafMeanwhile: deed.deafMeanwhile === true });
      }
      return;
    }
    if (text === "\x1b") {
      const wire = this.#dice.pick(["", "\r\nOK\r\n", "\r\n+CMS ERROR: 512\r\n"]);
      this.#add({ wire, delayMs: this.#dice.below(300), deafMeanwhile: false });
      return;
    }
    this.#add({ wire: this.#setting(text), delayMs: this.settingMs, deafMeanwhile: false });
  }

  #setting(text: string): string {
    const name = /^AT(\+[A-Z]+)\?$/.exec(text)?.[1] ?? "";
    const value = settings[name];
    const command: CorpusCommand = { text, answer: { kind: "none" }, timeoutMs: 1_000 };
    const around = makeSaying(command, this.#dice);
    this.lineCount += around.lineCount + 2;
    if (value === undefined) return "\r\nERROR\r\n";
    const echoed = this.#dice.chance(0.5) ? `${text}\r` : "";
    const before = around.urcs.filter((line) => line !== "RDY").map((line) => `\r\n${line}\r\n`);
    return `${echoed}${before.join("")}\r\n${name}: ${value}\r\n\r\nOK\r\n`;
  }

  #add(item: Item): void {
    this.#work.push(item);
    if (this.#working) return;
    this.#working = true;
    this.#begin();
  }

  #begin(): void {
    const item = this.#work[0];
    if (item === undefined) {
      this.#working = false;
      return;
    }
    this.#deaf = item.deafMeanwhile;
    if (item.delayMs > 0) this.#clock.setTimer(item.delayMs, () => this.#say(item));
    else queueMicrotask(() => this.#say(item));
  }

  #say(item: Item): void {
    this.#deaf = false;
    const reads = item.wire === "" ? [] : cutIntoReads(item.wire, this.#dice);
    const done = (): void => {
      this.#work.shift();
      this.#begin();
    };
    // An endless line byte by byte would keep the modem busy for minutes.
    if (reads.length === 1 || reads.length > 500 || this.#dice.chance(0.9)) {
      for (const read of reads) this.#data(read);
      done();
      return;
    }
    const sayFrom = (at: number): void => {
      const read = reads[at];
      if (read === undefined) {
        done();
        return;
      }
      this.#data(read);
      this.#clock.setTimer(this.#dice.below(5), () => sayFrom(at + 1));
    };
    sayFrom(0);
  }
}
