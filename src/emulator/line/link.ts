import { connect, type Socket } from "node:net";
import type { Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { ListenAddress } from "../modem/transport/socket.js";
import {
  type Answer,
  isEvent,
  type LineEvent,
  maxLineBytes,
  parseAnswer,
  parseEvent,
  parseSlotStatus,
  type SlotStatus,
} from "./protocol.js";

/** One connection to a station: questions are answered in their order, events come in between. */

export interface LinkOptions {
  readonly address: ListenAddress;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: LineEvent) => void;
}

export interface StationLink {
  /** @throws EsimdError `serial_gone` when the connection ends before the answer, `deadline`, `bad_input` for an answer that is none. */
  ask(command: string): Promise<Answer>;
  /** Every slot as it stands. @throws as {@link ask}. */
  status(): Promise<readonly SlotStatus[]>;
  /** Resolves when the connection is over, with why. */
  readonly ended: Promise<EsimdError>;
  close(): void;
}

const answerMs = 15_000;
const greeting = /^ESIMD-STATION 1(?: |$)/;

interface Question {
  readonly wantsSlots: boolean;
  readonly resolve: (lines: readonly string[]) => void;
  readonly reject: (error: EsimdError) => void;
}

/** Resolves once the station has greeted. @throws EsimdError `serial_gone` when nobody listens, `deadline`, `bad_input`. */
export async function openLink(options: LinkOptions): Promise<StationLink> {
  const { clock, signal } = options;
  const link = new Connection(options);
  try {
    await withDeadline({ clock, timeoutMs: answerMs, signal, what: "the station's greeting" }, () => link.greeted);
    return link;
  } catch (error) {
    link.close();
    throw error;
  }
}

class Connection implements StationLink {
  readonly ended: Promise<EsimdError>;
  readonly greeted: Promise<void>;
  readonly #options: LinkOptions;
  readonly #socket: Socket;
  readonly #questions: Question[] = [];
  #unread = "";
  #answer: { readonly lines: string[]; readonly wanted: number } | undefined;
  #isGreeted = false;
  #end: (error: EsimdError) => void = () => undefined;
  #greet: () => void = () => undefined;
  #over: EsimdError | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { address } = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.greeted = new Promise((resolve, reject) => {
      this.#greet = resolve;
      void this.ended.then(reject);
    });
    // Whoever waits for the greeting hears of it; nobody else has to.
    this.greeted.catch(() => undefined);
    const socket = address.kind === "unix" ? connect(address.path) : connect(address.port, address.host);
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text) => this.#receive(String(text)));
    socket.on("error", (cause) => this.#finish(gone(describeCause(cause))));
    socket.on("close", () => this.#finish(gone("the connection is closed")));
  }

  async ask(command: string): Promise<Answer> {
    const [line = ""] = await this.#send(command, false);
    const answer = parseAnswer(line);
    if (answer === undefined) throw foreign(line);
    return answer;
  }

  async status(): Promise<readonly SlotStatus[]> {
    const [, ...lines] = await this.#send("STATUS", true);
    return lines.map((line) => {
      const slot = parseSlotStatus(line);
      if (slot === undefined) throw foreign(line);
      return slot;
    });
  }

  close(): void {
    this.#finish(gone("it was closed"));
  }

  #send(command: string, wantsSlots: boolean): Promise<readonly string[]> {
    const { clock, signal } = this.#options;
    return withDeadline({ clock, timeoutMs: answerMs, signal, what: `the station's answer to ${command}` }, () => {
      if (this.#over !== undefined) return Promise.reject(this.#over);
      return new Promise<readonly string[]>((resolve, reject) => {
        this.#questions.push({ wantsSlots, resolve, reject });
        this.#socket.write(`${command}\n`);
      });
    }).catch((error: unknown) => {
      // An answer that comes later would be taken for that of the next question.
      this.close();
      throw error;
    });
  }

  #receive(text: string): void {
    const lines = (this.#unread + text).split("\n");
    this.#unread = lines.pop() ?? "";
    for (const line of lines) this.#take(line.replace(/\r$/, ""));
    if (Buffer.byteLength(this.#unread) > maxLineBytes) this.#finish(foreign(this.#unread));
  }

  #take(line: string): void {
    if (this.#over !== undefined) return;
    if (!this.#isGreeted) {
      this.#isGreeted = greeting.test(line);
      if (this.#isGreeted) this.#greet();
      else this.#finish(foreign(line));
      return;
    }
    if (isEvent(line)) {
      const event = parseEvent(line);
      if (event === undefined) this.#finish(foreign(line));
      else this.#options.onEvent(event);
      return;
    }
    this.#answer ??= { lines: [], wanted: this.#wanted(line) };
    this.#answer.lines.push(line);
    if (this.#answer.lines.length < this.#answer.wanted) return;
    const { lines } = this.#answer;
    this.#answer = undefined;
    const question = this.#questions.shift();
    if (question === undefined) this.#finish(foreign(line));
    else question.resolve(lines);
  }

  /** How many lines an answer has, by its first: `OK count` to STATUS has so many more. */
  #wanted(first: string): number {
    const count = /^OK (\d{1,2})$/.exec(first)?.[1];
    return this.#questions[0]?.wantsSlots === true && count !== undefined ? 1 + Number(count) : 1;
  }

  #finish(error: EsimdError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    this.#socket.destroy();
    for (const { reject } of this.#questions.splice(0)) reject(error);
    this.#end(error);
  }
}

function gone(why: string): EsimdError {
  return new EsimdError("serial_gone", `the station's socket: ${why}`);
}

function foreign(line: string): EsimdError {
  return new EsimdError("bad_input", `the station said ${quote(line)}, which its line protocol does not have`);
}
