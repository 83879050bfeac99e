import { describe, expect, it } from "vitest";
import { builtInTemplateNames, builtInTemplateText } from "../../src/label/built-in.js";
import { parseTemplate } from "../../src/label/template-file.js";

const head = 'name = "own"\nwidth_mm = 50\nheight_mm = 30\ndpi = 203\n';
const text = '\n[[element]]\nkind = "text"\nx_mm = 1\ny_mm = 1\nheight_mm = 2\ncontent = "{serial}"\n';

describe("a template file", () => {
  it("is taken, with its defaults", () => {
    expect(parseTemplate(head + text, "own.toml")).toEqual({
      name: "own",
      widthMm: 50,
      heightMm: 30,
      dpi: 203,
      element: [{ kind: "text", xMm: 1, yMm: 1, heightMm: 2, content: "{serial}", align: "left", optional: false }],
    });
  });

  it.each(builtInTemplateNames)("is what esimd's own %s is", (name) => {
    expect(parseTemplate(builtInTemplateText(name) ?? "", name).name).toBe(name);
  });

  it.each([
    [head + text.replace("x_mm", "x_cm"), "own.toml: line 8: element.0.x_cm: there is no such key"],
    [head + text + text.replace("y_mm = 1", "y_mm = -1"), "own.toml: line 16: element.1.y_mm: "],
    [`${head + text}colour = "red"\n`, "own.toml: line 12: element.0.colour: there is no such key"],
    [`${head + text}optional = true\nxMm = 3\n`, "own.toml: line 13: element.0.xMm: there is no such key"],
    [
      head + text.replace('"text"', '"picture"'),
      "own.toml: line 7: element.0.kind: is none of text, code128, qr, line, box",
    ],
    [
      head + text.replace("{serial}", "{serial"),
      "own.toml: line 11: element.0.content: has a { that is part of no {name}",
    ],
    [
      head + text.replace("{serial}", "a} b"),
      "own.toml: line 11: element.0.content: has a } that is part of no {name}",
    ],
    [head.replace("203", "200") + text, "own.toml: line 4: dpi: "],
    [head, "own.toml: line 1: element: "],
    [
      head + text.replace('"text"', '"qr"').replace("height_mm", "module_dots").replace("= 2", "= 2\nmodule_mm = 0.5"),
      "own.toml: line 6: element.0: needs the width of a module, module_mm or module_dots, and not both",
    ],
    [
      head + text.replace('"text"', '"code128"').replace("height_mm = 2", "height_mm = 2\nmodule_dots = 11"),
      "own.toml: line 11: element.0.module_dots: ",
    ],
    ["name = \n", "own.toml: line 1, column 8: "],
  ])("%# is refused with the line and the key", (given, start) => {
    expect(() => parseTemplate(given, "own.toml")).toThrow(
      expect.objectContaining({
        code: "label_template_invalid",
        message: expect.stringMatching(new RegExp(`^${start.replace(/[{}.[\]]/g, "\\$&")}.*`)),
      }),
    );
  });
});
