import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { labelCommand } from "../../src/commands/label.js";
import { builtInTemplateNames, builtInTemplateText } from "../../src/label/built-in.js";
import { labelFormats } from "../../src/label/label.js";
import { elementKeys } from "../../src/label/template.js";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/labels.md"), "utf8");

describe("docs/labels.md", () => {
  it("has the template unit as it is", () => {
    expect(/```toml\n([\s\S]*?)```/.exec(page)?.[1]).toBe(builtInTemplateText("unit"));
  });

  it("shows every built-in template", () => {
    expect(builtInTemplateNames.filter((name) => !page.includes(`(label-${name}.svg)`))).toEqual([]);
  });

  it("names every key of every element, in its row", () => {
    const missing = Object.entries(elementKeys).flatMap(([kind, keys]) => {
      const row = page.split("\n").find((line) => line.startsWith(`| \`${kind}\` | \`x_mm\``)) ?? "";
      const snake = keys
        .filter((key) => key !== "kind")
        .map((key) => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
      return snake.filter((key) => !row.includes(`\`${key}\``)).map((key) => `${kind}.${key}`);
    });
    expect(missing).toEqual([]);
  });

  it("names every format, and the flags of its own", () => {
    expect(labelFormats.filter((format) => !page.includes(`| \`${format}\` |`))).toEqual([]);
    const own = Object.keys(labelCommand.flags).slice(0, Object.keys(labelCommand.flags).indexOf("print-timeout") + 1);
    expect(own.filter((flag) => !page.includes(`--${flag}`))).toEqual([]);
  });
});
