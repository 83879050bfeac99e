/** What a person or a scanner enters on the terminal, a line each. */

export type Typed =
  | { readonly kind: "nothing" }
  /** A serial number, or `SLOT 7` from a label: the station knows which. */
  | { readonly kind: "scan"; readonly text: string; readonly slot: number | undefined }
  | { readonly kind: "retry" | "off" | "on"; readonly slot: number }
  | { readonly kind: "drain" | "quit" };

/**
 * `SN123`, `7 SN123`, `retry 7`, `off 7`, `on 7`, `drain`, `quit`. A serial number that is a word of these, or of digits alone before another,
 * is what a person means by a slot in front: `7 drain`.
 */
export function typedLine(line: string): Typed {
  const text = line.trim();
  if (text === "") return { kind: "nothing" };
  const [first = "", second, ...more] = text.split(/\s+/);
  const word = first.toLowerCase();
  if (second === undefined && (word === "drain" || word === "quit")) return { kind: word };
  const slot = slotNumber(second ?? "");
  if ((word === "retry" || word === "off" || word === "on") && slot !== undefined && more.length === 0)
    return { kind: word, slot };
  const chosen = slotNumber(first);
  if (chosen !== undefined && second !== undefined)
    return { kind: "scan", text: text.slice(first.length).trim(), slot: chosen };
  return { kind: "scan", text, slot: undefined };
}

function slotNumber(text: string): number | undefined {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= 64 ? number : undefined;
}
