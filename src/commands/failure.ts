import type { EsimdError } from "../base/errors.js";
import { maskIdentifiers } from "../base/identifiers.js";

/** How an error looks to the one who called esimd: one sentence and the next step, never a stack. */

/** On stderr, which under systemd is the journal: identifiers are masked. */
export function failureText(error: EsimdError): string {
  const [message, hint] = [error.message, error.hint].map((text) => maskIdentifiers(oneLine(text)));
  return `esimd: ${message} (${error.code})\n  ${hint}\n`;
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
