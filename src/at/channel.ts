import type { CancelTimer, Clock } from "../base/clock.js";
import { formatMs, withDeadline } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { BytePort } from "../serial/port.js";
import { openingBaud } from "../serial/uart.js";
import { type AnswerPattern, isAnswer } from "./answer-pattern.js";
import { EchoFilter } from "./echo.js";
import { LineOut } from "./line-out.js";
import { LineReader } from "./line-reader.js";
import { LineWait } from "./line-wait.js";
import type { LineWriting, Pieces } from "./piecewise.js";
import { RecentBytes } from "./recent-bytes.js";
import { type FinalResult, parseFinalResult, parseNumericResult } from "./result-code.js";
import { StepSearch } from "./step.js";
import { continuesUrc } from "./urc.js";

export type { AnswerPattern } from "./answer-pattern.js";

export interface AtCommand {
  /** Without its line end: `AT+CGMI`. */
  readonly text: string;
  readonly answer: AnswerPattern;
  readonly timeoutMs: number;
  /** Takes `0` and `4` for OK and ERROR, as a modem left under ATV0 says them. */
  readonly numericResults?: true;
}

export interface AtReply {
  readonly lines: readonly string[];
  readonly result: FinalResult;
}

export type UrcListener = (line: string) => void;

/** A modem that says nothing for this long, while step is looked for, is asked something else; so often. */
const resyncStepMs = 3_000;
const resyncTries = 6;
/** A modem that talks without end and answers nothing is given this long for each. */
const resyncCeilingMs = 10_000;
const maxReplyLines = 1_000;
const esc = 0x1b;
/** What a port said that nobody asked for, kept to tell what kind of port it is. */
const unclaimedBytes = 2_048;
/** How long the last words may take when the line closes: a modem that does not answer any more must not hold up the end. */
const lastWordsMs = 5_000;
/** Setting the host's speed is a matter of the driver, which answers at once or hangs. */
const setBaudMs = 5_000;

interface InFlight {
  readonly command: AtCommand;
  readonly lines: string[];
  readonly echo: EchoFilter;
  resolve(reply: AtReply): void;
  reject(error: unknown): void;
}

/**
 * The AT channel: one command in flight, a deadline for each, URCs told apart from answers, and step regained after a timeout,
 * so that a late answer is never taken for the next one's (a modem works off its input in order: what it still owes comes before
 * the answer to a query that only that query can cause).
 */
/** A reason at hand: without one, each exchange would make an error with its stack. */
const isOver = "the exchange is over";

export class AtChannel {
  readonly #port: BytePort;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #reader: LineReader;
  readonly #unclaimed = new RecentBytes(unclaimedBytes);
  readonly #urcListeners = new Set<UrcListener>();
  #tail: Promise<unknown> = Promise.resolve();
  #inFlight: InFlight | undefined;
  #outOfStep = false;
  readonly #step = new StepSearch();
  readonly #wait: LineWait;
  readonly #out: LineOut;
  #lastUrc: string | undefined;
  #gone: EsimdError | undefined;
  #onLine: ((line: string) => void) | undefined;
  #baud = openingBaud;
  /** Counts up when the line is being closed: what was queued before is not sent any more. */
  #era = 0;
  #lastWords: ((signal: AbortSignal) => Promise<void>) | undefined;

  constructor(port: BytePort, clock: Clock, log: Log) {
    this.#port = port;
    this.#clock = clock;
    this.#log = log;
    this.#wait = new LineWait(clock);
    this.#out = new LineOut({ port, clock, log, wait: this.#wait });
    this.#reader = new LineReader({
      line: (text) => this.#receive(text),
      overflow: () => this.#overflow(),
    });
    port.onGone((error) => {
      this.#gone = error;
      this.#inFlight?.reject(error);
      this.#wait.fail(error);
    });
    port.onData((bytes) => {
      this.#unclaimed.push(bytes);
      this.#reader.push(bytes);
    });
  }

  get portName(): string {
    return this.#port.name;
  }

  /** Whether the line has a speed that can be changed: a real UART, and nothing else. */
  get isUart(): boolean {
    return this.#port.isUart === true && this.#port.setBaud !== undefined;
  }

  /** The host's speed. */
  get baud(): number {
    return this.#baud;
  }

  /** Whether nothing that the modem owes can be taken for the next answer; if not, {@link execute} first looks for step, and fails on a silent modem. */
  get isInStep(): boolean {
    return !this.#outOfStep;
  }

  /** The last bytes that came since a command was last answered with OK, to tell what kind of port this is. */
  unclaimed(): Uint8Array {
    return this.#unclaimed.bytes();
  }

  /**
   * Sets the host's end to another speed between two commands. What comes next may be noise, so step is regained first.
   * Resolves with false for a speed that the port refuses, and the port has the one of before again.
   */
  changeSpeed(baud: number, signal?: AbortSignal): Promise<boolean> {
    return this.#enqueue(async () => {
      const refusal = await this.#setBaud(baud, signal);
      if (refusal !== undefined) {
        this.#log.warn({ port: this.#port.name, baud, err: refusal }, "the port refuses this speed");
        // Its driver may have set another one before it gave up.
        const stuck = await this.#setBaud(this.#baud, signal);
        if (stuck !== undefined) throw stuck;
      }
      if (refusal === undefined) this.#baud = baud;
      this.#reader.endLine();
      this.#unclaimed.clear();
      // What the modem still owes comes at the old speed, and nobody can read it.
      this.#step.forget();
      this.#outOfStep = true;
      return refusal === undefined;
    }, signal);
  }

  /** Resolves with the port's refusal. */
  async #setBaud(baud: number, signal: AbortSignal | undefined): Promise<EsimdError | undefined> {
    const what = `setting ${this.#port.name} to ${baud} baud`;
    try {
      await withDeadline({ clock: this.#clock, timeoutMs: setBaudMs, signal, what }, async () =>
        this.#port.setBaud?.(baud),
      );
      return undefined;
    } catch (error) {
      if (this.#gone !== undefined) throw this.#gone;
      if (isEsimdError(error, "serial_io")) return error;
      throw error;
    }
  }

  /** Whether anything answers with OK within `timeoutMs`, asked at once, whatever was left open before. Step is regained afterwards. */
  hears(timeoutMs: number, signal?: AbortSignal, text = "AT"): Promise<boolean> {
    return this.#enqueue(async () => {
      let heard = false;
      this.#outOfStep = true;
      this.#onLine = (line) => {
        heard ||= line === "OK";
        this.#wait.wake();
      };
      try {
        const untilMs = this.#clock.monotonicMs() + timeoutMs;
        if (!(await this.#out.sendWithin(text, timeoutMs, signal))) return heard;
        await this.#wait.until(() => heard, untilMs - this.#clock.monotonicMs(), signal);
        return heard;
      } finally {
        this.#onLine = undefined;
      }
    }, signal);
  }

  /** What is to be said to the modem when the line is closed, once, while there is still a modem; bounded, and its failure is logged. */
  beforeClose(lastWords: (signal: AbortSignal) => Promise<void>): void {
    this.#lastWords = lastWords;
  }

  /**
   * Sends a command when all earlier ones are done and resolves with its answer, whatever its result code.
   * @throws EsimdError `modem_silent` past its deadline, `serial_gone`, `modem_protocol` for an answer out of all bounds; the signal's reason.
   */
  execute(command: AtCommand, signal?: AbortSignal): Promise<AtReply> {
    return this.#enqueue(async () => {
      if (this.#outOfStep) await this.#regainStep(signal);
      return this.#exchange(command, signal);
    }, signal);
  }

  /** From now on long lines go out in pieces; undefined: whole. */
  writeInPieces(pieces: Pieces | undefined): void {
    this.#out.pieces = pieces;
  }

  /** Every line that is no answer, as it comes. Returns the way to stop listening. */
  onUrc(listener: UrcListener): () => void {
    this.#urcListeners.add(listener);
    return () => this.#urcListeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.#sayLastWords();
    this.#gone ??= new EsimdError("serial_gone", `${this.#port.name} was closed`);
    this.#inFlight?.reject(this.#gone);
    this.#wait.fail(this.#gone);
    await this.#port.close();
  }

  async #sayLastWords(): Promise<void> {
    const lastWords = this.#lastWords;
    this.#lastWords = undefined;
    if (lastWords === undefined || this.#gone !== undefined) return;
    this.#era++;
    if (this.#inFlight !== undefined) this.#lose(this.#inFlight.command);
    this.#inFlight?.reject(new EsimdError("serial_gone", `${this.#port.name} is being closed`));
    try {
      await withDeadline({ clock: this.#clock, timeoutMs: lastWordsMs, what: "the last command" }, lastWords);
    } catch (error) {
      this.#log.warn(
        { port: this.#port.name, err: error },
        "the modem did not take the last command before the port was closed",
      );
    }
  }

  #enqueue<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const era = this.#era;
    const turn = this.#tail.then(() => {
      if (signal?.aborted) throw signal.reason;
      if (this.#gone !== undefined) throw this.#gone;
      if (era !== this.#era) throw new EsimdError("serial_gone", `${this.#port.name} is being closed`);
      return work();
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  #exchange(command: AtCommand, signal: AbortSignal | undefined): Promise<AtReply> {
    return new Promise<AtReply>((resolve, reject) => {
      const over = new AbortController();
      let writing: LineWriting | undefined;
      const release = (): void => {
        cancelTimer();
        signal?.removeEventListener("abort", onAbort);
        this.#inFlight = undefined;
        // An answer that comes before the line has gone out is not this line's, and cuts it.
        if (writing?.isWhole() === false) this.#lose(command);
        over.abort(isOver);
      };
      const lose = (error: unknown): void => {
        this.#lose(command);
        inFlight.reject(error);
      };
      const onAbort = (): void => lose(signal?.reason);
      const inFlight: InFlight = {
        command,
        lines: [],
        echo: new EchoFilter(command.text),
        resolve: (reply) => {
          release();
          resolve(reply);
        },
        reject: (error) => {
          release();
          reject(error);
        },
      };
      const cancelTimer: CancelTimer = this.#clock.setTimer(command.timeoutMs, () =>
        lose(
          new EsimdError(
            "modem_silent",
            `the modem on ${this.#port.name} did not answer ${quote(command.text)} within ${formatMs(command.timeoutMs)}`,
          ),
        ),
      );
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#inFlight = inFlight;
      writing = this.#out.send(command.text, over.signal);
      writing.done.catch((error: unknown) => {
        if (this.#inFlight === inFlight) lose(error);
      });
    });
  }

  #receive(line: string): void {
    this.#log.trace({ at: "modem", line }, "AT");
    if (this.#onLine !== undefined) {
      this.#onLine(line);
      return;
    }
    const inFlight = this.#inFlight;
    if (inFlight === undefined) {
      this.#emitUrc(line);
      return;
    }
    const { command, lines, echo } = inFlight;
    if (echo.takes(line, lines.length === 0 || command.answer.kind !== "free")) return;
    const result = (command.numericResults ? parseNumericResult(line) : undefined) ?? parseFinalResult(line);
    if (result !== undefined) {
      // A prompt that nobody asked for must be left, or the modem takes the next command for text.
      if (result.kind === "prompt") {
        void this.#port.write(Uint8Array.of(esc)).catch(() => undefined);
        // What the modem says to the escape (OK, +CMS ERROR or nothing) is no answer to the next command.
        this.#lose(command);
      }
      if (result.kind === "ok") this.#unclaimed.clear();
      inFlight.resolve({ lines, result });
      return;
    }
    if (continuesUrc(this.#lastUrc, line) || !isAnswer(line, command.answer)) {
      this.#emitUrc(line);
      return;
    }
    lines.push(line);
    if (lines.length > maxReplyLines) {
      this.#lose(command);
      inFlight.reject(
        new EsimdError("modem_protocol", `the answer to ${quote(command.text)} has more than ${maxReplyLines} lines`),
      );
    }
  }

  #overflow(): void {
    if (this.#inFlight !== undefined) this.#lose(this.#inFlight.command);
    this.#log.warn({ port: this.#port.name }, "the modem sent a line without end; it was dropped");
    this.#inFlight?.reject(
      new EsimdError("modem_protocol", `the modem on ${this.#port.name} sent a line longer than any AT answer`),
    );
  }

  /** The answer to `command` may still come. */
  #lose(command: AtCommand): void {
    this.#outOfStep = true;
    this.#step.lose(command.text);
  }

  #emitUrc(line: string): void {
    this.#lastUrc = line;
    for (const listener of [...this.#urcListeners]) listener(line);
  }

  /** Asks queries until the one that was asked last is answered, dropping what comes before (step.ts says why). */
  async #regainStep(signal: AbortSignal | undefined): Promise<void> {
    const seen = { step: false, answers: 0, lines: 0, sent: 0 };
    this.#onLine = (line) => {
      const what = this.#step.take(line);
      // A flood of URCs is no progress.
      if (what !== "urc") seen.lines++;
      if (what === "step") seen.step = true;
      if (what === "answer") seen.answers++;
      if (what === "urc") this.#emitUrc(line);
      this.#wait.wake();
    };
    try {
      for (let asked = 1; asked <= resyncTries; asked++) {
        seen.answers = 0;
        if (!(await this.#out.sendWithin(this.#step.ask(), resyncStepMs, signal))) continue;
        seen.sent++;
        const ceilingMs = this.#clock.monotonicMs() + resyncCeilingMs;
        let silent = false;
        while (!seen.step && !silent && this.#clock.monotonicMs() < ceilingMs) {
          const before = seen.lines;
          await this.#wait.until(() => seen.lines !== before, resyncStepMs, signal);
          silent = seen.lines === before;
        }
        if (seen.step) {
          this.#step.found();
          this.#outOfStep = false;
          this.#log.info({ port: this.#port.name, asked }, "the AT channel is in step again");
          return;
        }
        // It answered something older and then nothing: what it still owed was lost, and this query may have been taken for an older one.
        if (silent && seen.answers > 0) this.#step.forget();
      }
    } finally {
      this.#onLine = undefined;
    }
    const waited = formatMs(resyncStepMs * resyncTries);
    throw new EsimdError(
      "modem_silent",
      seen.sent === 0
        ? `the modem on ${this.#port.name} takes nothing that is written to it since a command timed out (${waited})`
        : `the modem on ${this.#port.name} answers nothing since a command timed out (${waited})`,
    );
  }
}
