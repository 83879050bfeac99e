/** The grammar of AT command lines (V.250 5.2 to 5.4, TS 27.007 4). Pure: text in, commands or a refusal out. */

export type Parameter =
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "number"; readonly value: number; readonly text: string }
  /** Letters and digits without quotes; most commands want quotes. */
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "empty" };

export interface AtCommand {
  /** Upper case: `+CGLA`, `E`, `&F`; empty for a bare `AT`. */
  readonly name: string;
  /** `AT+X`, `AT+X?`, `AT+X=?`, `AT+X=…`; a basic command is `execute`, its number its one parameter. */
  readonly form: "execute" | "read" | "test" | "set";
  readonly parameters: readonly Parameter[];
}

export type CommandLine =
  | { readonly kind: "commands"; readonly commands: readonly AtCommand[] }
  /** No `AT` in it: noise, which a modem does not answer. */
  | { readonly kind: "noise" }
  /** It begins as a command and is none: ERROR. */
  | { readonly kind: "malformed" };

const malformed: CommandLine = { kind: "malformed" };

/** Parses what stood before the CR. What precedes the first `AT` is dropped, as a modem that listens for it does (V.250 5.2.1). */
export function parseCommandLine(line: string): CommandLine {
  const text = line.replace(/[^\x20-\x7e]/g, "");
  const start = text.search(/AT/i);
  if (start === -1) return { kind: "noise" };
  let rest = text.slice(start + 2).trim();
  const commands: AtCommand[] = [];
  while (rest !== "") {
    const next = /^[+#^!%*]/.test(rest) ? takeExtended(rest) : takeBasic(rest);
    if (next === undefined) return malformed;
    commands.push(next.command);
    rest = next.rest;
  }
  return { kind: "commands", commands: commands.length === 0 ? [bareAt] : commands };
}

const bareAt: AtCommand = { name: "", form: "execute", parameters: [] };

interface Taken {
  readonly command: AtCommand;
  readonly rest: string;
}

/** `E0`, `&F`, `Z`: a letter, with or without `&`, and a number; the next may follow at once (V.250 5.3.1). */
function takeBasic(text: string): Taken | undefined {
  const match = /^(&?[A-Za-z])(\d{0,5})\s*;?\s*/.exec(text);
  if (match?.[1] === undefined) return undefined;
  const digits = match[2] ?? "";
  const parameters: Parameter[] = digits === "" ? [] : [{ kind: "number", value: Number(digits), text: digits }];
  return { command: { name: match[1].toUpperCase(), form: "execute", parameters }, rest: text.slice(match[0].length) };
}

/** `+NAME`, with `?`, `=?` or `=parameters`; a semicolon outside quotes ends it (V.250 5.4.1). */
function takeExtended(text: string): Taken | undefined {
  const end = endOfCommand(text);
  if (end === undefined) return undefined;
  const body = text.slice(0, end);
  const rest = text.slice(end + 1).trim();
  const match = /^([+#^!%*][A-Za-z][A-Za-z0-9_]{0,15})\s*(\?|=\s*\?|=)?/.exec(body);
  if (match?.[1] === undefined) return undefined;
  const name = match[1].toUpperCase();
  const tail = body.slice(match[0].length);
  const operator = match[2]?.replace(/\s/g, "");
  if (operator === "=") {
    const parameters = parseParameters(tail);
    return parameters === undefined ? undefined : { command: { name, form: "set", parameters }, rest };
  }
  if (tail.trim() !== "") return undefined;
  const form = operator === undefined ? "execute" : operator === "?" ? "read" : "test";
  return { command: { name, form, parameters: [] }, rest };
}

/** The place of the semicolon or the end; undefined when a quote is left open. */
function endOfCommand(text: string): number | undefined {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (text[i] === ";" && !quoted) return i;
  }
  return quoted ? undefined : text.length;
}

const parameter = /\s*(?:"([^"]*)"|(-?\d+)(?=\s*(?:,|$))|([A-Za-z0-9.:_-]+))?\s*(,|$)/y;

/** Splits at commas; undefined where something is neither a quoted string nor a number nor a plain word. */
export function parseParameters(text: string): readonly Parameter[] | undefined {
  const parameters: Parameter[] = [];
  let at = 0;
  for (;;) {
    parameter.lastIndex = at;
    const match = parameter.exec(text);
    if (match === null) return undefined;
    const [whole, quoted, digits, word, separator] = match;
    if (quoted !== undefined) parameters.push({ kind: "string", text: quoted });
    else if (digits !== undefined) {
      const value = Number(digits);
      parameters.push(
        Number.isSafeInteger(value) ? { kind: "number", value, text: digits } : { kind: "word", text: digits },
      );
    } else if (word !== undefined) parameters.push({ kind: "word", text: word });
    else parameters.push({ kind: "empty" });
    at += whole.length;
    if (separator === "") return parameters;
  }
}
