import type { LabelData } from "./data.js";
import { layoutLabel } from "./layout.js";
import type { Layout } from "./primitives.js";
import { renderPdf } from "./render/pdf.js";
import { renderPng } from "./render/png.js";
import { renderSvg } from "./render/svg.js";
import { renderTerminal, renderText } from "./render/text.js";
import { renderZpl } from "./render/zpl.js";
import type { LabelTemplate } from "./template.js";

/** From a template and data to the bytes of a label. Pure: the same call gives the same bytes. */

export const labelFormats = ["svg", "png", "pdf", "zpl", "text", "terminal"] as const;
export type LabelFormat = (typeof labelFormats)[number];

/** Formats of which one file holds many labels. */
export type SheetFormat = Exclude<LabelFormat, "svg" | "png">;

export function isSheetFormat(format: LabelFormat): format is SheetFormat {
  return format !== "svg" && format !== "png";
}

export interface RenderOptions {
  /** Of `terminal` alone; true when left out. */
  readonly colour?: boolean;
}

/** One label. @throws EsimdError `label_unfit`. */
export function renderLabel(
  template: LabelTemplate,
  data: LabelData,
  format: LabelFormat,
  options: RenderOptions = {},
): Uint8Array {
  const layout = layoutLabel(template, data);
  switch (format) {
    case "svg":
      return Buffer.from(renderSvg(layout), "utf8");
    case "png":
      return renderPng(layout);
    default:
      return renderSheet([layout], format, options);
  }
}

/** Many labels in one file, a page each. @throws EsimdError `label_unfit`. */
export function renderLabels(
  template: LabelTemplate,
  data: readonly LabelData[],
  format: SheetFormat,
  options: RenderOptions = {},
): Uint8Array {
  return renderSheet(
    data.map((one) => layoutLabel(template, one)),
    format,
    options,
  );
}

function renderSheet(layouts: readonly Layout[], format: SheetFormat, { colour = true }: RenderOptions): Uint8Array {
  switch (format) {
    case "pdf":
      return renderPdf(layouts);
    case "zpl":
      return Buffer.from(renderZpl(layouts), "utf8");
    case "text":
      return Buffer.from(renderText(layouts), "utf8");
    case "terminal":
      return Buffer.from(renderTerminal(layouts, colour), "utf8");
  }
}
