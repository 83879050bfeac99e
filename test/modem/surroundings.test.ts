import { describe, expect, it } from "vitest";
import { parseCesq, parseClock, parseCsq } from "../../src/modem/surroundings.js";

describe("the strength of the signal", () => {
  it.each([
    ["+CSQ: 21,99", { dBm: -71, measure: "RSSI" }],
    ["+CSQ:0,0", { dBm: -113, measure: "RSSI" }],
    ["+CSQ: 99,99", undefined],
    ["+CSQ: 199,99", undefined],
    ["", undefined],
  ])("%s", (line, expected) => {
    expect(parseCsq([line])).toEqual(expected);
  });

  it.each([
    ["+CESQ: 99,99,255,255,20,50", { dBm: -91, measure: "RSRP" }],
    ["+CESQ: 99,99,255,255,255,255,70,60,80", { dBm: -97, measure: "SS-RSRP" }],
    ["+CESQ: 30,0,255,255,255,255", undefined],
    ["+CESQ: 99,99,255,255,255,255,255,255,255", undefined],
  ])("%s", (line, expected) => {
    expect(parseCesq([line])).toEqual(expected);
  });
});

describe("the modem's clock", () => {
  it.each([
    ['+CCLK: "26/11/24,04:08:09+00"', "2026-11-24T04:08:09.000Z"],
    ['+CCLK: "26/11/24,06:08:09+08"', "2026-11-24T04:08:09.000Z"],
    ['+CCLK: "26/11/23,23:08:09-20"', "2026-11-24T04:08:09.000Z"],
    ['+CCLK:"2026/11/24,04:08:09+00"', "2026-11-24T04:08:09.000Z"],
    ['+CCLK: "26/11/24,04:08:09"', "2026-11-24T04:08:09.000Z"],
    ['+CCLK: "80/01/06,00:00:19+00"', undefined],
    ['+CCLK: "70/01/01,00:00:19+00"', undefined],
    ['+CCLK: "04/01/01,00:00:19+00"', undefined],
    ['+CCLK: "26/02/31,00:00:19+00"', undefined],
    ['+CCLK: "26/13/24,04:05:06+00"', undefined],
    ["+CCLK: nonsense", undefined],
  ])("%s", (line, expected) => {
    const clockMs = parseClock([line]);
    expect(clockMs === undefined ? undefined : new Date(clockMs).toISOString()).toBe(expected);
  });
});
