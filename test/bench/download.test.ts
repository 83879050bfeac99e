import { describe, expect, it } from "vitest";
import { ceilings } from "./ceilings.js";
import { measureDownload } from "./download.js";
import { measureProvision } from "./provision.js";
import { type Cut, ts48Bytes, type Way } from "./setting.js";

/** The gate of `npm run bench -- --only download`: counts, which no machine changes. */

const settings: readonly (readonly [Way, Cut])[] = [
  ["CGLA", "sgp22"],
  ["CGLA", "osmo-smdpp"],
  ["CSIM", "osmo-smdpp"],
];
const cutNames: readonly Cut[] = ["sgp22", "osmo-smdpp"];

describe("on the serial line, for a profile of 11.8 kB", () => {
  it.each(settings)("the download step stays within its ceilings: AT+%s, %s cut", async (way, cut) => {
    const figures = await measureDownload({ way, cut, segmentBytes: undefined, profileBytes: ts48Bytes });
    // Fewer than this cannot carry the profile: then something was not counted.
    expect(figures.exchanges).toBeGreaterThan(ts48Bytes / 255);
    expect(figures.bytesToModem).toBeGreaterThan(2 * ts48Bytes);
    expect(figures.exchanges).toBeLessThanOrEqual(ceilings.downloadExchanges);
    expect(figures.ratio).toBeGreaterThan(1);
    expect(figures.ratio).toBeLessThanOrEqual(ceilings.bytesToFloor);
  });

  it.each(cutNames)("a whole provision stays within its ceiling: AT+CGLA, %s cut", async (cut) => {
    const { exchanges, exchangesByPurpose } = await measureProvision({ way: "CGLA", cut, profileBytes: ts48Bytes });
    expect(exchanges).toBeLessThanOrEqual(ceilings.provisionExchanges);
    const { eid, enable, notifications, "profile list": lists } = exchangesByPurpose;
    expect({ eid, enable, lists, notifications }).toEqual({ eid: 2, enable: 2, lists: 6, notifications: 10 });
  });
});
