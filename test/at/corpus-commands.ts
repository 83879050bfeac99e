import { AtChannel, type AtCommand, type AtReply } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { bringUp } from "../../src/modem/bring-up.js";
import { dialects } from "../../src/modem/dialects/index.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { readIdentity } from "../../src/modem/identity.js";
import { readRegistration } from "../../src/modem/registration.js";
import { isdrAid, openCardChannel } from "../../src/modem/uicc-access.js";
import { MemoryPort } from "../support/memory-port.js";

/** A command that esimd sends, with what reads its answer. */
export interface CorpusCommand extends AtCommand {
  /** What the modem room makes of the lines; two answers that it reads alike are the same to it. */
  readonly read?: (lines: readonly string[]) => unknown;
}

/** Every command that the code can send: those of all dialects, found by their shape, and those that work with every modem. */
export async function corpusCommands(): Promise<readonly CorpusCommand[]> {
  const byText = new Map<string, CorpusCommand>();
  for (const command of [...exchangesIn(dialects), ...(await commonCommands())]) {
    byText.set(`${command.text} ${JSON.stringify(command.answer)}`, command);
  }
  return [...byText.values()];
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
  return [{ text: send, timeoutMs, answer, read: readerOf(value) }, ...inside];
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
function readerOf(exchange: Readonly<Record<string, unknown>>): NonNullable<CorpusCommand["read"]> {
  const { parse, matches, resultCode } = exchange;
  const code = isRecord(resultCode) && resultCode["pattern"] instanceof RegExp ? resultCode["pattern"] : undefined;
  const reader = typeof parse === "function" ? parse : matches;
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

/** What bring-up, identity, registration and both ways to a card really send, overheard. */
async function commonCommands(): Promise<readonly CorpusCommand[]> {
  const never = new AbortController().signal;
  const port = new MemoryPort();
  const clock = new VirtualClock();
  const channel = new ListeningChannel(port, clock, silentLog);
  const line: ModemLine = { channel, clock, random: seededRandom(1) };
  let knowsCcho = true;
  port.answer((text) => port.sayLines(...helpfulAnswer(text, knowsCcho)));
  const all = async (): Promise<void> => {
    await bringUp(line, 1_000, never);
    await readIdentity(line, never);
    await readRegistration(line, never);
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
  return ["OK"];
}
