import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { encodeCode128, fitsCode128 } from "./code128.js";
import { fillContent } from "./content.js";
import { type LabelData, valuesOf } from "./data.js";
import { capHeight, firstWithoutGlyph } from "./font.js";
import {
  type Area,
  areaOf,
  clearAreaOf,
  type Layout,
  type Primitive,
  type TextPrimitive,
  textWidth,
} from "./primitives.js";
import { encodeQr } from "./qr.js";
import { type LabelElement, type LabelTemplate, widestBarDots, widestQrDots } from "./template.js";

/** A template and the data of one unit, laid out in dots. Pure; the same label comes out of every renderer. */

type Content = Extract<LabelElement, { readonly content: string }>;
type Align = Content["align"];
type ModuleWidth = Pick<Extract<Content, { readonly kind: "qr" }>, "moduleDots" | "moduleMm">;

const mmPerInch = 25.4;

/**
 * An element that does not fit into the label, or into what a code needs free around it, is refused, and so are a placeholder without a
 * value (unless the element is optional) and characters that a label cannot show. @throws EsimdError `label_unfit`.
 */
export function layoutLabel(template: LabelTemplate, data: LabelData): Layout {
  const values = valuesOf(data);
  const page = new Page(template);
  const placed = template.element.flatMap((element, at) => {
    const who = `${template.name}: element ${at + 1}, ${nameOf(element)}`;
    return placeElement(page, element, values, who).map((primitive) => ({ primitive, at, who }));
  });
  for (const { primitive, who } of placed) page.assertInside(primitive, who);
  for (const { primitive, at, who } of placed) {
    const clear = clearAreaOf(primitive);
    const isCode = primitive.kind === "code128" || primitive.kind === "qr";
    const intruder = isCode && placed.find((other) => other.at !== at && meets(clear, areaOf(other.primitive)));
    if (intruder)
      throw unfit(`${intruder.who} stands in the code of ${who}, or in the margin that a scanner needs around it`);
  }
  const { name, dpi } = template;
  return { name, dpi, width: page.width, height: page.height, primitives: placed.map(({ primitive }) => primitive) };
}

function placeElement(
  page: Page,
  element: LabelElement,
  values: ReadonlyMap<string, string>,
  who: string,
): readonly Primitive[] {
  switch (element.kind) {
    case "line": {
      const [x, y] = [page.dots(element.xMm), page.dots(element.yMm)];
      const [length, thickness] = [page.atLeastOne(element.lengthMm), page.atLeastOne(element.thicknessMm)];
      const size =
        element.direction === "across" ? { width: length, height: thickness } : { width: thickness, height: length };
      return [{ kind: "bar", x, y, ...size }];
    }
    case "box":
      return sidesOf(
        {
          x: page.dots(element.xMm),
          y: page.dots(element.yMm),
          width: page.atLeastOne(element.widthMm),
          height: page.atLeastOne(element.heightMm),
        },
        page.atLeastOne(element.thicknessMm),
      );
    default: {
      const filled = fillContent(element.content, values);
      if (filled.kind === "filled") return placeContent(page, element, filled.text, who);
      if (element.optional) return [];
      throw unfit(
        `${who} wants ${filled.name}, and there is none`,
        `Give ${filled.name}, or set optional = true for that element.`,
      );
    }
  }
}

function placeContent(page: Page, element: Content, text: string, who: string): readonly Primitive[] {
  const odd = firstWithoutGlyph(text);
  if (odd !== undefined) {
    throw unfit(`${who} has the character U+${hexOf(odd)}, and a label shows printable ASCII only`);
  }
  const anchor = page.dots(element.xMm);
  const y = page.dots(element.yMm);
  switch (element.kind) {
    case "text": {
      const scale = page.textScale(element.heightMm);
      const x = startOf(anchor, textWidth(text, scale), element.align);
      return [{ kind: "text", x, y, scale, text, isCaption: false }];
    }
    case "qr": {
      const symbol = encodeQr(text, element.level);
      if (symbol === undefined) throw unfit(`${who} has more characters than a QR code takes`);
      const module = page.module(element, widestQrDots, who);
      return [{ kind: "qr", x: startOf(anchor, symbol.size * module, element.align), y, module, symbol }];
    }
    case "code128": {
      if (!fitsCode128(text)) throw unfit(`${who} has nothing to show`);
      const height = page.atLeastOne(element.heightMm);
      const code = {
        kind: "code128",
        x: 0,
        y,
        module: page.module(element, widestBarDots, who),
        height,
        text,
        symbols: encodeCode128(text),
      } as const;
      const { width } = areaOf(code);
      const x = startOf(anchor, width, element.align);
      const caption =
        element.textHeightMm === undefined
          ? []
          : [captionOf({ x, y, width, height }, text, page.textScale(element.textHeightMm))];
      return [{ ...code, x }, ...caption];
    }
  }
}

/** In the middle below the bars. */
function captionOf(bars: Area, text: string, scale: number): TextPrimitive {
  const x = startOf(bars.x + Math.round(bars.width / 2), textWidth(text, scale), "centre");
  return { kind: "text", x, y: bars.y + bars.height + 2 * scale, scale, text, isCaption: true };
}

function startOf(anchor: number, width: number, align: Align): number {
  switch (align) {
    case "left":
      return anchor;
    case "centre":
      return anchor - Math.round(width / 2);
    case "right":
      return anchor - width;
  }
}

/** The four bars of a box, none over another. */
function sidesOf({ x, y, width, height }: Area, thickness: number): readonly Primitive[] {
  const inner = height - 2 * thickness;
  if (inner <= 0 || width <= 2 * thickness) return [{ kind: "bar", x, y, width, height }];
  const across = { kind: "bar", x, width, height: thickness } as const;
  const down = { kind: "bar", y: y + thickness, width: thickness, height: inner } as const;
  return [
    { ...across, y },
    { ...down, x },
    { ...down, x: x + width - thickness },
    { ...across, y: y + height - thickness },
  ];
}

function meets(one: Area, other: Area): boolean {
  const apart =
    one.x + one.width <= other.x ||
    other.x + other.width <= one.x ||
    one.y + one.height <= other.y ||
    other.y + other.height <= one.y;
  return !apart;
}

/** The label's size in dots, and lengths by its resolution. */
class Page {
  readonly width: number;
  readonly height: number;
  readonly #template: LabelTemplate;

  constructor(template: LabelTemplate) {
    this.#template = template;
    this.width = this.dots(template.widthMm);
    this.height = this.dots(template.heightMm);
  }

  dots(mm: number): number {
    return Math.round((mm * this.#template.dpi) / mmPerInch);
  }

  atLeastOne(mm: number): number {
    return Math.max(1, this.dots(mm));
  }

  /** The largest letters that are no higher. */
  textScale(heightMm: number): number {
    return Math.max(1, Math.floor(this.dots(heightMm) / capHeight));
  }

  /** @throws EsimdError `label_unfit` for more dots than a printer takes. */
  module({ moduleDots, moduleMm = 0 }: ModuleWidth, widest: number, who: string): number {
    const dots = moduleDots ?? this.atLeastOne(moduleMm);
    if (dots <= widest) return dots;
    throw unfit(`${who} has modules of ${dots} dots, and printers take ${widest} at most`);
  }

  /** @throws EsimdError `label_unfit`, with the place in millimetres. */
  assertInside(primitive: Primitive, who: string): void {
    const { x, y, width, height } = clearAreaOf(primitive);
    if (x >= 0 && y >= 0 && x + width <= this.width && y + height <= this.height) return;
    const needs = `${this.#mm(x)} to ${this.#mm(x + width)} mm across and ${this.#mm(y)} to ${this.#mm(y + height)} mm down`;
    const margin = primitive.kind === "code128" || primitive.kind === "qr" ? " with the margin of the code" : "";
    const { widthMm, heightMm, dpi } = this.#template;
    throw unfit(
      `${who} does not fit: it takes ${needs}${margin}, and the label has ${widthMm} x ${heightMm} mm at ${dpi} dpi`,
    );
  }

  #mm(dots: number): string {
    return String(Number(((dots * mmPerInch) / this.#template.dpi).toFixed(1)));
  }
}

/** By its template, never by its data: an activation code must not be in an error. */
function nameOf(element: LabelElement): string {
  return "content" in element ? `the ${element.kind} ${quote(element.content)}` : `the ${element.kind}`;
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

function unfit(message: string, hint?: string): EsimdError {
  return new EsimdError("label_unfit", message, hint === undefined ? {} : { hint });
}
