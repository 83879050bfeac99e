import { describe, expect, it } from "vitest";
import { type LabelData, parseLabelData } from "../../src/label/data.js";
import { layoutLabel } from "../../src/label/layout.js";
import type { LabelTemplate } from "../../src/label/template.js";
import { parseTemplate } from "../../src/label/template-file.js";
import { builtIn, eidOf, oneUnit } from "./units.js";

/** 25.4 mm at 203 dpi: 203 dots. */
const inch = 25.4;

function template(...elements: readonly string[]): LabelTemplate {
  const head = `name = "own"\nwidth_mm = ${2 * inch}\nheight_mm = ${inch}\ndpi = 203\n`;
  return parseTemplate([head, ...elements.map((element) => `[[element]]\n${element}\n`)].join(""), "own.toml");
}

const textAt = (x: number, y: number, more = ""): string =>
  `kind = "text"\nx_mm = ${x}\ny_mm = ${y}\nheight_mm = 2\ncontent = "{serial}"\n${more}`;
const qrAt = (x: number, y: number): string =>
  `kind = "qr"\nx_mm = ${x}\ny_mm = ${y}\nmodule_dots = 4\ncontent = "{serial}"`;
const barsAt = (x: number, y: number, more = ""): string =>
  `kind = "code128"\nx_mm = ${x}\ny_mm = ${y}\nmodule_dots = 2\nheight_mm = 5\ncontent = "{serial}"\n${more}`;

const unit: LabelData = { serial: "A1" };

describe("the layout of a label", () => {
  it("is in whole dots, with letters of whole dots that are no higher than asked", () => {
    const layout = layoutLabel(template(textAt(inch / 2, 3)), unit);
    expect(layout).toEqual({
      name: "own",
      dpi: 203,
      width: 406,
      height: 203,
      primitives: [{ kind: "text", x: 102, y: 24, scale: 2, text: "A1", isCaption: false }],
    });
  });

  it.each([
    ["left", 203],
    ["centre", 203 - 11],
    ["right", 203 - 22],
  ])("has %s of a text at x_mm", (align, x) => {
    expect(layoutLabel(template(textAt(inch, 3, `align = "${align}"`)), unit).primitives).toMatchObject([{ x }]);
  });

  it("puts the text of a bar code in the middle below it", () => {
    const { primitives } = layoutLabel(template(barsAt(10, 2, "text_height_mm = 2")), unit);
    // Start, two characters, check and stop.
    const width = (3 * 11 + 11 + 13) * 2;
    expect(primitives).toMatchObject([
      { kind: "code128", x: 80, y: 16, module: 2, height: 40 },
      { kind: "text", x: 80 + width / 2 - 11, y: 16 + 40 + 4, text: "A1", isCaption: true },
    ]);
  });

  it("makes a box of four bars that do not meet, and a line of one", () => {
    const box = 'kind = "box"\nx_mm = 1\ny_mm = 1\nwidth_mm = 10\nheight_mm = 5\nthickness_mm = 0.25';
    const line = 'kind = "line"\nx_mm = 1\ny_mm = 10\nlength_mm = 10\nthickness_mm = 0.01\ndirection = "down"';
    expect(layoutLabel(template(box, line), unit).primitives).toEqual([
      { kind: "bar", x: 8, y: 8, width: 80, height: 2 },
      { kind: "bar", x: 8, y: 10, width: 2, height: 36 },
      { kind: "bar", x: 86, y: 10, width: 2, height: 36 },
      { kind: "bar", x: 8, y: 46, width: 80, height: 2 },
      { kind: "bar", x: 8, y: 80, width: 1, height: 80 },
    ]);
  });

  it("leaves out what is optional and has no data, and nothing else", () => {
    const [withAll, without] = [oneUnit, parseLabelData({ serial: "A1", eid: eidOf(1n) }, "here")];
    expect(layoutLabel(builtIn("unit"), withAll).primitives).toHaveLength(8);
    expect(layoutLabel(builtIn("unit"), without).primitives).toHaveLength(5);
  });

  it("takes a brace that stands twice for the sign itself", () => {
    const own = template(textAt(3, 3).replace("{serial}", "{{{serial}}}"));
    expect(layoutLabel(own, unit).primitives).toMatchObject([{ text: "{A1}" }]);
  });
});

describe("a label that cannot be", () => {
  const wide: LabelData = { serial: "A".repeat(40) };
  it.each([
    [
      "a text over the edge",
      template(textAt(3, 3), textAt(3, 24.5)),
      unit,
      /^own: element 2, the text "\{serial\}" does not fit: it takes 3 to 5\.8 mm across and 24\.5 to 26\.3 mm down, and the label has 50\.8 x 25\.4 mm at 203 dpi$/,
    ],
    ["a text that is too long", template(textAt(3, 3)), wide, /element 1, the text "\{serial\}" does not fit/],
    ["a text that begins before the left edge", template(textAt(1, 3, 'align = "right"')), unit, /it takes -1\.8 to/],
    [
      "bars without their margin",
      template(barsAt(1, 3)),
      unit,
      /the code128 "\{serial\}" does not fit: it takes -1\.5 to .* with the margin of the code/,
    ],
    ["a QR code without its margin", template(qrAt(1, 5)), unit, /the qr "\{serial\}" does not fit/],
    [
      "a text in the margin of a QR code",
      template(qrAt(5, 5), textAt(3.5, 10)),
      unit,
      /^own: element 2, the text "\{serial\}" stands in the code of own: element 1, the qr "\{serial\}", or in the margin/,
    ],
    ["two codes too near", template(barsAt(5, 3), barsAt(20, 3)), unit, /stands in the code of/],
    [
      "a field that is missing",
      template(textAt(3, 3).replace("serial", "batch")),
      unit,
      /^own: element 1, the text "\{batch\}" wants batch, and there is none$/,
    ],
    ["a sign without a glyph", template(textAt(3, 3)), { serial: "Ä" }, /has the character U\+00C4/],
    [
      "a bar code of nothing",
      template(barsAt(5, 3).replace("{serial}", "{{").replace('"{{"', '"ü"')),
      unit,
      /has the character U\+00FC/,
    ],
    [
      "modules wider than printers make",
      { ...template(barsAt(20, 3).replace("module_dots = 2", "module_mm = 1.5")) },
      unit,
      /has modules of 12 dots, and printers take 10 at most/,
    ],
    [
      "more than a QR code takes",
      template(qrAt(5, 5).replace("{serial}", "{serial}".repeat(100))),
      wide,
      /has more characters than a QR code takes/,
    ],
  ])("%s is refused", (_name, own, data, sentence) => {
    expect(() => layoutLabel(own, data)).toThrow(
      expect.objectContaining({ code: "label_unfit", message: expect.stringMatching(sentence) }),
    );
  });

  it("says nothing of an activation code that does not fit", () => {
    const data = parseLabelData({ activation_code: "1$a.example$SECRET" }, "here");
    const own = template(qrAt(1, 1).replace("{serial}", "{lpa}"));
    expect(() => layoutLabel(own, data)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("SECRET") }),
    );
  });
});
