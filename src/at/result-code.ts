/** Final result codes: what ends the answer to an AT command (V.250 5.7.1, 3GPP TS 27.007 9.2, TS 27.005 3.2.5). Pure. */

export type FinalResult =
  | { readonly kind: "ok" }
  /** `ERROR`, and the words that some vendors use in its place. */
  | { readonly kind: "error"; readonly text: string }
  /** `+CME ERROR`; the number is known for numeric answers and for the words of TS 27.007. */
  | { readonly kind: "cme"; readonly number: number | undefined; readonly text: string }
  | { readonly kind: "cms"; readonly number: number | undefined; readonly text: string }
  /** `> `: the modem waits for text. */
  | { readonly kind: "prompt" };

/** What lines end an answer besides OK; a call's result codes end it too, although esimd never dials. */
const plainErrors: ReadonlySet<string> = new Set([
  "ERROR",
  "NO CARRIER",
  "BUSY",
  "NO ANSWER",
  "NO DIALTONE",
  "NO DIAL TONE",
  "ABORTED",
  "COMMAND NOT SUPPORT",
  "COMMAND NOT SUPPORTED",
  "TOO MANY PARAMETERS",
]);

/** Numbers and words of TS 27.007 9.2.1, as firmware spells them with CMEE=2; compared without case, brackets and articles. */
const cmeWords: readonly (readonly [number, string])[] = [
  [0, "phone failure"],
  [1, "no connection to phone"],
  [3, "operation not allowed"],
  [4, "operation not supported"],
  [5, "ph-sim pin required"],
  [10, "sim not inserted"],
  [11, "sim pin required"],
  [12, "sim puk required"],
  [13, "sim failure"],
  [14, "sim busy"],
  [15, "sim wrong"],
  [16, "incorrect password"],
  [17, "sim pin2 required"],
  [18, "sim puk2 required"],
  [20, "memory full"],
  [21, "invalid index"],
  [22, "not found"],
  [23, "memory failure"],
  [24, "text string too long"],
  [25, "invalid characters in text string"],
  [30, "no network service"],
  [31, "network timeout"],
  [32, "network not allowed - emergency calls only"],
  [50, "incorrect parameters"],
  [51, "command implemented but currently disabled"],
  [52, "command aborted by user"],
  [100, "unknown"],
];

const cmsWords: readonly (readonly [number, string])[] = [
  [310, "sim not inserted"],
  [311, "sim pin required"],
  [313, "sim failure"],
  [314, "sim busy"],
  [315, "sim wrong"],
  [500, "unknown error"],
  [512, "user abort"],
];

/** The result that `line` (trimmed) stands for, or undefined when it is none. */
export function parseFinalResult(line: string): FinalResult | undefined {
  if (line === "OK") return { kind: "ok" };
  const extended = /^\+CM([ES]) ERROR\s*:\s*(.*)$/i.exec(line);
  if (extended !== null) {
    const text = (extended[2] ?? "").trim();
    const isCme = extended[1]?.toUpperCase() === "E";
    const number = /^\d{1,4}$/.test(text) ? Number(text) : numberOf(text, isCme ? cmeWords : cmsWords);
    return { kind: isCme ? "cme" : "cms", number, text };
  }
  const upper = line.toUpperCase();
  if (plainErrors.has(upper) || /^MODEM ERROR\s*:\s*\d+$/.test(upper)) return { kind: "error", text: line };
  if (/^CONNECT( .*)?$/.test(upper)) return { kind: "error", text: line };
  if (line === ">") return { kind: "prompt" };
  return undefined;
}

/** The numeric results of ATV0, understood only while a session is being set up: later a bare number is an answer (`1` to CCHO). */
export function parseNumericResult(line: string): FinalResult | undefined {
  if (line === "0") return { kind: "ok" };
  return line === "4" ? { kind: "error", text: line } : undefined;
}

function numberOf(text: string, words: readonly (readonly [number, string])[]): number | undefined {
  const plain = text
    .toLowerCase()
    .replace(/\(u\)sim|usim/g, "sim")
    .replace(/[().]/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return words.find(([, word]) => word === plain)?.[0];
}

/** The result as it stands in a sentence. */
export function describeResult(result: FinalResult): string {
  switch (result.kind) {
    case "ok":
      return "OK";
    case "error":
      return result.text;
    case "prompt":
      return "the prompt for text";
    case "cme":
    case "cms": {
      const words = (result.kind === "cme" ? cmeWords : cmsWords).find(([number]) => number === result.number)?.[1];
      const name = result.kind === "cme" ? "+CME ERROR" : "+CMS ERROR";
      return words === undefined || words === result.text.toLowerCase()
        ? `${name}: ${result.text}`
        : `${name}: ${result.text} (${words})`;
    }
  }
}
