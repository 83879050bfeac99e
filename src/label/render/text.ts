import type { Layout, Primitive, QrPrimitive } from "../primitives.js";
import { qrQuiet } from "../qr.js";

/** A label for people without a printer: as lines of text, and with its QR codes drawn in a terminal. Pure. */

/** What is on the label, a line for each element. */
export function renderText(layouts: readonly Layout[]): string {
  return layouts.map(({ primitives }) => linesOf(primitives).join("")).join("\n");
}

function linesOf(primitives: readonly Primitive[]): readonly string[] {
  return primitives.flatMap((primitive) => lineOf(primitive) ?? []);
}

function lineOf(primitive: Primitive): string | undefined {
  switch (primitive.kind) {
    case "bar":
      return undefined;
    case "text":
      return primitive.isCaption ? undefined : `${primitive.text}\n`;
    case "code128":
      return `Code 128: ${primitive.text}\n`;
    case "qr":
      return `QR: ${primitive.symbol.text}\n`;
  }
}

/** Black and white of the colour cube, which no theme of a terminal changes, so that a phone reads it on dark and on light. */
const blackOnWhite = "\x1b[38;5;16;48;5;231m";
const reset = "\x1b[0m";

/** Each QR code in half blocks, two rows a line, its margin around it, and the text of the label below. */
export function renderTerminal(layouts: readonly Layout[], colour: boolean): string {
  return layouts
    .map(({ primitives }) => {
      const codes = primitives.flatMap((primitive) => (primitive.kind === "qr" ? [drawn(primitive, colour)] : []));
      return [...codes, ...linesOf(primitives)].join("");
    })
    .join("\n");
}

/** Without colours the light modules are the ones drawn: right on the dark ground that most terminals have. */
function drawn({ symbol }: QrPrimitive, colour: boolean): string {
  const isDark = (x: number, y: number): boolean => symbol.rows[y]?.[x] === true;
  const blocks = colour ? [" ", "▄", "▀", "█"] : ["█", "▀", "▄", " "];
  const lines: string[] = [];
  for (let y = -qrQuiet; y < symbol.size + qrQuiet; y += 2) {
    let line = "";
    for (let x = -qrQuiet; x < symbol.size + qrQuiet; x++) {
      line += blocks[(isDark(x, y) ? 2 : 0) + (isDark(x, y + 1) ? 1 : 0)];
    }
    lines.push(colour ? `${blackOnWhite}${line}${reset}\n` : `${line}\n`);
  }
  return lines.join("");
}
