import { describe, expect, it } from "vitest";
import { identityIn } from "../../src/modem/identity.js";

describe("what a modem says of itself", () => {
  it.each([
    ["a bare value", ["EC25"], "EC25"],
    ["a prefix and quotes", ['+CGMM: "SIM7600"'], "SIM7600"],
    ["more lines than one", ["EC25EFAR06A11M4G", "build 7"], "EC25EFAR06A11M4G"],
    ["noise before it, which looks like text in parts", ["\u00bdO<\u00f1", "z.@pz/", "EC25"], "EC25"],
    ["noise only", ["\u00bdO<\u00f1"], undefined],
    ["nothing", [], undefined],
  ])("%s", (_name, lines, expected) => {
    expect(identityIn(lines, "+CGMM")).toBe(expected);
  });
});
