import { capHeight, glyphAdvance } from "../font.js";
import { type Area, inkOf, type Layout, type Primitive, type TextPrimitive } from "../primitives.js";

/** Scalable Vector Graphics 1.1: one user unit is one dot of the printer, and the size stands in millimetres. Pure. */

/** Of most monospaced fonts: a capital has seven tenths of the font's size, a letter takes six tenths of it, as in font.ts. */
const dotsPerSize = 10;
const fonts = "'DejaVu Sans Mono','Liberation Mono',Consolas,Menlo,monospace";

export function renderSvg({ width, height, dpi, primitives }: Layout): string {
  const mm = (dots: number): string => `${Number(((dots * 25.4) / dpi).toFixed(3))}mm`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${mm(width)}" height="${mm(height)}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...primitives.map(markOf),
    "</svg>",
    "",
  ].join("\n");
}

function markOf(primitive: Primitive): string {
  return primitive.kind === "text" ? textMark(primitive) : inkMark(inkOf(primitive));
}

/** One path for a whole code: separate rectangles would show seams where they meet. */
function inkMark(areas: readonly Area[]): string {
  const path = areas.map(({ x, y, width, height }) => `M${x} ${y}h${width}v${height}h-${width}z`).join("");
  return `<path shape-rendering="crispEdges" d="${path}"/>`;
}

function textMark({ x, y, scale, text }: TextPrimitive): string {
  const width = text.length * glyphAdvance * scale;
  const size = dotsPerSize * scale;
  return (
    `<text x="${x}" y="${y + capHeight * scale}" font-family="${fonts}" font-size="${size}" font-weight="bold" ` +
    `textLength="${width}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escapeXml(text)}</text>`
  );
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
