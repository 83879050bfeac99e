import { describe, expect, it } from "vitest";
import { afterInstallation, nothingKnown, type SegmentKnowledge } from "../../../src/lpa/apdu/segment-size.js";

/** What one package teaches of the segments that a model of modem takes. */

const known = (bytes: number, more: Partial<SegmentKnowledge> = {}): SegmentKnowledge => ({
  ...nothingKnown,
  bytes,
  ...more,
});

describe("after a package was loaded", () => {
  it.each<[string, SegmentKnowledge, number, SegmentKnowledge]>([
    ["with what was thought right, it is right", known(255, { strikes: 1 }), 255, known(255)],
    ["with the first size that was ever tried, it is right", nothingKnown, 255, known(255)],
    ["with less, once, it may have been an accident", known(255, { doubt: 200 }), 200, known(255, { strikes: 1 })],
    ["with less, twice in a row, it is what the model takes", known(255, { doubt: 200, strikes: 1 }), 200, known(200)],
    ["with much less, once, the next begins where it began", known(255, { doubt: 60 }), 60, known(255, { strikes: 1 })],
  ])("%s", (_what, before, used, after) => {
    expect(afterInstallation(before, used)).toEqual(after);
  });
});
