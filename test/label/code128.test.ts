import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { code128Modules, encodeCode128, fitsCode128 } from "../../src/label/code128.js";
import { texts } from "./units.js";

describe("the symbols of Code 128", () => {
  it.each([
    // ISO/IEC 15417 and public worked examples: start, data, check, stop.
    ["PJJ123C", [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]],
    ["1234", [105, 12, 34, 82, 106]],
    ["A", [104, 33, 34, 106]],
    ["12", [105, 12, 14, 106]],
    ["AB123456", [104, 33, 34, 99, 12, 34, 56, 26, 106]],
    ["123456AB", [105, 12, 34, 56, 100, 33, 34, 92, 106]],
    ["12345", [104, 17, 99, 23, 45, 53, 106]],
  ])("of %s", (text, symbols) => {
    expect(encodeCode128(text)).toEqual(symbols);
  });

  it("are eleven modules wide, with an even number of dark ones, and all different", () => {
    const all = Array.from({ length: 106 }, (_, value) => code128Modules([value]));
    expect(all.filter((modules) => modules.length !== 11)).toEqual([]);
    expect(all.filter((modules) => modules.filter((isDark) => isDark).length % 2 !== 0)).toEqual([]);
    expect(new Set(all.map((modules) => modules.join())).size).toBe(106);
    expect(code128Modules([106])).toHaveLength(13);
  });

  it("are as few as can be", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("1", "2", "A", "-"), minLength: 1, maxLength: 9 }), (text) => {
        expect(encodeCode128(text).length - 2).toBe(fewest(text, undefined));
      }),
      { numRuns: 300 },
    );
  });

  it("say the text, read by the rules of the sets", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(textOf(encodeCode128(text))).toBe(text);
      }),
    );
  });

  it("are there for printable ASCII alone", () => {
    expect(["A1 ~", "", "a\n", "ü", "\x7f"].map(fitsCode128)).toEqual([true, false, false, false, false]);
  });
});

/** Every way there is, tried: symbols from here on, with the start or a change of set counted where one is needed. */
function fewest(text: string, set: "B" | "C" | undefined): number {
  if (text === "") return 0;
  const inB = (set === "B" ? 0 : 1) + 1 + fewest(text.slice(1), "B");
  if (!/^\d\d/.test(text)) return inB;
  return Math.min(inB, (set === "C" ? 0 : 1) + 1 + fewest(text.slice(2), "C"));
}

function textOf(symbols: readonly number[]): string {
  let set = symbols[0] === 105 ? "C" : "B";
  let text = "";
  for (const symbol of symbols.slice(1, -2)) {
    if (set === "B" && symbol === 99) set = "C";
    else if (set === "C" && symbol === 100) set = "B";
    else text += set === "C" ? String(symbol).padStart(2, "0") : String.fromCharCode(symbol + 32);
  }
  return text;
}
