import { createInterface, type Interface } from "node:readline";
import type { AtReply } from "../at/channel.js";
import { describeResult } from "../at/result-code.js";
import { deadlineSignal } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { maskIdentifiers, quote } from "../base/identifiers.js";
import { createRedactor } from "../base/logging.js";
import { connectFound } from "../daemon/connect-found.js";
import { Whereabouts } from "../daemon/whereabouts.js";
import type { ModemLine } from "../modem/exchange.js";
import { readIdentity } from "../modem/identity.js";
import { realHost } from "../serial/host-roots.js";
import { cautionFor } from "./at-cautions.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, configFor, everyFlag, oneShotDefaults, openLog } from "./common-flags.js";
import { failureText, oneLine } from "./failure.js";
import { recordFlag, recordingOf } from "./recording.js";

/** `esimd at`: a raw AT terminal. It shows all that the modem says, and asks before what cannot be undone. */
export const atCommand: Command = {
  name: "at",
  summary: "a raw AT terminal, which can record a redacted transcript",
  positionals: "[COMMAND ...]",
  flags: {
    ...commonFlags(...everyFlag),
    timeout: {
      type: "string",
      value: "SECONDS",
      help: "How long each command may take: 10, and 240 for what goes to the card, when left out.",
    },
    ...recordFlag,
  },
  run: async (context, args) => {
    const { config } = configFor(context, args, { ...oneShotDefaults, "api.provider": "none" });
    const { port: named, wakeWaitMs } = config.modem;
    if (named === undefined) throw new EsimdError("usage", "no port is given", { hint: "Give --port." });
    const terminal = new Terminal(context, args);
    terminal.checkGiven();
    const log = openLog(context, config, createRedactor());
    const { clock, random, host = realHost } = context;
    const whereabouts = new Whereabouts(named, host);
    const recording = await recordingOf(context, args, named, log);
    const wiring = { host, clock, random, log, wakeMs: wakeWaitMs, besideEsimd: true } as const;
    const session = { ...wiring, ...(recording.open && { open: recording.open }) };
    // A person may sit at a terminal for as long as they like.
    const timeoutMs = args.text("deadline") === undefined ? undefined : config.deadlineMs;
    const what = "the AT session";
    const bound =
      timeoutMs === undefined ? undefined : deadlineSignal({ clock, timeoutMs, signal: context.signal, what });
    const signal = bound?.signal ?? context.signal;
    try {
      const line = await connectFound(whereabouts, session, signal);
      try {
        // A transcript should tell which modem it is of.
        if (recording.open !== undefined) await readIdentity(line, signal);
        return await terminal.talk(line, whereabouts.last, signal);
      } finally {
        await line.channel.close();
      }
    } finally {
      bound?.release();
      recording.finish();
    }
  },
};

/** Of a session that a person keeps open for days, the newest. */
const maxUrcs = 1_000;

interface Exchange {
  readonly command: string;
  readonly lines: readonly string[];
  readonly result: { readonly kind: string; readonly text: string };
}

class Terminal {
  readonly #context: CommandContext;
  readonly #given: readonly string[];
  readonly #json: boolean;
  readonly #yes: boolean;
  readonly #timeoutMs: number | undefined;
  readonly #exchanges: Exchange[] = [];
  readonly #urcs: string[] = [];

  constructor(context: CommandContext, args: ParsedArgs) {
    this.#context = context;
    this.#given = args.positionals;
    this.#json = args.has("json");
    this.#yes = args.has("yes");
    this.#timeoutMs = timeoutOf(args);
  }

  /** Before the port is opened: a list of commands is sent whole or not at all. @throws EsimdError `usage`, `not_confirmed`. */
  checkGiven(): void {
    for (const command of this.#given) {
      requireSendable(command);
      const does = cautionFor(command);
      if (does !== undefined && !this.#yes && !this.#isPerson) throw unconfirmed(command, does);
    }
  }

  /** Sends what was given, or what stdin brings, until it ends. Resolves to the exit status. */
  async talk(line: ModemLine, port: string, signal: AbortSignal): Promise<number> {
    const stopListening = line.channel.onUrc((text) => {
      if (this.#urcs.push(text) > maxUrcs) this.#urcs.shift();
      this.#context.stderr(`URC: ${oneLine(text)}\n`);
    });
    const typed = new TypedLines(this.#context.stdin, signal);
    try {
      if (this.#given.length > 0) for (const command of this.#given) await this.#send(line, command, typed, signal);
      else await this.#converse(line, typed, signal);
    } finally {
      typed.close();
      stopListening();
      if (this.#json) this.#showJson(port);
    }
    const refused = this.#exchanges.some(({ result }) => result.kind !== "ok");
    return refused ? new EsimdError("modem_refused", "a command was refused").exitStatus : 0;
  }

  get #isPerson(): boolean {
    const { stdin } = this.#context;
    return "isTTY" in stdin && stdin.isTTY === true;
  }

  async #converse(line: ModemLine, typed: TypedLines, signal: AbortSignal): Promise<void> {
    if (this.#isPerson) this.#context.stderr(`${line.channel.portName}: type AT commands, Ctrl-D ends.\n`);
    for (let text = await typed.next(); text !== undefined; text = await typed.next()) {
      const command = text.trim();
      if (command === "") continue;
      try {
        await this.#send(line, command, typed, signal);
      } catch (error) {
        // A person sees what went wrong and types on; a script must not go on behind it.
        const mayGoOn = isEsimdError(error) && error.code !== "serial_gone" && !signal.aborted;
        if (!this.#isPerson || !mayGoOn) throw error;
        this.#context.stderr(failureText(error));
      }
    }
  }

  async #send(line: ModemLine, command: string, typed: TypedLines, signal: AbortSignal): Promise<void> {
    requireSendable(command);
    const does = cautionFor(command);
    if (does !== undefined && !this.#yes && !(await this.#confirmed(command, does, typed))) {
      throw unconfirmed(command, does);
    }
    const timeoutMs = this.#timeoutMs ?? usualTimeoutMs(command);
    // All that comes before the result is shown as the answer, whatever it looks like.
    const answer = { kind: "free", own: /./ } as const;
    const reply = await line.channel.execute({ text: command, answer, timeoutMs }, signal);
    this.#show(command, reply);
  }

  async #confirmed(command: string, does: string, typed: TypedLines): Promise<boolean> {
    if (!this.#isPerson) return false;
    // What was typed stands in the line above; stderr may also be kept in a file.
    this.#context.stderr(`${maskIdentifiers(oneLine(command))}: this ${does}. Send it? [y/N] `);
    return /^y(es)?$/i.test((await typed.next())?.trim() ?? "");
  }

  #show(command: string, { lines, result }: AtReply): void {
    const text = describeResult(result);
    this.#exchanges.push({ command, lines, result: { kind: result.kind, text } });
    if (!this.#json) this.#context.stdout([...lines, text].map((shown) => `${printable(shown)}\n`).join(""));
  }

  #showJson(port: string): void {
    const answer = { schema: "esimd.at/1", port, commands: this.#exchanges, urcs: this.#urcs };
    this.#context.stdout(`${JSON.stringify(answer)}\n`);
  }
}

/** The lines of stdin, one by one; nothing is read before the first is asked for, since the input may be meant for others. */
class TypedLines {
  readonly #input: NodeJS.ReadableStream;
  readonly #signal: AbortSignal;
  #reader: Interface | undefined;
  #lines: AsyncIterator<string> | undefined;

  constructor(input: NodeJS.ReadableStream, signal: AbortSignal) {
    this.#input = input;
    this.#signal = signal;
  }

  /** Undefined at the end of the input; rejects when the session is stopped. */
  async next(): Promise<string | undefined> {
    this.#reader ??= createInterface({ input: this.#input, terminal: false });
    this.#lines ??= this.#reader[Symbol.asyncIterator]();
    const line = this.#lines.next();
    const signal = this.#signal;
    let onAbort = (): void => undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      const { done, value } = await Promise.race([line, stopped]);
      return done === true ? undefined : value;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  close(): void {
    this.#reader?.close();
  }
}

/** A modem takes a line of printable ASCII; anything else would be cut or taken for an end (V.250, 5.1). */
function requireSendable(command: string): void {
  if (/^[\x20-\x7e]+$/.test(command) && command.trim() !== "") return;
  throw new EsimdError("usage", `at: ${quote(command)} is no AT command: it must be a line of printable ASCII`);
}

function unconfirmed(command: string, does: string): EsimdError {
  return new EsimdError("not_confirmed", `at: ${quote(command)} was not sent: it ${does}`, {
    hint: "Give --yes if that is what you want.",
  });
}

/** The answer of the card takes as long as the card does; 240 s while a package is being installed (field notes on FM350, lpac #442). */
function usualTimeoutMs(command: string): number {
  if (/\+(CGLA|CSIM|QESIM)\s*=/i.test(command)) return 240_000;
  // A search for networks takes up to 180 s (Quectel RG520N manual).
  return /\+COPS\s*=/i.test(command) ? 180_000 : 10_000;
}

function timeoutOf(args: ParsedArgs): number | undefined {
  const text = args.text("timeout");
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text) && seconds > 0) return seconds * 1000;
  throw new EsimdError("usage", `at: --timeout ${quote(text)} is no number of seconds, such as 30`);
}

/** Nothing that moves a terminal's cursor. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
