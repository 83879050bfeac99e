import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { LabelData } from "../../src/label/data.js";
import { renderLabel, renderLabels } from "../../src/label/label.js";
import { layoutLabel } from "../../src/label/layout.js";
import { type LabelTemplate, labelResolutions } from "../../src/label/template.js";
import { codesOf, type Picture, pictureOf, readCodes } from "./reading.js";
import { builtIn, codeTemplate, eidOf, oneUnit, texts, units } from "./units.js";

/** A label is right when a program that knows nothing of esimd reads it. */

/** ESIMD_SEED=N runs the same labels again. */
const seed = Number(process.env["ESIMD_SEED"] ?? Math.floor(performance.timeOrigin) % 2 ** 31);
const said = `seed ${seed}`;

const folder = mkdtempSync(join(tmpdir(), "esimd-label-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pngOf(template: LabelTemplate, data: LabelData): Picture {
  return pictureOf(renderLabel(template, data, "png"));
}

/** By librsvg. */
function svgOf(template: LabelTemplate, data: LabelData): Picture {
  const path = join(folder, "label.svg");
  writeFileSync(path, renderLabel(template, data, "svg"));
  const { stdout, status, stderr } = spawnSync("rsvg-convert", ["--dpi-x", "300", "--dpi-y", "300", path], {
    maxBuffer: 2 ** 26,
  });
  expect(status, String(stderr)).toBe(0);
  return pictureOf(stdout);
}

/** A page, from 1, by poppler. */
function pdfOf(pdf: Uint8Array, page: number): Picture {
  const path = join(folder, "label.pdf");
  writeFileSync(path, pdf);
  const words = [
    "-png",
    "-r",
    "300",
    "-f",
    String(page),
    "-l",
    String(page),
    "-singlefile",
    path,
    join(folder, "page"),
  ];
  const { status, stderr } = spawnSync("pdftoppm", words);
  expect([status, String(stderr)]).toEqual([0, ""]);
  return pictureOf(readFileSync(join(folder, "page.png")));
}

function isThere(program: string): boolean {
  const found = spawnSync(program, ["--help"]).error === undefined;
  if (!found) process.stderr.write(`${program} is not installed: no label is read back by it\n`);
  return found;
}

describe("PNG", () => {
  it.each(["unit", "activation"].flatMap((name) => labelResolutions.map((dpi) => ({ name, dpi }))))(
    "the template $name at $dpi dpi is read back",
    ({ name, dpi }) => {
      const template = { ...builtIn(name), dpi };
      const layout = layoutLabel(template, oneUnit);
      expect(readCodes(pngOf(template, oneUnit), layout)).toEqual(codesOf(layout));
      expect(codesOf(layout)).toEqual(
        name === "unit" ? ["GW-2026-000042", eidOf(4711n), eidOf(4711n)] : ["LPA:1$SMDP.EXAMPLE.COM$QR-0000-0042"],
      );
    },
  );

  it(`random units are read back, ${said}`, () => {
    fc.assert(
      fc.property(
        units,
        fc.constantFrom("unit", "activation"),
        fc.constantFrom(...labelResolutions),
        (data, name, dpi) => {
          const template = { ...builtIn(name), dpi };
          const layout = layoutLabel(template, data);
          expect(readCodes(pngOf(template, data), layout)).toEqual(codesOf(layout));
        },
      ),
      { seed, numRuns: 25 },
    );
  });

  it.each(["code128", "qr"] as const)(`any printable text in a %s is read back, ${said}`, (kind) => {
    fc.assert(
      fc.property(texts, (value) => {
        const data = { fields: { value } };
        expect(readCodes(pngOf(codeTemplate(kind), data), layoutLabel(codeTemplate(kind), data))).toEqual([value]);
      }),
      { seed, numRuns: 30 },
    );
  });
});

/** Finds the codes of a whole label by itself. */
describe.skipIf(!isThere("zbarimg"))("PNG, read by zbar", () => {
  it(`every code of a label is found, ${said}`, () => {
    const path = join(folder, "label.png");
    for (const data of [oneUnit, ...fc.sample(units, { seed, numRuns: 10 })]) {
      for (const name of ["unit", "activation"]) {
        writeFileSync(path, renderLabel(builtIn(name), data, "png"));
        const { stdout } = spawnSync("zbarimg", ["--quiet", "--raw", "--nodbus", path]);
        const found = String(stdout).trimEnd().split("\n").sort();
        expect(found).toEqual([...codesOf(layoutLabel(builtIn(name), data))].sort());
      }
    }
  });
});

describe.skipIf(!isThere("rsvg-convert"))("SVG, drawn by librsvg", () => {
  it.each(["unit", "activation"])("the template %s is read back", (name) => {
    const layout = layoutLabel(builtIn(name), oneUnit);
    const picture = svgOf(builtIn(name), oneUnit);
    expect(Math.abs(picture.width - layout.width)).toBeLessThan(2);
    expect(readCodes(picture, layout)).toEqual(codesOf(layout));
  });

  it(`any printable text leaves the drawing whole, ${said}`, () => {
    fc.assert(
      fc.property(texts, (value) => {
        const data = { fields: { value } };
        expect(readCodes(svgOf(codeTemplate("code128"), data), layoutLabel(codeTemplate("code128"), data))).toEqual([
          value,
        ]);
      }),
      { seed, numRuns: 5 },
    );
  });
});

describe.skipIf(!isThere("pdftoppm"))("PDF, drawn by poppler", () => {
  it.each(["unit", "activation"])("the template %s is read back, of every page", (name) => {
    const others = fc.sample(units, { seed, numRuns: 2 });
    const all = [oneUnit, ...others];
    const pdf = renderLabels(builtIn(name), all, "pdf");
    for (const [at, data] of all.entries()) {
      const layout = layoutLabel(builtIn(name), data);
      const picture = pdfOf(pdf, at + 1);
      expect(Math.abs(picture.width - layout.width)).toBeLessThan(2);
      expect(readCodes(picture, layout), said).toEqual(codesOf(layout));
    }
  });

  it("has its text as text", () => {
    const path = join(folder, "text.pdf");
    const data = { ...oneUnit, fields: { batch: "a (b) \\c" } };
    writeFileSync(path, renderLabel(builtIn("unit"), data, "pdf"));
    const { stdout } = spawnSync("pdftotext", ["-layout", path, "-"]);
    expect(String(stdout)).toContain("S/N GW-2026-000042");
    expect(String(stdout)).toContain("a (b) \\c");
  });
});
