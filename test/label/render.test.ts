import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { glyphOf } from "../../src/label/font.js";
import { labelFormats, renderLabel, renderLabels } from "../../src/label/label.js";
import { layoutLabel } from "../../src/label/layout.js";
import { labelResolutions } from "../../src/label/template.js";
import { builtIn, oneUnit } from "./units.js";

describe("every format", () => {
  it.each(labelFormats)("%s comes out the same each time", (format) => {
    const [one, two] = [1, 2].map(() => renderLabel(builtIn("unit"), oneUnit, format));
    expect(one?.length).toBeGreaterThan(100);
    expect(two).toEqual(one);
  });
});

describe("PNG", () => {
  it.each(labelResolutions)("at %s dpi is one bit deep, of the label's size, and says its resolution", (dpi) => {
    const png = Buffer.from(renderLabel({ ...builtIn("unit"), dpi }, oneUnit, "png"));
    const { width, height } = layoutLabel({ ...builtIn("unit"), dpi }, oneUnit);
    // pngjs checks every chunk's sum.
    expect(PNG.sync.read(png, { checkCRC: true })).toMatchObject({
      width,
      height,
      depth: 1,
      color: false,
      palette: false,
    });
    const at = png.indexOf("pHYs") + 4;
    const dotsPerMetre = Math.round(dpi / 0.0254);
    expect([png.readUInt32BE(at), png.readUInt32BE(at + 4), png[at + 8]]).toEqual([dotsPerMetre, dotsPerMetre, 1]);
  });

  it("shows a letter as the font has it", () => {
    const template = {
      ...builtIn("unit"),
      element: [{ kind: "text", xMm: 0, yMm: 0, heightMm: 0.6, content: "g", align: "left", optional: false } as const],
    };
    const { data, width } = PNG.sync.read(Buffer.from(renderLabel(template, {}, "png")));
    const rows = Array.from({ length: 9 }, (_, y) =>
      Array.from({ length: 5 }, (_, x) => (data[(y * width + x) * 4] === 0 ? "#" : ".")).join(""),
    );
    expect(rows).toEqual(glyphOf("g"));
    expect(data.filter((value, at) => at % 4 === 0 && value === 0)).toHaveLength(
      rows.join("").replaceAll(".", "").length,
    );
  });
});

describe("SVG", () => {
  it("is of the label's size, and no text gets out of its element", () => {
    const data = { ...oneUnit, fields: { batch: `"/><x a='&lt;'>` } };
    const svg = Buffer.from(renderLabel(builtIn("unit"), data, "svg")).toString("utf8");
    expect(svg).toContain('width="60.029mm" height="39.963mm" viewBox="0 0 709 472"');
    expect(svg).toContain("&#34;/&#62;&#60;x a=&#39;&#38;lt;&#39;&#62;</text>");
    expect(svg.match(/<\w+/g)?.sort()).toEqual([
      "<path",
      "<path",
      "<path",
      "<rect",
      "<svg",
      "<text",
      "<text",
      "<text",
      "<text",
      "<text",
    ]);
  });
});

describe("PDF", () => {
  it("has its objects where its table says", () => {
    const pdf = Buffer.from(renderLabels(builtIn("unit"), [oneUnit, oneUnit], "pdf")).toString("latin1");
    const [, start = ""] = /startxref\n(\d+)\n%%EOF\n$/.exec(pdf) ?? [];
    const table = pdf.slice(Number(start));
    expect(table).toMatch(/^xref\n0 8\n0000000000 65535 f \n/);
    const offsets = [...table.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset));
    expect(offsets.map((offset) => pdf.slice(offset, offset + 8))).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((number) => `${number} 0 obj\n`),
    );
    for (const [, length, content] of pdf.matchAll(/<< \/Length (\d+) >>\nstream\n([\s\S]*?)\nendstream/g)) {
      expect(content).toHaveLength(Number(length));
    }
    expect(pdf).toContain("/MediaBox [0 0 170.16 113.28]");
    expect(pdf).not.toMatch(/CreationDate|\/ID/);
  });
});

describe("a terminal's QR code", () => {
  it("is the symbol in half blocks, dark on light, with its margin", () => {
    const layout = layoutLabel(builtIn("activation"), oneUnit);
    const qr = layout.primitives.find((primitive) => primitive.kind === "qr");
    const rows = qr?.symbol.rows ?? [];
    const drawn = (colour: boolean, blocks: string): string[] => {
      const lines = Buffer.from(renderLabel(builtIn("activation"), oneUnit, "terminal", { colour }))
        .toString("utf8")
        .split("\n")
        .slice(0, Math.ceil((rows.length + 8) / 2))
        .map((line) => line.replaceAll("\x1b[38;5;16;48;5;231m", "").replaceAll("\x1b[0m", ""));
      return lines.flatMap((line) =>
        [2, 1].map((half) => [...line].map((block) => ((blocks.indexOf(block) & half) === 0 ? "." : "#")).join("")),
      );
    };
    const margin = ".".repeat(rows.length + 8);
    const expected = [
      ...Array.from({ length: 4 }, () => margin),
      ...rows.map((row) => `....${row.map((isDark) => (isDark ? "#" : ".")).join("")}....`),
      ...Array.from({ length: 4 + ((rows.length + 8) % 2) }, () => margin),
    ];
    expect(drawn(true, " ▄▀█")).toEqual(expected);
    expect(drawn(false, "█▀▄ ")).toEqual(expected);
  });
});
