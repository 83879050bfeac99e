/** What a modem answers, and its text on the wire (V.250 5.7.1, TS 27.007 9.1). Pure. */

export type FinalResult =
  | { readonly kind: "ok" }
  | { readonly kind: "error" }
  /** No final result at all: some firmware leaves a command unanswered. */
  | { readonly kind: "none" }
  /** Said as the host chose with CMEE: `ERROR`, a number or words. */
  | { readonly kind: "cme"; readonly number: number };

export interface Answer {
  /** Information lines, without CR and LF. */
  readonly lines: readonly string[];
  readonly final: FinalResult;
  /** Runs once the final result is on its way: what a modem does after it has answered, such as its URCs. */
  readonly after?: () => void;
}

/** The numbers of TS 27.007 9.2.1 that the fake modem uses. */
export const cme = {
  phoneFailure: 0,
  notAllowed: 3,
  notSupported: 4,
  simNotInserted: 10,
  simPin: 11,
  simPuk: 12,
  simFailure: 13,
  simBusy: 14,
  incorrectPassword: 16,
  memoryFull: 20,
  notFound: 22,
  noNetwork: 30,
  incorrectParameters: 50,
  unspecifiedPacketError: 148,
} as const;

const cmeWords: ReadonlyMap<number, string> = new Map([
  [0, "Phone failure"],
  [3, "Operation not allowed"],
  [4, "Operation not supported"],
  [10, "SIM not inserted"],
  [11, "SIM PIN required"],
  [12, "SIM PUK required"],
  [13, "SIM failure"],
  [14, "SIM busy"],
  [15, "SIM wrong"],
  [16, "Incorrect password"],
  [20, "Memory full"],
  [21, "Invalid index"],
  [22, "Not found"],
  [23, "Memory failure"],
  [24, "Text string too long"],
  [25, "Invalid characters in text string"],
  [30, "No network service"],
  [31, "Network timeout"],
  [50, "Incorrect parameters"],
  [51, "Command implemented but currently disabled"],
  [52, "Command aborted by user"],
  [100, "Unknown"],
]);

export function ok(...lines: readonly string[]): Answer {
  return { lines, final: { kind: "ok" } };
}

export const plainError: Answer = { lines: [], final: { kind: "error" } };

/** For a form that the firmware neither answers nor refuses. */
export const silence: Answer = { lines: [], final: { kind: "none" } };

export function cmeError(number: number): Answer {
  return { lines: [], final: { kind: "cme", number } };
}

export const incorrectParameters: Answer = cmeError(cme.incorrectParameters);

/** How the host wants to be answered: `V` of V.250 and `+CMEE` of TS 27.007. */
export interface AnswerStyle {
  readonly verbose: boolean;
  readonly cmee: 0 | 1 | 2;
  /** Words of the maker's own for some numbers. */
  readonly cmeWords?: Readonly<Record<number, string>>;
}

export function finalText(final: FinalResult, style: AnswerStyle): string {
  if (final.kind === "none") return "";
  if (final.kind === "cme" && style.cmee !== 0) {
    const words = style.cmee === 2 ? (style.cmeWords?.[final.number] ?? cmeWords.get(final.number)) : undefined;
    return `\r\n+CME ERROR: ${words ?? final.number}\r\n`;
  }
  if (final.kind === "ok") return style.verbose ? "\r\nOK\r\n" : "0\r";
  return style.verbose ? "\r\nERROR\r\n" : "4\r";
}

/** The information text as one block; several lines follow each other without blank lines between. */
export function informationText(lines: readonly string[], style: AnswerStyle): string {
  if (lines.length === 0) return "";
  const head = style.verbose ? "\r\n" : "";
  return `${head}${lines.join("\r\n")}\r\n`;
}

export function answerText(answer: Answer, style: AnswerStyle): string {
  return informationText(answer.lines, style) + finalText(answer.final, style);
}

export function urcText(line: string): string {
  return `\r\n${line}\r\n`;
}
