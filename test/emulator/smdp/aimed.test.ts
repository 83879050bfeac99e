import { describe, expect, it } from "vitest";
import { Behaviours, checkScenario, type ScenarioInput } from "../../../src/emulator/smdp/scenario.js";

const [one, other] = ["89049032123451234512345678901235", "89049032000000000001000000000016"] as const;

const behaviours = (...entries: NonNullable<ScenarioInput["behaviours"]>): Behaviours =>
  new Behaviours(checkScenario({ behaviours: entries }, "the test"));

describe("a behaviour of the SM-DP+ that is aimed at one eUICC", () => {
  it("leaves the others alone, and counts its calls alone", () => {
    const aimed = behaviours({ function: "getBoundProfilePackage", eid: one, nth: 2, do: { kind: "wrong-mac" } });
    const ask = (eid: string | undefined) => aimed.next("getBoundProfilePackage", eid)?.kind;
    expect([ask(other), ask(one), ask(other), ask(undefined), ask(one), ask(one)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      "wrong-mac",
      undefined,
    ]);
  });

  it("is not taken for another one that is aimed at, too", () => {
    const aimed = behaviours(
      { function: "getBoundProfilePackage", eid: one, do: { kind: "wrong-mac" } },
      { function: "getBoundProfilePackage", eid: other, do: { kind: "cut" } },
    );
    expect(aimed.next("getBoundProfilePackage", other)?.kind).toBe("cut");
    expect(aimed.next("getBoundProfilePackage", one)?.kind).toBe("wrong-mac");
  });

  it("is refused where the function does not know whom it serves", () => {
    expect(() => behaviours({ function: "initiateAuthentication", eid: one, do: { kind: "cut" } })).toThrow(
      /behaviours\.0.*getBoundProfilePackage and cancelSession only/,
    );
  });
});
