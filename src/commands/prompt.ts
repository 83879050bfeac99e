import { FileTooLarge, readBounded } from "../base/bounded-read.js";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { CommandContext } from "./command.js";

/** Words from a person: questions on a terminal, and lines that a pipe or a file holds. */

/** What a raw terminal hands over for Ctrl-C. */
const interrupt = "\x03";

/** Longer than any activation code or answer. */
const maxBytes = 4_096;

/** Somebody is there to be asked: both ends of the talk are a terminal. */
export function canAsk(context: CommandContext): boolean {
  return context.stderrIsTerminal && isTty(context.stdin);
}

function isTty(stream: NodeJS.ReadableStream): stream is NodeJS.ReadableStream & { readonly isTTY: true } {
  return "isTTY" in stream && stream.isTTY === true;
}

/** Anything but a yes is a no. */
export async function askYesNo(context: CommandContext, question: string, signal: AbortSignal): Promise<boolean> {
  return /^\s*(y|yes)\s*$/i.test(await ask(context, `${question} [y/N] `, signal));
}

/** One line, without its end. @throws EsimdError `cancelled` where the terminal ends the talk. */
export async function ask(context: CommandContext, question: string, signal: AbortSignal): Promise<string> {
  context.stderr(question);
  const line = await readLine(context.stdin, signal);
  if (line !== undefined) return line;
  throw new EsimdError("cancelled", "the terminal was closed at a question");
}

/** One line that is not shown while it is typed, where the terminal can do that. @throws EsimdError `cancelled`. */
export async function askSecretly(context: CommandContext, question: string, signal: AbortSignal): Promise<string> {
  const { stdin } = context;
  const setRawMode = "setRawMode" in stdin && typeof stdin.setRawMode === "function" ? stdin.setRawMode : undefined;
  if (setRawMode === undefined) return ask(context, question, signal);
  setRawMode.call(stdin, true);
  try {
    const typed = await ask(context, question, signal);
    // A raw terminal hands over the keys, and not what they would do: 7f and 08 take a character back.
    if (typed.includes(interrupt)) throw new EsimdError("cancelled", "the question was answered with Ctrl-C");
    return withoutErased(typed);
  } finally {
    setRawMode.call(stdin, false);
    context.stderr("\n");
  }
}

/** Pure. */
export function withoutErased(typed: string): string {
  const kept: string[] = [];
  for (const character of typed) {
    if (character === "\x7f" || character === "\b") kept.pop();
    else kept.push(character);
  }
  return kept.join("");
}

/**
 * Up to the end of the line or of the stream; undefined for a stream that ended with nothing said. What comes behind the line is put back.
 * @throws EsimdError `bad_input` for a line that does not end.
 */
export function readLine(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let text = "";
    const settle = (finish: () => void): void => {
      stream.pause();
      stream.removeListener("data", onData);
      stream.removeListener("end", onEnd);
      stream.removeListener("error", onError);
      signal.removeEventListener("abort", onAbort);
      finish();
    };
    const onData = (chunk: Buffer | string): void => {
      text += chunk.toString();
      const end = [...text].findIndex((character) => `\r\n${interrupt}`.includes(character));
      if (end === -1 && text.length > maxBytes) {
        settle(() => reject(new EsimdError("bad_input", `a line of more than ${maxBytes} characters was given`)));
        return;
      }
      if (end === -1) return;
      const isBreak = text[end] === interrupt;
      const line = text.slice(0, isBreak ? end + 1 : end);
      const rest = text.slice(end + 1).replace(/^\n/, "");
      settle(() => {
        if (rest !== "") stream.unshift(Buffer.from(rest));
        resolve(line);
      });
    };
    const onEnd = (): void => settle(() => resolve(text === "" ? undefined : text));
    const onError = (cause: Error): void =>
      settle(() => reject(new EsimdError("bad_input", `stdin cannot be read: ${describeCause(cause)}`, { cause })));
    const onAbort = (): void => settle(() => reject(signal.reason));
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    signal.addEventListener("abort", onAbort, { once: true });
    stream.on("data", onData);
    stream.on("end", onEnd);
    stream.on("error", onError);
    stream.resume();
  });
}

/** The one line that a small file holds. @throws EsimdError `bad_input`; the message never repeats what was read. */
export async function readLineOfFile(path: string, place: string): Promise<string> {
  try {
    return (await readBounded(path, maxBytes)).toString("utf8").trim();
  } catch (cause) {
    if (cause instanceof FileTooLarge)
      throw new EsimdError("bad_input", `${place}: ${quote(path)} is no file of at most ${maxBytes} bytes`);
    throw new EsimdError("bad_input", `${place}: ${quote(path)} cannot be read: ${describeCause(cause)}`, { cause });
  }
}
