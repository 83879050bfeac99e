import { AtChannel, type AtCommand, type AtReply } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { ensureApn, parsePacketContext } from "../../src/modem/apn.js";
import { parseRate, parseRates, settleSpeed } from "../../src/modem/baud.js";
import { bringUp } from "../../src/modem/bring-up.js";
import { dialects } from "../../src/modem/dialects/index.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { identityIn, readIdentity } from "../../src/modem/identity.js";
import { cycleFunctionality, resetModem } from "../../src/modem/power.js";
import { parseOperator, parseRegistration, readRegistration } from "../../src/modem/registration.js";
import { iccidOfCrsm, pinStateOf, readIccidInUse, readPinState } from "../../src/modem/sim-status.js";
import { parseCesq, parseClock, parseCsq, readModemClock, readSignal } from "../../src/modem/surroundings.js";
import { isdrAid, openCardChannel, parseApduAnswer, parseCchoAnswer } from "../../src/modem/uicc-access.js";
import { MemoryPort } from "../support/memory-port.js";
import { type KnownAnswerMaker, knownAnswers } from "./corpus-known.js";

/** A command that esimd sends, with what reads its answer. */
export interface CorpusCommand extends AtCommand {
  /** What the modem room makes of the lines; two answers that it reads alike are the same to it. */
  readonly read?: (lines: readonly string[]) => Reading;
  /** Answers whose meaning is known beforehand. */
  readonly known?: readonly KnownAnswerMaker[];
}

/** The value, and the result codes in the lines. */
export interface Reading {
  readonly value: unknown;
  readonly codes: readonly string[];
}

/** Every command that the code can send: those of each dialect, found by their shape, and those that work with every modem. */
export async function corpusCommands(): Promise<readonly CorpusCommand[]> {
  const byText = new Map<string, CorpusCommand>();
  const add = (origin: string, command: CorpusCommand): void => {
    const known = command.read === undefined ? [] : knownAnswers(origin, command.text);
    // Families give one text different answers and readers.
    byText.set(`${origin} ${command.text} ${JSON.stringify(command.answer)}`, { ...command, known });
  };
  for (const dialect of dialects) for (const command of exchangesIn(dialect)) add(dialect.name, command);
  for (const command of await commonCommands()) {
    const read = commonReader(command.text);
    add("common", { ...command, ...(read && { read: (lines) => ({ value: attempt(() => read(lines)), codes: [] }) }) });
  }
  return [...byText.values()];
}

type Reader = (lines: readonly string[]) => unknown;

/** What the modem room reads the answers to its own commands with. */
const commonReaders: readonly (readonly [RegExp, Reader])[] = [
  [/^AT\+CPIN\?/, (lines) => pinStateOf(lines, { kind: "ok" })],
  [/^AT\+CRSM=/, iccidOfCrsm],
  [/^AT\+CGDCONT\?/, parsePacketContext],
  [/^AT\+CSQ$/, parseCsq],
  [/^AT\+CESQ$/, parseCesq],
  [/^AT\+CCLK\?/, parseClock],
  [/^AT\+COPS\?/, parseOperator],
  [/^AT\+IPR\?/, parseRate],
  [/^AT\+IPR=\?/, parseRates],
  [/^AT\+CCHO=/, parseCchoAnswer],
];

function commonReader(text: string): Reader | undefined {
  const registration = /^AT(\+C5?[EG]?REG)\?$/.exec(text)?.[1];
  if (registration !== undefined) return ([line = ""]) => parseRegistration(line, registration);
  const apdu = /^AT(\+CGLA|\+CSIM)=/.exec(text)?.[1];
  if (apdu !== undefined) {
    return (lines) => {
      const bytes = parseApduAnswer(lines, apdu);
      return bytes && Buffer.from(bytes).toString("hex").toUpperCase();
    };
  }
  const identity = /^AT(\+CG(?:MI|MM|MR|SN))$/.exec(text)?.[1];
  if (identity !== undefined) return (lines) => identityIn(lines, identity);
  return commonReaders.find(([command]) => command.test(text))?.[1];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Anything with `send`, `timeoutMs` and the form of its answer is an exchange, wherever a dialect keeps it. */
function exchangesIn(value: unknown): CorpusCommand[] {
  if (!isRecord(value) || value instanceof RegExp) return [];
  const inside = Object.values(value).flatMap(exchangesIn);
  const { send, timeoutMs } = value;
  if (typeof send !== "string" || typeof timeoutMs !== "number") return inside;
  const answer = answerOf(value);
  if (answer === undefined) return inside;
  const read = readerOf(value);
  return [{ text: send, timeoutMs, answer, ...(read && { read }) }, ...inside];
}

function answerOf(exchange: Readonly<Record<string, unknown>>): AtCommand["answer"] | undefined {
  const { answer, prefix } = exchange;
  if (typeof prefix === "string") return { kind: "prefix", prefix };
  if (!isRecord(answer)) return undefined;
  if (answer["kind"] === "none") return { kind: "none" };
  const own = answer["own"];
  if (answer["kind"] === "free") return { kind: "free", ...(own instanceof RegExp && { own }) };
  const name = answer["prefix"];
  return typeof name === "string" ? { kind: "prefix", prefix: name } : undefined;
}

/** The value and the result code, or the error: whatever decides what esimd does next. */
function readerOf(exchange: Readonly<Record<string, unknown>>): CorpusCommand["read"] {
  const { parse, matches, resultCode } = exchange;
  const code = isRecord(resultCode) && resultCode["pattern"] instanceof RegExp ? resultCode["pattern"] : undefined;
  const reader = typeof parse === "function" ? parse : matches;
  if (typeof reader !== "function" && code === undefined) return undefined;
  return (lines) => ({
    value: typeof reader === "function" ? attempt(() => reader(lines)) : undefined,
    codes: code === undefined ? [] : lines.flatMap((line) => code.exec(line)?.[1] ?? []),
  });
}

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

class ListeningChannel extends AtChannel {
  readonly heard: AtCommand[] = [];

  override execute(command: AtCommand, signal?: AbortSignal): Promise<AtReply> {
    this.heard.push(command);
    return super.execute(command, signal);
  }
}

/** What is really sent beside the dialects: to bring the modem up, to read it, to change it, and on both ways to a card; overheard. */
async function commonCommands(): Promise<readonly CorpusCommand[]> {
  const never = new AbortController().signal;
  const port = Object.assign(new MemoryPort(), { isUart: true, setBaud: () => Promise.resolve() });
  const clock = new VirtualClock();
  const channel = new ListeningChannel(port, clock, silentLog);
  const line: ModemLine = { channel, clock, random: seededRandom(1) };
  let knowsCcho = true;
  port.answer((text) => port.sayLines(...helpfulAnswer(text, knowsCcho)));
  const all = async (): Promise<void> => {
    await bringUp(line, 1_000, never);
    await settleSpeed(line, "auto", silentLog, never);
    await readIdentity(line, never);
    await readRegistration(line, never);
    await readPinState(line, never);
    await readIccidInUse(line, undefined, never);
    // The helpful modem keeps no context, which is refused once all is sent.
    await ensureApn(line, "super", () => Promise.resolve(), never).catch(() => undefined);
    await readSignal(line, never);
    await readModemClock(line, never);
    await cycleFunctionality(line, never);
    await resetModem(line, never);
    for (knowsCcho of [true, false]) {
      const card = await openCardChannel(line, isdrAid, never);
      if (card === undefined) throw new Error("the helpful modem opened no channel to its card");
      await card.transmit(Buffer.from("80E2910006BF3E035C015A", "hex"), 10_000, never);
      await card.close(never);
    }
  };
  await clock.runUntil(all());
  return channel.heard;
}

function helpfulAnswer(text: string, knowsCcho: boolean): readonly string[] {
  if (text.startsWith("AT+CCHO")) return knowsCcho ? ["+CCHO: 1", "OK"] : ["ERROR"];
  if (text.startsWith("AT+CGLA")) return ['+CGLA: 4,"9000"', "OK"];
  if (text.startsWith("AT+CSIM")) {
    return text.includes("0070000001") ? ['+CSIM: 6,"019000"', "OK"] : ['+CSIM: 4,"9000"', "OK"];
  }
  if (text === "AT+C5GREG?") return ["+C5GREG: 0,1", "OK"];
  if (text === "AT+IPR=?") return ["+IPR: (115200),(115200,921600)", "OK"];
  if (/^AT\+[A-Z]+\?$/.test(text) && /IPR|CMEE|CSCS|IFC|CMGF|CGEREP/.test(text))
    return [`${text.slice(2, -1)}: 115200`, "OK"];
  return ["OK"];
}
