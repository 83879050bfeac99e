import type { EsimdError } from "../base/errors.js";

/** How an error looks to the one who called esimd: one sentence and the next step, never a stack. */

export function failureText(error: EsimdError): string {
  return `esimd: ${oneLine(error.message)} (${error.code})\n  ${oneLine(error.hint)}\n`;
}

/** With `--json`: the last line of stdout. */
export function failureJson(error: EsimdError): string {
  const { code, message, hint } = error;
  const { actor, retry } = error.entry;
  return `${JSON.stringify({ schema: "esimd.error/1", error: { code, message: oneLine(message), actor, retry, hint: oneLine(hint) } })}\n`;
}

/** A message may carry words of another program: no line breaks, and nothing that moves a terminal's cursor. */
export function oneLine(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/\p{Cc}/gu, "?")
    .trim();
}
