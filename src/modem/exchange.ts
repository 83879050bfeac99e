import type { AtChannel, AtCommand, AtReply } from "../at/channel.js";
import { describeResult } from "../at/result-code.js";
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { maskIdentifiers, quote } from "../base/identifiers.js";
import type { Random } from "../base/random.js";
import type { Exchange, OwnLpa, Query } from "./dialects/dialect.js";

/** What it takes to talk with a modem: its channel, and time and chance for the pauses. */
export interface ModemLine {
  readonly channel: AtChannel;
  readonly clock: Clock;
  readonly random: Random;
  /** The speed that the configuration names for a UART: where a silent modem is looked for first. */
  readonly namedBaud?: number;
}

const busyPause = { firstMs: 500, maxMs: 5_000 };
/** SIM busy lasts 1.5 to 10 s after a switch; a minute is given before it counts as an error. */
const busyPatienceMs = 60_000;

/**
 * Fills `{name}` in; refuses what could end the quoted argument or the line. @throws EsimdError `bad_input`; Error for a name without a
 * value, which the form of a dialect (command-spec.ts) does not let through.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    if (values[name] === undefined) throw new Error(`nothing is given for {${name}} in ${quote(template)}`);
    const value = String(values[name]);
    if (!/^[ !#-~]*$/.test(value)) {
      throw new EsimdError("bad_input", `${name} ${quote(value)} has a character that cannot stand in an AT command`);
    }
    return value;
  });
}

/**
 * Runs one exchange of a dialect: waits while the SIM is busy, tries a repeatable one again after silence or garbage, and turns a
 * refusal into an error.
 * @throws EsimdError `modem_busy`, `modem_refused`, `no_euicc`, and what the channel throws.
 */
export async function runExchange(
  line: ModemLine,
  exchange: Exchange,
  values: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
  describeCode?: OwnLpa["describeResultCode"],
): Promise<AtReply> {
  const text = fillTemplate(exchange.send, values);
  const command = { text, answer: exchange.answer, timeoutMs: exchange.timeoutMs };
  const reply = await askWhileBusy(line, command, exchange.repeatable, signal);
  requireSuccess(text, reply, exchange, describeCode);
  return reply;
}

/**
 * Sends what can do no harm twice: once more after silence or an answer out of all bounds. Resolves whatever the result code.
 * @throws EsimdError what the channel throws, the second time.
 */
export async function ask(line: ModemLine, command: AtCommand, signal: AbortSignal): Promise<AtReply> {
  try {
    return await line.channel.execute(command, signal);
  } catch (error) {
    if (!isEsimdError(error, "modem_silent") && !isEsimdError(error, "modem_protocol")) throw error;
    return line.channel.execute(command, signal);
  }
}

/**
 * Asks what is good to know and nothing rests on. Resolves with the lines of an answer with OK; with none for a refusal, silence, or an
 * answer out of all bounds: firmware leaves some commands unanswered that it has no answer to.
 */
export async function linesOrGap(line: ModemLine, command: AtCommand, signal: AbortSignal): Promise<readonly string[]> {
  const reply = await replyOrGap(line, command, signal);
  return reply?.result.kind === "ok" ? reply.lines : [];
}

/** Whether the answer is OK; silence and garbage are not. */
export async function answersOk(line: ModemLine, command: AtCommand, signal: AbortSignal): Promise<boolean> {
  return (await replyOrGap(line, command, signal))?.result.kind === "ok";
}

/** The answer, whatever its result code; undefined for silence and garbage. */
export async function replyOrGap(
  line: ModemLine,
  command: AtCommand,
  signal: AbortSignal,
): Promise<AtReply | undefined> {
  try {
    return await ask(line, command, signal);
  } catch (error) {
    if (signal.aborted || !(isEsimdError(error, "modem_silent") || isEsimdError(error, "modem_protocol"))) throw error;
    return undefined;
  }
}

/**
 * Sends a command again while the SIM is busy: that says nothing about what the modem can do. Resolves with any other answer.
 * @throws EsimdError `modem_busy` after a minute, and what the channel throws.
 */
export async function askWhileBusy(
  line: ModemLine,
  command: AtCommand,
  repeatable: boolean,
  signal: AbortSignal,
): Promise<AtReply> {
  const startMs = line.clock.monotonicMs();
  for (let attempt = 1; ; attempt++) {
    const mayRepeat = repeatable && attempt === 1;
    const reply = await (mayRepeat ? ask(line, command, signal) : line.channel.execute(command, signal));
    if (!isBusy(reply)) return reply;
    if (line.clock.monotonicMs() - startMs >= busyPatienceMs) {
      throw new EsimdError("modem_busy", `the SIM stayed busy for a minute at ${quote(shown(command.text))}`);
    }
    await sleep(line.clock, backoffMs(busyPause, attempt, line.random), signal);
  }
}

/** Runs a query and parses its answer, which must be there. @throws EsimdError `modem_protocol` besides those of {@link runExchange}. */
export async function runQuery<Value>(
  line: ModemLine,
  query: Query<Value>,
  signal: AbortSignal,
  describeCode?: OwnLpa["describeResultCode"],
  values: Readonly<Record<string, string | number>> = {},
): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    const reply = await runExchange(line, query, values, signal, describeCode);
    try {
      const value = query.parse(reply.lines);
      if (value !== undefined) return value;
      throw new EsimdError(
        "modem_protocol",
        `the answer to ${quote(query.send)} has nothing that was asked for: ${quote(reply.lines.join(" / "))}`,
      );
    } catch (error) {
      if (isEsimdError(error, "no_euicc")) throw error;
      // A line that noise or a URC cut into reads wrong once; twice the same is what the modem says.
      if (attempt === 2) throw asProtocolError(error, query.send);
    }
  }
}

function asProtocolError(error: unknown, command: string): unknown {
  if (!isEsimdError(error) || error.code === "modem_protocol") return error;
  return new EsimdError("modem_protocol", `the answer to ${quote(command)} cannot be read: ${error.message}`, {
    cause: error,
  });
}

/** `+CME ERROR: 14` and its SMS cousin: the SIM is busy, and the command was not carried out. */
export function isBusy(reply: AtReply): boolean {
  const { result } = reply;
  return (result.kind === "cme" && result.number === 14) || (result.kind === "cms" && result.number === 314);
}

function requireSuccess(
  text: string,
  reply: AtReply,
  exchange: Exchange,
  describeCode: OwnLpa["describeResultCode"] | undefined,
): void {
  const { result, lines } = reply;
  if (result.kind !== "ok") throw refusal(text, reply);
  if (exchange.resultCode === undefined) return;
  for (const line of lines) {
    const code = exchange.resultCode.pattern.exec(line)?.[1];
    if (code === undefined || exchange.resultCode.success.test(code)) continue;
    if (exchange.already?.test(code)) continue;
    const meaning = describeCode?.(code) ?? "a code that is not documented";
    throw new EsimdError("modem_refused", `the modem refused ${quote(shown(text))} with ${code} (${meaning})`, {
      cause: new ModemResultCode(code),
    });
  }
}

/** The result code of a refusal, kept as the cause of the error for those who decide by it. */
export class ModemResultCode extends Error {
  override readonly name = "ModemResultCode";
  readonly code: string;

  constructor(code: string) {
    super(`result code ${code}`);
    this.code = code.toLowerCase().replace(/^0x/, "");
  }
}

/** The error for an answer that is not OK. */
export function refusal(text: string, reply: AtReply): EsimdError {
  const said = describeResult(reply.result);
  const sentence = `the modem refused ${quote(shown(text))} with ${said}`;
  if (reply.result.kind === "cme" && (reply.result.number === 10 || reply.result.number === 13)) {
    return new EsimdError("no_euicc", `${sentence}: it sees no SIM in its active slot`);
  }
  if (reply.result.kind === "cme" && reply.result.number === 3 && leadsToCard.test(text)) {
    return new EsimdError("modem_refused", `${sentence}: a setting inside the modem keeps hosts from the card`, {
      hint: "These are device internal settings: ask the modem's vendor (FAE) for firmware or a setting that allows AT+CCHO and AT+CGLA.",
    });
  }
  return new EsimdError("modem_refused", sentence);
}

/** +CME ERROR: 3 to one of these is how modems refuse whose maker has switched card access off (lpac docs/backends/at.md). */
const leadsToCard = /^AT\+(CCHO|CGLA|CSIM)=/i;

function shown(text: string): string {
  return maskIdentifiers(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
