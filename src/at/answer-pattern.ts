import { afterPrefix } from "./fields.js";
import { isKnownUrc } from "./urc.js";

/**
 * Which lines between a command and its final result are its answer; every other line is a URC.
 * - `none`: only the final result is expected, so any line is a URC, also one with the command's own prefix (`+CEREG: 1` after AT+CEREG=2).
 * - `prefix`: lines that begin with `+X:`, of the shape `accepts` tells, when a URC shares the prefix.
 * - `free`: any line that is not a known URC, for answers without a prefix (ATI, AT+CGSN); `own` are lines that look like a URC and
 *   belong to this answer all the same.
 */
export type AnswerPattern =
  | { readonly kind: "none" }
  | { readonly kind: "prefix"; readonly prefix: string; readonly accepts?: (fields: string) => boolean }
  | { readonly kind: "free"; readonly own?: RegExp };

/** Whether `line` belongs to the answer. */
export function isAnswer(line: string, pattern: AnswerPattern): boolean {
  switch (pattern.kind) {
    case "none":
      return false;
    case "prefix": {
      const fields = afterPrefix(line, pattern.prefix);
      return fields !== undefined && (pattern.accepts?.(fields) ?? true);
    }
    case "free":
      return !isKnownUrc(line) || (pattern.own?.test(line) ?? false);
  }
}
