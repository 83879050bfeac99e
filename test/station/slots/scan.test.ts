import { describe, expect, it } from "vitest";
import { readScan } from "../../../src/station/slots/scan.js";

describe("what a scanner read", () => {
  it.each([
    ["SLOT 7", 7],
    ["slot-07", 7],
    ["SLOT:64", 64],
    ["SLOT3", 3],
    ["  SLOT 12\r", 12],
  ])("%j chooses a slot", (text, slot) => {
    expect(readScan(text)).toEqual({ kind: "slot", slot });
  });

  it.each([
    ["SN-123", "SN-123", undefined],
    [" SN-123\r\n", "SN-123", undefined],
    ["7@SN-123", "SN-123", 7],
    ["64@SN 1/2", "SN 1/2", 64],
    // No slot's label: serial numbers that look a little like one.
    ["SLOT 123", "SLOT 123", undefined],
    ["SLOTH-1", "SLOTH-1", undefined],
    ["7", "7", undefined],
    ["A".repeat(64), "A".repeat(64), undefined],
  ])("%j is a serial number", (text, serial, slot) => {
    expect(readScan(text)).toEqual({ kind: "serial", serial, slot });
  });

  it.each([
    ["", '"" is not a serial number'],
    ["@SN-1", '"@SN-1" is not a serial number'],
    ["123@SN-1", '"123@SN-1" is not a serial number'],
    ["7@", '"7@" is not a serial number'],
    ["7@-", '"-" is not a serial number'],
    ["=1+1", '"=1+1" is not a serial number'],
    ["SN\u00001", "is not a serial number"],
    ["A".repeat(65), "is not a serial number"],
  ])("%j is neither", (text, part) => {
    const scan = readScan(text);
    expect(scan.kind).toBe("unreadable");
    if (scan.kind === "unreadable") {
      expect(scan.sentence).toContain(part);
      expect(scan.sentence).toMatch(/^The scan: .*\.$/);
    }
  });
});
