import { glyphAdvance, glyphOf } from "../font.js";
import { type Area, inkOf, type Layout, type TextPrimitive } from "../primitives.js";

/** A label as dots, one bit each: rows from the top, each in whole bytes, the first dot in the highest bit; a 1 is white, as in a PNG. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
  readonly bytes: Uint8Array;
}

export function drawBitmap({ width, height, primitives }: Layout): Bitmap {
  const rowBytes = Math.ceil(width / 8);
  const bytes = new Uint8Array(rowBytes * height).fill(0xff);
  const fill = (area: Area): void => {
    for (let y = area.y; y < area.y + area.height; y++) {
      for (let x = area.x; x < area.x + area.width; x++) {
        const at = y * rowBytes + (x >> 3);
        bytes[at] = (bytes[at] ?? 0) & ~(0x80 >> (x & 7));
      }
    }
  };
  for (const primitive of primitives) {
    for (const area of primitive.kind === "text" ? inkOfText(primitive) : inkOf(primitive)) fill(area);
  }
  return { width, height, rowBytes, bytes };
}

function inkOfText({ x, y, scale, text }: TextPrimitive): readonly Area[] {
  return [...text].flatMap((character, at) =>
    (glyphOf(character) ?? []).flatMap((row, down) =>
      [...row].flatMap((dot, across) =>
        dot === "#"
          ? [{ x: x + (at * glyphAdvance + across) * scale, y: y + down * scale, width: scale, height: scale }]
          : [],
      ),
    ),
  );
}
