import { describe, expect, it } from "vitest";
import { modemClockOf } from "../../src/modem/modem-clock.js";

describe("the modem's clock (TS 27.007 8.15)", () => {
  it.each([
    ['+CCLK: "26/11/24,04:05:06+04"', "2026-11-24T03:05:06.000Z"],
    ['+CCLK: "26/11/24,04:05:06-20"', "2026-11-24T09:05:06.000Z"],
    ['+CCLK: "26/11/24,04:05:06"', "2026-11-24T04:05:06.000Z"],
    ['+CCLK:"26/11/24,04:05:06+00"', "2026-11-24T04:05:06.000Z"],
    // Never set.
    ['+CCLK: "80/01/06,00:00:12+00"', undefined],
    ['+CCLK: "70/01/01,00:00:12+00"', undefined],
    ['+CCLK: "04/01/01,00:00:12+00"', undefined],
    ['+CCLK: "26/13/24,04:05:06+00"', undefined],
    ["+CCLK: ", undefined],
  ])("%s", (line, expected) => {
    const ms = modemClockOf([line]);
    expect(ms === undefined ? undefined : new Date(ms).toISOString()).toBe(expected);
  });
});
