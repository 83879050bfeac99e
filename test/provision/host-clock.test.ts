import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { buildDateMs, buildDateOf } from "../../src/base/build-date.js";
import { type ClockEvidence, judgeHostClock } from "../../src/provision/host-clock.js";

const hour = 3_600_000;
const builtAtMs = Date.UTC(2026, 10, 1);
const nowMs = Date.UTC(2026, 10, 27);
const alone: ClockEvidence = { nowMs, builtAtMs, isSynchronised: undefined, modem: "unasked" };

describe("the rule for the host's clock", () => {
  it.each([
    ["synchronised", { isSynchronised: true }, "synchronisation"],
    [
      "synchronised, whatever the modem says",
      { isSynchronised: true, modem: nowMs - 900 * 24 * hour },
      "synchronisation",
    ],
    [
      "not synchronised, and the modem agrees",
      { isSynchronised: false, modem: nowMs + 23 * hour },
      "the modem's clock",
    ],
    ["a day behind the modem's, to the minute", { modem: nowMs + 24 * hour }, "the modem's clock"],
    ["on its build date", { nowMs: builtAtMs, isSynchronised: true }, "synchronisation"],
  ] as const)("%s: sane", (_name, evidence, by) => {
    expect(judgeHostClock({ ...alone, ...evidence }, "evidence")).toEqual({ sane: true, by });
  });

  it.each([
    [
      "1970, although something synchronised it",
      { nowMs: 0, isSynchronised: true },
      /^the clock says 1970-01-01, before/,
    ],
    ["1970, as the modem has it", { nowMs: 0, modem: 0 }, /before this esimd was made$/],
    ["a millisecond before the build", { nowMs: builtAtMs - 1, isSynchronised: true }, /2026-10-31, before/],
    ["nobody to ask", {}, /is not known to be synchronised, and no modem was asked/],
    [
      "nobody who knows",
      { isSynchronised: false, modem: "unset" },
      /is not synchronised, and no network has set the modem's/,
    ],
    ["more than a day from the modem's", { modem: nowMs - 25 * hour }, /and the modem's clock says 2026-11-25$/],
  ] as const)("%s: not sane, and it says why", (_name, evidence, why) => {
    expect(judgeHostClock({ ...alone, ...evidence }, "evidence")).toEqual({
      sane: false,
      why: expect.stringMatching(why),
    });
  });

  it("takes the operator's word for any time but one before the build", () => {
    expect(judgeHostClock(alone, "build-date")).toEqual({ sane: true, by: "the operator" });
    expect(judgeHostClock({ ...alone, nowMs: 0 }, "build-date")).toMatchObject({ sane: false });
  });
});

describe("the build date", () => {
  it("is the one that the package's builder stamped, if that is a day", () => {
    expect(buildDateOf("2027-03-04")).toBe(Date.UTC(2027, 2, 4));
    for (const nonsense of [undefined, "", "yesterday", "2027-13-40", "9e99"])
      expect(buildDateOf(nonsense)).toBe(buildDateMs);
  });

  it("that the source knows is not later than any copyright or release that it names", () => {
    const changelog = readFileSync(resolve(import.meta.dirname, "../../docs/changelog.md"), "utf8");
    const named = [...changelog.matchAll(/^## .*(\d{4}-\d\d-\d\d)/gm)].map(([, day = ""]) => Date.parse(day));
    // A release that is dated there must be what the source says of itself.
    expect(buildDateMs).toBeGreaterThanOrEqual(Math.max(Date.UTC(2026, 0, 1), ...named));
    expect(buildDateMs).toBeLessThan(Date.now());
  });
});
