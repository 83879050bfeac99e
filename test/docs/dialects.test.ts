import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { createCatalogue } from "../../src/modem/dialects/catalogue.js";
import { parseDialectFile } from "../../src/modem/dialects/file.js";
import { dialectSchema } from "../../src/modem/dialects/spec.js";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/dialects.md"), "utf8");

describe("docs/dialects.md", () => {
  it("has an example that works", () => {
    const example = /```toml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    const dialect = createCatalogue([parseDialectFile(example, "example.toml")]).find("quectel-index");
    expect(dialect.ownLpa?.download.kind).toBe("modem-network");
    expect(dialect.ownLpa?.enable.settle?.windowMs).toBe(120_000);
  });

  it("names every key of a dialect", () => {
    const keys = Object.keys(dialectSchema.shape).map((key) => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
    expect(keys.filter((key) => !page.includes(`\`${key}`))).toEqual([]);
  });
});
