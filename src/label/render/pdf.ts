import { capHeight } from "../font.js";
import { inkOf, type Layout, type Primitive, type TextPrimitive } from "../primitives.js";

/** PDF 1.4 (ISO 32000): a page of the label's size for each label, no date, no name, nothing compressed. Text is text, in a font that every viewer has. Pure. */

const pointsPerInch = 72;
/** Courier takes six tenths of its size for each letter, as font.ts does for ten dots of a letter. */
const dotsPerSize = 10;

export function renderPdf(layouts: readonly Layout[]): Uint8Array {
  const [catalogue, pages, font] = [1, 2, 3];
  const pageNumber = (at: number): number => font + 1 + 2 * at;
  const kids = layouts.map((_, at) => `${pageNumber(at)} 0 R`).join(" ");
  const objects = [
    `<< /Type /Catalog /Pages ${pages} 0 R >>`,
    `<< /Type /Pages /Kids [${kids}] /Count ${layouts.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold /Encoding /WinAnsiEncoding >>",
    ...layouts.flatMap((layout, at) => {
      const size = [layout.width, layout.height].map((dots) => points(dots, layout.dpi)).join(" ");
      const content = contentOf(layout);
      return [
        `<< /Type /Page /Parent ${pages} 0 R /MediaBox [0 0 ${size}] ` +
          `/Resources << /Font << /F ${font} 0 R >> >> /Contents ${pageNumber(at) + 1} 0 R >>`,
        `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      ];
    }),
  ];
  // The second line has bytes that are no text, so that no program on the way takes the file for text (7.5.2).
  let file = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n";
  const offsets = objects.map((object, at) => {
    const offset = file.length;
    file += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const rows = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const count = objects.length + 1;
  file += `xref\n0 ${count}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${count} /Root ${catalogue} 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}

/** In dots, from the bottom left. */
function contentOf({ width, height, dpi, primitives }: Layout): string {
  const scale = Number((pointsPerInch / dpi).toFixed(6));
  const marks = primitives.map((primitive) => markOf(primitive, height));
  return [`${scale} 0 0 ${scale} 0 0 cm`, `1 g 0 0 ${width} ${height} re f 0 g`, ...marks].join("\n");
}

function markOf(primitive: Primitive, pageHeight: number): string {
  if (primitive.kind === "text") return textMark(primitive, pageHeight);
  // One fill for a whole code: separate ones would show seams where they meet.
  const path = inkOf(primitive).map(
    ({ x, y, width, height }) => `${x} ${pageHeight - y - height} ${width} ${height} re`,
  );
  return `${path.join("\n")}\nf`;
}

function textMark({ x, y, scale, text }: TextPrimitive, pageHeight: number): string {
  const escaped = text.replace(/[\\()]/g, (sign) => `\\${sign}`);
  return `BT /F ${dotsPerSize * scale} Tf ${x} ${pageHeight - y - capHeight * scale} Td (${escaped}) Tj ET`;
}

function points(dots: number, dpi: number): number {
  return Number(((dots * pointsPerInch) / dpi).toFixed(3));
}
