import { z } from "zod";
import { faultInContent } from "./content.js";
import { qrLevels } from "./qr.js";

/** A label as data, in the one form that esimd's own templates and an operator's TOML file share. Lengths are millimetres from the top left. */

/** What printers have. */
export const labelResolutions = [203, 300, 600] as const;
export type LabelResolution = (typeof labelResolutions)[number];

const longestSideMm = 500;
const mostElements = 100;
const longestContent = 1000;

const place = z.number().min(0).max(longestSideMm);
const length = z.number().positive().max(longestSideMm);
const thickness = z.number().positive().max(20);

const content = z
  .string()
  .min(1)
  .max(longestContent)
  .superRefine((text, context) => {
    const fault = faultInContent(text);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  });

/** Which point of the element `x_mm` is. */
const align = z.enum(["left", "centre", "right"]).default("left");
/** Without its data the element is left out, and not the label refused. */
const optional = z.boolean().default(false);
/** Label printers count modules in whole dots (ZPL II: ^BY takes ten at most, ^BQ a hundred, in older printers ten). */
export const widestBarDots = 10;
export const widestQrDots = 100;
const moduleMm = z.number().min(0.04).max(3);

const text = z.strictObject({
  kind: z.literal("text"),
  xMm: place,
  yMm: place,
  /** Of a capital; the dots of the letters make it a little less. */
  heightMm: length,
  content,
  align,
  optional,
});

const code128 = z.strictObject({
  kind: z.literal("code128"),
  xMm: place,
  yMm: place,
  heightMm: length,
  moduleMm: moduleMm.optional(),
  moduleDots: z.int().min(1).max(widestBarDots).optional(),
  /** The height of the text below the bars; left out, there is none. */
  textHeightMm: length.optional(),
  content,
  align,
  optional,
});

const qr = z.strictObject({
  kind: z.literal("qr"),
  xMm: place,
  yMm: place,
  moduleMm: moduleMm.optional(),
  moduleDots: z.int().min(1).max(widestQrDots).optional(),
  level: z.enum(qrLevels).default("M"),
  content,
  align,
  optional,
});

const line = z.strictObject({
  kind: z.literal("line"),
  xMm: place,
  yMm: place,
  lengthMm: length,
  direction: z.enum(["across", "down"]).default("across"),
  thicknessMm: thickness,
});

const box = z.strictObject({
  kind: z.literal("box"),
  xMm: place,
  yMm: place,
  widthMm: length,
  heightMm: length,
  thicknessMm: thickness,
});

const element = z.discriminatedUnion("kind", [text, code128, qr, line, box]).superRefine((one, context) => {
  const hasModules = one.kind === "code128" || one.kind === "qr";
  if (hasModules && (one.moduleMm === undefined) === (one.moduleDots === undefined)) {
    context.addIssue({
      code: "custom",
      message: "needs the width of a module, module_mm or module_dots, and not both",
    });
  }
});

export const templateSchema = z.strictObject({
  name: z.string().min(1).max(64),
  widthMm: length,
  heightMm: length,
  dpi: z.literal(labelResolutions),
  element: z.array(element).min(1).max(mostElements),
});

export type LabelTemplate = z.output<typeof templateSchema>;
export type LabelElement = LabelTemplate["element"][number];

/** Of every kind of element, the keys that it takes. */
export const elementKeys: Readonly<Record<LabelElement["kind"], readonly string[]>> = {
  text: Object.keys(text.shape),
  code128: Object.keys(code128.shape),
  qr: Object.keys(qr.shape),
  line: Object.keys(line.shape),
  box: Object.keys(box.shape),
};
