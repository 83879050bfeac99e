import { describe, expect, it } from "vitest";
import { longestDurationMs, parseDuration } from "../../../src/daemon/config/duration.js";

describe("durations", () => {
  it.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["15min", 900_000],
    ["15 min", 900_000],
    ["1h", 3_600_000],
    ["1.5h", 5_400_000],
    ["2d", 172_800_000],
    ["90", 90_000],
    [90, 90_000],
    [0, 0],
    ["7d", longestDurationMs],
  ])("%j is %d ms", (raw, ms) => {
    expect(parseDuration(raw)).toBe(ms);
  });

  it.each([
    "",
    "min",
    "15m",
    "15 minutes",
    "-5s",
    "1e3",
    "1.5",
    "8d",
    "99999999999s",
    "5s5s",
    "5s\n5s",
    Number.NaN,
    -1,
    1.5,
    1e9,
  ])("%j is none", (raw) => {
    expect(parseDuration(raw)).toBeUndefined();
  });
});
