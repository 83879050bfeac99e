import { describe, expect, it } from "vitest";
import { didYouMean, editDistance, suggest } from "../../../src/daemon/config/suggest.js";

describe("did you mean", () => {
  it.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["porvision", "provision", 1],
    ["flaw", "lawn", 2],
  ])("from %j to %j it takes %d steps", (a, b, steps) => {
    expect(editDistance(a, b)).toBe(steps);
    expect(editDistance(b, a)).toBe(steps);
  });

  const keys = ["state_dir", "api.url", "api.provider", "modem.port", "reservation.max_reservations", "sim.fleet"];

  it.each([
    ["state-dir", "state_dir"],
    ["STATE_DIR", "state_dir"],
    ["api.provder", "api.provider"],
    ["api.ulr", "api.url"],
    ["max_reservations", "reservation.max_reservations"],
    ["reservations.max_reservation", "reservation.max_reservations"],
    ["modem.fleet", "sim.fleet"],
    ["__proto__", undefined],
    ["completely.else", undefined],
    ["x", undefined],
  ])("%j is near to %j", (typed, nearest) => {
    expect(suggest(typed, keys)).toBe(nearest);
  });

  it("says nothing rather than something far away", () => {
    expect(didYouMean("zzzzzz", keys)).toBe("");
    expect(didYouMean("modem.prot", keys)).toBe('; did you mean "modem.port"?');
  });

  it("stays quick on a very long word", () => {
    expect(suggest("a".repeat(100_000), keys)).toBeUndefined();
  });
});
