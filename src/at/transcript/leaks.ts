import { swapNibbles } from "./blanking.js";
import type { StandIns } from "./stand-ins.js";

/** Whether a text holds a real identifier in any spelling that is met on an AT port: the look behind all rules. */

const minLength = 6;
const maxDepth = 4;

/**
 * Looks for each value as it is and nibble-swapped, then in what the runs of hex and base64 in the text decode to, where it may stand as
 * characters, as BCD or in hex or base64 again.
 */
export class LeakCheck {
  readonly #standIns: StandIns;
  #spellings: readonly string[] = [];
  #values = -1;

  constructor(standIns: StandIns) {
    this.#standIns = standIns;
  }

  isIn(text: string): boolean {
    const values = this.#standIns.originals.filter((value) => value.length >= minLength);
    if (values.length !== this.#values) this.#spellings = values.flatMap(spellingsOf);
    this.#values = values.length;
    return values.length > 0 && holds(text, this.#spellings, 0);
  }
}

function spellingsOf(value: string): readonly string[] {
  if (!/^\d+$/.test(value)) return [value];
  const padded = value.length % 2 === 0 ? value : `${value}f`;
  const swapped = swapNibbles(padded);
  return [...new Set([value, swapped, ...bcd(value), ...bcd(padded), ...bcd(swapped)])];
}

/** The bytes that the digits are in hex, as latin1. */
function bcd(hex: string): readonly string[] {
  return hex.length % 2 === 0 && hex.length >= 2 * minLength ? [Buffer.from(hex, "hex").toString("latin1")] : [];
}

function holds(text: string, spellings: readonly string[], depth: number): boolean {
  const lower = text.toLowerCase();
  if (spellings.some((spelling) => text.includes(spelling) || lower.includes(spelling.toLowerCase()))) return true;
  if (depth >= maxDepth) return false;
  return decodings(text).some((decoded) => holds(decoded, spellings, depth + 1));
}

function decodings(text: string): readonly string[] {
  const hex = (text.match(/[0-9A-Fa-f]{16,}/g) ?? []).flatMap((run) =>
    [run, run.slice(1)].map((part) => Buffer.from(part.slice(0, part.length & ~1), "hex").toString("latin1")),
  );
  const base64 = (text.match(/[0-9A-Za-z+/]{16,}/g) ?? [])
    .filter((run) => !/^[0-9A-Fa-f]+$/.test(run))
    .flatMap((run) => [0, 1, 2, 3].map((shift) => Buffer.from(run.slice(shift), "base64").toString("latin1")));
  return [...hex, ...base64];
}
