/**
 * The line (from 1) of a TOML file where a key is set, or that of the nearest table around it that is written down; for what is missing
 * altogether, the line of the table that misses it. The tables of an array, `[[iccid]]`, are counted from 0, as in the keys.
 */
export function lineOf(text: string, keys: readonly string[]): number {
  const wanted = keys.join(".");
  const places = new TablePlaces();
  let table = "";
  let best = { line: 1, length: -1 };
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    const [, brackets, header] = /^(\[\[?)\s*([^\]]+?)\s*\]/.exec(line) ?? [];
    if (header !== undefined) table = places.enter(bareKey(header), brackets === "[[");
    const key = header === undefined ? /^("[^"]*"|'[^']*'|[\w.-]+(?:\s*\.\s*[\w-]+)*)\s*=/.exec(line)?.[1] : undefined;
    if (header === undefined && key === undefined) continue;
    const path = key === undefined ? table : [table, bareKey(key)].filter((part) => part !== "").join(".");
    const covers = wanted === path || wanted.startsWith(`${path}.`);
    if (covers && path.length > best.length) best = { line: index + 1, length: path.length };
  }
  return best.line;
}

/** Which table of an array of tables a header leads to: one in double brackets begins the next, any other stands in the last (TOML 1.0). */
class TablePlaces {
  readonly #last = new Map<string, number>();

  /** The header's path, with the number of the table behind each array in it. */
  enter(header: string, isOfArray: boolean): string {
    const parts = header.split(".");
    let path = "";
    for (const [at, part] of parts.entries()) {
      path = path === "" ? part : `${path}.${part}`;
      if (isOfArray && at === parts.length - 1) this.#last.set(path, (this.#last.get(path) ?? -1) + 1);
      const number = this.#last.get(path);
      if (number !== undefined) path = `${path}.${number}`;
    }
    return path;
  }
}

function bareKey(text: string): string {
  return text.replace(/["'\s]/g, "");
}
