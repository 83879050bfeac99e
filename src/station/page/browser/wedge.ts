/**
 * A scanner that is a keyboard: it types faster than a person and ends with Enter or Tab. This tells its keys from a person's, wherever
 * the focus is; a text field keeps what is typed into it.
 */

/** A scanner's next character comes within this, also over a slow USB hub; a person's seldom does, and never so many in a row. */
export const fastMs = 60;
/** Fewer characters than this before Enter are a person's. */
export const fewest = 3;
/** As long as a serial number and a slot's choice may be, and some more: a runaway must end. */
export const most = 256;

export interface Key {
  /** As KeyboardEvent.key: one character, or a name such as `Enter`. */
  readonly key: string;
  /** Ctrl, Alt or Meta is held. */
  readonly isCommand: boolean;
  readonly isInTextField: boolean;
  /** Of a clock that never jumps. */
  readonly atMs: number;
}

export type KeyMeaning =
  /** The page's own affair. */
  | { readonly kind: "other" }
  /** May be a scan's first character, or a shortcut: which of both is known after {@link fastMs}. */
  | { readonly kind: "first" }
  /** Of a scan that is on its way: no button may hear it. */
  | { readonly kind: "more" }
  | { readonly kind: "scan"; readonly text: string };

export class Wedge {
  #text = "";
  #lastMs = Number.NEGATIVE_INFINITY;

  hear({ key, isCommand, isInTextField, atMs }: Key): KeyMeaning {
    const isFast = atMs - this.#lastMs <= fastMs;
    if (isCommand || isInTextField) {
      this.#text = "";
      return { kind: "other" };
    }
    if (key === "Enter" || key === "Tab") {
      const text = this.#text;
      this.#text = "";
      return isFast && text.length >= fewest ? { kind: "scan", text } : { kind: "other" };
    }
    // Shift and its like come between the characters of a scan.
    if ([...key].length !== 1) return { kind: "other" };
    this.#lastMs = atMs;
    if (!isFast || this.#text === "") {
      this.#text = key;
      return { kind: "first" };
    }
    if (this.#text.length < most) this.#text += key;
    return { kind: "more" };
  }
}

/** `SLOT 7`, as a label at each slot may have it: the number, or undefined. */
export function slotChosenBy(text: string): number | undefined {
  const number = /^\s*slot[\s:#-]*(\d{1,2})\s*$/i.exec(text)?.[1];
  return number === undefined ? undefined : Number(number);
}
