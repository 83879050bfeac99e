import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { errorCodes, errorRegistry } from "../../src/base/error-registry.js";
import { sections } from "../../src/daemon/config/schema.js";
import { documentedTables } from "./config-page.js";
import { documentedExitStatuses } from "./errors-page.js";
import { generatedPages } from "./pages.js";

const docs = resolve(import.meta.dirname, "../../docs");

describe("the generated pages of docs/", () => {
  it.each(Object.entries(generatedPages))(
    "%s says what the code says (`npm run docs` writes it anew)",
    (name, render) => {
      const path = join(docs, name);
      if (process.env["ESIMD_DOCS"] === "write") writeFileSync(path, render());
      expect(existsSync(path) ? readFileSync(path, "utf8") : "no such page").toBe(render());
    },
  );

  it("explain every exit status that an error can have", () => {
    expect(errorCodes.filter((code) => !documentedExitStatuses.has(errorRegistry[code].exit))).toEqual([]);
  });

  it("have a heading for every table of the configuration", () => {
    expect(Object.keys(sections).filter((table) => !documentedTables.has(table))).toEqual([]);
  });
});
