/** Words that are read from some metres on a terminal: three rows a letter, of the half blocks that every terminal's font has. */

const letters: Readonly<Record<string, readonly [string, string, string]>> = {
  A: ["▄▀▄", "█▀█", "▀ ▀"],
  C: ["█▀▀", "█  ", "▀▀▀"],
  E: ["█▀▀", "█▀ ", "▀▀▀"],
  F: ["█▀▀", "█▀ ", "▀  "],
  I: ["█", "█", "▀"],
  L: ["█  ", "█  ", "▀▀▀"],
  M: ["█▄ ▄█", "█ ▀ █", "▀   ▀"],
  N: ["█▀▄", "█ █", "▀ ▀"],
  O: ["█▀█", "█ █", "▀▀▀"],
  P: ["█▀▄", "█▀ ", "▀  "],
  R: ["█▀▄", "█▀▄", "▀ ▀"],
  S: ["▄▀▀", " ▀▄", "▀▀ "],
  T: ["▀█▀", " █ ", " ▀ "],
  U: ["█ █", "█ █", "▀▀▀"],
  Y: ["█ █", " █ ", " ▀ "],
  " ": [" ", " ", " "],
  "%": ["▀ ▄", "▄▀ ", "  ▀"],
  "0": ["█▀█", "█ █", "▀▀▀"],
  "1": ["▀█ ", " █ ", "▀▀▀"],
  "2": ["▀▀█", "█▀▀", "▀▀▀"],
  "3": ["▀▀█", " ▀█", "▀▀▀"],
  "4": ["█ █", "▀▀█", "  ▀"],
  "5": ["█▀▀", "▀▀█", "▀▀▀"],
  "6": ["█▀▀", "█▀█", "▀▀▀"],
  "7": ["▀▀█", "  █", "  ▀"],
  "8": ["█▀█", "█▀█", "▀▀▀"],
  "9": ["█▀█", "▀▀█", "▀▀▀"],
};

export const largeRows = 3;

/** Three rows of the same width; undefined where a letter is not among those that a slot's word has. */
export function largeWord(word: string): readonly string[] | undefined {
  const found = [...word].map((letter) => letters[letter]);
  if (!found.every((letter) => letter !== undefined)) return undefined;
  return Array.from({ length: largeRows }, (_, row) => found.map((letter) => letter[row] ?? "").join(" "));
}
