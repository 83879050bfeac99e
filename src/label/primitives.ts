import { code128Modules, code128Quiet } from "./code128.js";
import { capHeight, glyphAdvance, glyphHeight, hasDescender } from "./font.js";
import { type QrSymbol, qrQuiet } from "./qr.js";

/** What a laid-out label is made of, in whole dots of the printer from the top left corner: every renderer draws just these. */

export interface Layout {
  readonly name: string;
  readonly dpi: number;
  readonly width: number;
  readonly height: number;
  readonly primitives: readonly Primitive[];
}

/** A rectangle, full of black where it is drawn. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface BarPrimitive extends Area {
  readonly kind: "bar";
}

export interface TextPrimitive {
  readonly kind: "text";
  readonly x: number;
  /** Where capitals begin. */
  readonly y: number;
  /** How many dots of the printer a dot of a letter has at each side; a capital is seven of them high. */
  readonly scale: number;
  readonly text: string;
  /** What stands below a bar code and repeats it. */
  readonly isCaption: boolean;
}

export interface Code128Primitive {
  readonly kind: "code128";
  readonly x: number;
  readonly y: number;
  readonly module: number;
  readonly height: number;
  readonly text: string;
  /** Of code128.ts. */
  readonly symbols: readonly number[];
}

export interface QrPrimitive {
  readonly kind: "qr";
  readonly x: number;
  readonly y: number;
  readonly module: number;
  readonly symbol: QrSymbol;
}

export type Primitive = BarPrimitive | TextPrimitive | Code128Primitive | QrPrimitive;

/** What the primitive covers with ink, at most. */
export function areaOf(primitive: Primitive): Area {
  switch (primitive.kind) {
    case "bar":
      return primitive;
    case "text": {
      const { x, y, scale, text } = primitive;
      const height = (hasDescender(text) ? glyphHeight : capHeight) * scale;
      return { x, y, width: textWidth(text, scale), height };
    }
    case "code128": {
      const { x, y, module, height, symbols } = primitive;
      return { x, y, width: code128Modules(symbols).length * module, height };
    }
    case "qr": {
      const { x, y, module, symbol } = primitive;
      return { x, y, width: symbol.size * module, height: symbol.size * module };
    }
  }
}

/** What must be free of other ink, so that a scanner finds the symbol; for what is no code the same as {@link areaOf}. */
export function clearAreaOf(primitive: Primitive): Area {
  const { x, y, width, height } = areaOf(primitive);
  switch (primitive.kind) {
    case "code128": {
      const quiet = code128Quiet * primitive.module;
      return { x: x - quiet, y, width: width + 2 * quiet, height };
    }
    case "qr": {
      const quiet = qrQuiet * primitive.module;
      return { x: x - quiet, y: y - quiet, width: width + 2 * quiet, height: height + 2 * quiet };
    }
    default:
      return { x, y, width, height };
  }
}

export function textWidth(text: string, scale: number): number {
  return text.length === 0 ? 0 : (text.length * glyphAdvance - 1) * scale;
}

/** The rectangles of a bar or a code; those of a code in rows from the top, each run of dark modules one. */
export function inkOf(primitive: Exclude<Primitive, TextPrimitive>): readonly Area[] {
  switch (primitive.kind) {
    case "bar":
      return [primitive];
    case "code128": {
      const { x, y, module, height, symbols } = primitive;
      return runs(code128Modules(symbols)).map(({ from, length }) => ({
        x: x + from * module,
        y,
        width: length * module,
        height,
      }));
    }
    case "qr": {
      const { x, y, module, symbol } = primitive;
      return symbol.rows.flatMap((row, at) =>
        runs(row).map(({ from, length }) => ({
          x: x + from * module,
          y: y + at * module,
          width: length * module,
          height: module,
        })),
      );
    }
  }
}

function runs(modules: readonly boolean[]): readonly { readonly from: number; readonly length: number }[] {
  const found: { from: number; length: number }[] = [];
  for (const [at, isDark] of modules.entries()) {
    const last = found.at(-1);
    if (!isDark) continue;
    if (last !== undefined && last.from + last.length === at) last.length++;
    else found.push({ from: at, length: 1 });
  }
  return found;
}
