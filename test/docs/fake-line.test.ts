import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fakeLineCommand } from "../../src/commands/fake-line.js";
import { faultKinds, faultOf } from "../../src/emulator/line/faults.js";

const page = readFileSync(new URL("../../docs/fake-line.md", import.meta.url), "utf8");

describe("docs/fake-line.md", () => {
  it("names every flag", () => {
    const flags = Object.keys(fakeLineCommand.flags).filter((flag) => flag !== "log-level");
    expect(flags.filter((flag) => !page.includes(`\`--${flag}`))).toEqual([]);
  });

  it("has every fault, with its verdict, its codes and its charge", () => {
    for (const kind of faultKinds) {
      const row = page.split("\n").find((line) => line.startsWith(`| \`${kind}\` |`)) ?? "";
      const [, , , verdict = "", charge = ""] = row.split("|");
      const { expected, costsCharge } = faultOf(kind);
      expect([kind, verdict.trim().slice(0, 4)]).toEqual([kind, expected.verdict]);
      expect([kind, charge.trim().startsWith("yes")]).toEqual([kind, costsCharge]);
      for (const code of expected.verdict === "FAIL" ? expected.codes : []) expect(verdict).toContain(`\`${code}\``);
    }
  });
});
