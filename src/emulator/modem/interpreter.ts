/**
 * Lines in, answers out: one command line at a time, those that arrive meanwhile wait, and a behaviour may stand between a line and its
 * answer.
 */

import { type Clock, sleep } from "../../base/clock.js";
import type { Random } from "../../base/random.js";
import { type Answer, answerText, cme, cmeError, plainError, urcText } from "./answers.js";
import type { BehaviourAction, BehaviourList, ModemCondition } from "./behaviours.js";
import { parseCommandLine } from "./command-line.js";
import { type CommandTable, runCommand } from "./command-set.js";
import type { HostOutput, SplitStyle } from "./host-output.js";
import { type HostLine, maxLineLength } from "./line-reader.js";
import { LineTime, sleepUntil } from "./line-time.js";
import type { PortSettings } from "./settings.js";
import { cmeWordsOf, echoOf, withLineEnds } from "./spelling.js";
import type { Transcript } from "./transcript.js";
import type { World } from "./world-options.js";

export interface InterpreterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: PortSettings;
  readonly commands: CommandTable;
  readonly behaviours: BehaviourList;
  readonly output: HostOutput;
  readonly transcript: Transcript;
  readonly world: () => Pick<World, "cmeWords" | "lineEnds" | "partialEcho" | "port" | "urcs">;
  readonly conditions: () => ReadonlySet<ModemCondition>;
  /** Before every answer, on top of what behaviours add. */
  readonly delayMs: number;
  /** The host's own bytes take their time too. */
  readonly baud: number | undefined;
  readonly unplug: (how: Unplugging) => void;
  readonly restart: (what: "card" | "modem") => void;
}

export interface Unplugging {
  readonly replugAfterMs: number | undefined;
  /** Only the line is cut. */
  readonly keepsPower: boolean;
}

export interface InterpreterCounts {
  readonly commandLines: number;
  /** Answers other than OK. */
  readonly refusals: number;
  readonly urcs: number;
  /** Lines lost because the host did not wait for answers. */
  readonly dropped: number;
}

/** A line and its time on the wire. */
interface Arrived {
  readonly line: HostLine;
  readonly beganMs: number;
  readonly arrivedMs: number;
}

interface AnswerStyle {
  readonly split?: SplitStyle;
  /** By so much the machine's timer was late. */
  readonly lateMs?: number;
}

/** A host that sends without waiting fills a modem's buffer at some point; what comes then is lost. */
const maxQueuedLines = 64;

/** With the prefixes of answers, which is what makes a storm hard. */
const stormLines = ["+CEREG: 5", "+QIND: SMS DONE", '+QESIM: "status",1', "+CPIN: READY", "RING", "+CREG: 5"];

export class Interpreter {
  readonly #options: InterpreterOptions;
  readonly #queue: Arrived[] = [];
  #fromHost: LineTime;
  /** When the last of the bytes from the host is across. */
  #heardMs = Number.NEGATIVE_INFINITY;
  /** When the modem is done with the last line. */
  #idleMs = Number.NEGATIVE_INFINITY;
  #power = new AbortController();
  #running = false;
  readonly #counts = { commandLines: 0, refusals: 0, urcs: 0, dropped: 0 };

  constructor(options: InterpreterOptions) {
    this.#options = options;
    this.#fromHost = new LineTime(options.baud);
  }

  get counts(): InterpreterCounts {
    return { ...this.#counts };
  }

  /** Bytes from the host set out on the line; the lines in them are accepted when they were read. */
  hear(bytes: number): void {
    this.#heardMs = this.#fromHost.pass(bytes, this.#options.clock.monotonicMs());
  }

  accept(line: HostLine): void {
    if (this.#queue.length >= maxQueuedLines) {
      this.#counts.dropped++;
      return;
    }
    const arrivedMs = this.#heardMs;
    const beganMs = arrivedMs - this.#fromHost.takesMs(line.kind === "line" ? line.text.length + 1 : maxLineLength);
    this.#queue.push({ line, beganMs, arrivedMs });
    if (!this.#running) void this.#drain();
  }

  /** An unsolicited line; lost on a host that does not listen where the modem says it. */
  emit(urc: string): void {
    const { lineEnds, port, urcs } = this.#options.world();
    if (urcs === "elsewhere" || port !== "at") return;
    this.#counts.urcs++;
    void this.#say(withLineEnds(urcText(urc), lineEnds));
  }

  /** Power is gone: what waits and what runs is forgotten. */
  powerOff(): void {
    this.#queue.length = 0;
    this.#power.abort();
    this.#power = new AbortController();
    this.#running = false;
    this.#fromHost = new LineTime(this.#options.baud);
    this.#heardMs = Number.NEGATIVE_INFINITY;
    this.#idleMs = Number.NEGATIVE_INFINITY;
    this.#options.output.cut();
  }

  async #drain(): Promise<void> {
    const { signal } = this.#power;
    this.#running = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#run(next, signal);
      // After a power cut another drain owns the queue.
      if (signal.aborted) return;
    }
    this.#running = false;
  }

  async #run({ line, beganMs, arrivedMs }: Arrived, signal: AbortSignal): Promise<void> {
    const { clock, settings, behaviours, conditions, delayMs, transcript, world } = this.#options;
    this.#counts.commandLines++;
    const text = line.kind === "line" ? line.text : `(a line of more than ${maxLineLength} characters)`;
    transcript.add("host", text);
    if (!(await until(clock, arrivedMs, signal))) return;
    // A modem echoes each byte as it comes.
    if (line.kind === "line" && settings.echo)
      void this.#say(echoOf(line.text, world().partialEcho), undefined, beganMs);
    const chosen = line.kind === "line" ? behaviours.choose(line.text.trim(), conditions()) : undefined;
    const dueMs = Math.max(arrivedMs, this.#idleMs) + delayMs + (chosen?.delayMs ?? 0);
    if (!(await until(clock, dueMs, signal))) return;
    // What the machine's timer is late by is not the modem's: the answer sets out so much earlier.
    const lateMs = clock.monotonicMs() - dueMs;
    if (chosen === undefined) await this.#answer(line, { lateMs }, signal);
    else await this.#misbehave(line, chosen.action, signal);
    this.#idleMs = clock.monotonicMs() - lateMs;
  }

  async #misbehave(line: HostLine, action: BehaviourAction, signal: AbortSignal): Promise<void> {
    switch (action.kind) {
      case "answer":
        return this.#answer(line, {}, signal);
      case "silence":
        if (action.executed) (await this.#execute(line))?.after?.();
        return;
      case "late": {
        const answer = await this.#execute(line);
        if (answer === undefined) return;
        void pause(this.#options.clock, action.ms, signal).then((inTime) => {
          if (inTime) this.#finish(answer, {});
        });
        return;
      }
      case "busy":
        return this.#finish(cmeError(cme.simBusy), {});
      case "error":
        if (action.executed) (await this.#execute(line))?.after?.();
        return this.#finish(action.number === undefined ? plainError : cmeError(action.number), {});
      case "garbage":
        if (action.where === "before") void this.#say(this.#noise(action.bytes));
        await this.#answer(line, {}, signal);
        if (action.where === "after") void this.#say(this.#noise(action.bytes));
        return;
      case "split":
        return this.#answer(line, { split: action }, signal);
      case "urc-storm": {
        const lines = action.lines ?? stormLines;
        for (let i = 0; i < action.count; i++) this.emit(lines[i % lines.length] ?? "RING");
        return this.#answer(line, {}, signal);
      }
      case "unplug":
        return this.#unplug(line, action, signal);
      case "restart": {
        if (action.executed) (await this.#execute(line))?.after?.();
        this.#options.restart(action.what);
        if (action.what === "card") this.#finish(cmeError(cme.simFailure), {});
        return;
      }
      case "raw":
        void this.#say(action.text);
        return;
    }
  }

  async #unplug(line: HostLine, action: BehaviourAction & { kind: "unplug" }, signal: AbortSignal): Promise<void> {
    if (action.when !== "before") {
      const answer = await this.#execute(line);
      if (signal.aborted) return;
      if (action.when === "mid-answer" && answer !== undefined) {
        const text = this.#spell(answer);
        await this.#say(text.slice(0, Math.ceil(text.length / 2)));
      }
      // Only the line is gone: what was begun goes on, and ends some day.
      if (action.keepsPower) answer?.after?.();
    }
    this.#options.unplug({ replugAfterMs: action.replugAfterMs, keepsPower: action.keepsPower });
  }

  async #answer(line: HostLine, style: AnswerStyle, signal: AbortSignal): Promise<void> {
    const answer = await this.#execute(line);
    if (answer !== undefined && !signal.aborted) this.#finish(answer, style);
  }

  /** Undefined for a line that no modem answers. */
  async #execute(line: HostLine): Promise<Answer | undefined> {
    if (line.kind === "too-long") return plainError;
    const parsed = parseCommandLine(line.text);
    if (parsed.kind === "noise") return undefined;
    if (parsed.kind === "malformed") return plainError;
    const lines: string[] = [];
    const after: (() => void)[] = [];
    let final: Answer["final"] = { kind: "ok" };
    for (const command of parsed.commands) {
      const answer = await runCommand(this.#options.commands, command);
      lines.push(...answer.lines);
      if (answer.after !== undefined) after.push(answer.after);
      final = answer.final;
      // The rest of the line is skipped after an error, and there is one final result (V.250 5.6).
      if (final.kind !== "ok") break;
    }
    return {
      lines,
      final,
      after: () => {
        for (const step of after) step();
      },
    };
  }

  #finish(answer: Answer, { split, lateMs = 0 }: AnswerStyle): void {
    if (answer.final.kind !== "ok" && answer.final.kind !== "none") this.#counts.refusals++;
    void this.#say(this.#spell(answer), split, this.#options.clock.monotonicMs() - lateMs);
    answer.after?.();
  }

  #spell(answer: Answer): string {
    const { settings, world } = this.#options;
    const { verbose, cmee } = settings;
    const { lineEnds } = world();
    return withLineEnds(
      answerText(answer, { verbose, cmee, cmeWords: cmeWordsOf(world(), settings.cmeWords) }),
      lineEnds,
    );
  }

  #noise(bytes: number): Uint8Array {
    const { random } = this.#options;
    return Uint8Array.from({ length: bytes }, () => Math.floor(random.next() * 256));
  }

  #say(text: string | Uint8Array, split?: SplitStyle, fromMs?: number): Promise<void> {
    if (this.#options.settings.muted) return Promise.resolve();
    this.#options.transcript.add("modem", typeof text === "string" ? text : `(${text.length} bytes of noise)`);
    return this.#options.output.send(text, split, fromMs);
  }
}

/** True when the time passed, false when the power went. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms <= 0) return !signal.aborted;
  try {
    await sleep(clock, ms, signal);
    return true;
  } catch {
    return false;
  }
}

/** {@link pause}, to a moment. */
async function until(clock: Clock, atMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleepUntil(clock, atMs, signal);
    return !signal.aborted;
  } catch {
    return false;
  }
}
