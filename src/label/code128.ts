/**
 * Code 128 (ISO/IEC 15417) for printable ASCII: sets B and C, changed where that makes the symbol shortest. Pure.
 * An encoder of our own, because the libraries that have one bring a hundred other symbologies, and this is a table and a short rule.
 */

const startB = 104;
const startC = 105;
const toC = 99;
const toB = 100;
const stop = 106;

type CodeSet = "B" | "C";

/** Bar, space, bar …: the widths of each symbol in modules. */
const patterns: readonly string[] = `
  212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212
  112232 122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131
  311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321
  112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
  313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111
  314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114
  122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212
  124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
  114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112
`
  .trim()
  .split(/\s+/);

/** The quiet zone that must be free at either side, in modules. */
export const code128Quiet = 10;

/** Whether there is a symbol for every character. */
export function fitsCode128(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

/** The values of the symbols: start, data and changes of set, check, stop. The text must {@link fitsCode128}. */
export function encodeCode128(text: string): readonly number[] {
  const symbols = shortest(text);
  // The start counts once, and then each symbol by its place (ISO/IEC 15417, annex A).
  const sum = symbols.reduce((total, value, place) => total + value * Math.max(place, 1), 0);
  return [...symbols, sum % 103, stop];
}

/** Whether each module, from the left, is dark. Every symbol has eleven of them, the stop thirteen. */
export function code128Modules(symbols: readonly number[]): readonly boolean[] {
  return symbols.flatMap((value) =>
    [...(patterns[value] ?? "")].flatMap((width, at) => Array.from({ length: Number(width) }, () => at % 2 === 0)),
  );
}

/** From the end of the text to its beginning: what is the shortest way on, in each set. Where both are as short, set B. */
function shortest(text: string): readonly number[] {
  type Way = { readonly length: number; readonly symbols: readonly number[] };
  const none: Way = { length: 0, symbols: [] };
  const then = (symbol: number, way: Way): Way => ({ length: way.length + 1, symbols: [symbol, ...way.symbols] });
  const shorter = (one: Way, other: Way): Way => (other.length < one.length ? other : one);
  const ways: Record<CodeSet, Way>[] = [];
  for (let at = text.length; at >= 0; at--) {
    const next = ways[at + 1];
    const afterPair = ways[at + 2];
    const inB = next === undefined ? none : then(text.charCodeAt(at) - 0x20, next.B);
    const pair = /^\d\d/.exec(text.slice(at, at + 2))?.[0];
    const inC =
      next === undefined
        ? none
        : pair === undefined || afterPair === undefined
          ? undefined
          : then(Number(pair), afterPair.C);
    ways[at] = {
      B: inC === undefined ? inB : shorter(inB, then(toC, inC)),
      C: inC === undefined ? then(toB, inB) : shorter(inC, then(toB, inB)),
    };
  }
  const { B, C } = ways[0] ?? { B: none, C: none };
  return shorter(then(startB, B), then(startC, C)).symbols;
}
