import { glyphHeight, glyphWidth } from "../font.js";
import type { Code128Primitive, Layout, Primitive, QrPrimitive } from "../primitives.js";
import type { QrMode } from "../qr.js";

/**
 * ZPL II, for Zebra's label printers and those that speak like them. The printer makes letters and codes itself, in just the size that was
 * laid out: its font A has the cell of font.ts, the changes of set of a Code 128 are spelled out, and a QR code's mode is. Pure.
 */

export function renderZpl(layouts: readonly Layout[]): string {
  return layouts.map(labelOf).join("");
}

function labelOf({ width, height, primitives }: Layout): string {
  return [
    "^XA",
    // UTF-8; the size; and no offset that another program left behind.
    "^CI28",
    `^PW${width}`,
    `^LL${height}`,
    "^LH0,0",
    ...primitives.map(fieldOf),
    "^XZ",
    "",
  ].join("\n");
}

function fieldOf(primitive: Primitive): string {
  switch (primitive.kind) {
    case "bar": {
      const { x, y, width, height } = primitive;
      return `^FO${x},${y}^GB${width},${height},${Math.min(width, height)},B,0^FS`;
    }
    case "text": {
      const { x, y, scale, text } = primitive;
      return `^FO${x},${y}^AAN,${glyphHeight * scale},${glyphWidth * scale}${dataOf(text)}`;
    }
    case "code128": {
      const { x, y, module, height } = primitive;
      return `^FO${x},${y}^BY${module},2,${height}^BCN,${height},N,N,N,N${dataOf(spelledOut(primitive))}`;
    }
    case "qr":
      return qrField(primitive);
  }
}

/** A printer moves a QR code down by the height that ^BY last set, and keeps that from label to label: it is set to one dot, and that dot taken off. */
function qrField({ x, y, module, symbol }: QrPrimitive): string {
  const { level, mode, text } = symbol;
  return `^FO${x},${y - 1}^BY2,2,1^BQN,2,${module}${dataOf(`${level}M,${modeSign(mode, text)}${text}`)}`;
}

function modeSign(mode: QrMode, text: string): string {
  switch (mode) {
    case "numeric":
      return "N";
    case "alphanumeric":
      return "A";
    case "byte":
      return `B${String(text.length).padStart(4, "0")}`;
  }
}

/** The text with the changes of set as ^BC writes them; so are three signs of set B, `>` among them. */
function spelledOut({ symbols }: Code128Primitive): string {
  const [start = 0, ...rest] = symbols.slice(0, -2);
  let inC = start === 105;
  let spelled = inC ? ">;" : ">:";
  for (const symbol of rest) {
    if (symbol === (inC ? 100 : 99)) {
      spelled += inC ? ">6" : ">5";
      inC = !inC;
    } else spelled += inC ? String(symbol).padStart(2, "0") : (signs.get(symbol) ?? String.fromCharCode(symbol + 0x20));
  }
  return spelled;
}

const signs: ReadonlyMap<number, string> = new Map([
  [30, ">0"],
  [62, "><"],
  [94, ">="],
]);

/**
 * A field's data. Whatever is no letter, digit or one of a few harmless signs goes as its bytes in hex (^FH), so that no data can end the
 * field or begin a command: neither `^`, `~` nor the sign of hex itself ever stands in it.
 */
function dataOf(text: string): string {
  const escaped = text.replace(/[^A-Za-z0-9 .,:;<=>$/-]/gu, (sign) =>
    [...Buffer.from(sign, "utf8")].map((byte) => `_${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
  return `^FH_^FD${escaped}^FS`;
}
