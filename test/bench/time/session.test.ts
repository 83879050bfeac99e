import { describe, expect, it } from "vitest";
import { encodeTlv } from "../../../src/lpa/asn1/tlv.js";
import { ceilings } from "../ceilings.js";
import { measureDownload } from "../download.js";
import { type Setting, ts48Bytes } from "../setting.js";
import type { Turn } from "../wire-tap.js";
import { es10ExchangesOf, forcedExchanges, partLengths, sessionOf } from "./session.js";

const settings: readonly (readonly [string, Setting])[] = [
  ["AT+CGLA", { way: "CGLA", cut: "sgp22", profileBytes: ts48Bytes, segmentBytes: undefined }],
  ["AT+CSIM", { way: "CSIM", cut: "sgp22", profileBytes: ts48Bytes, segmentBytes: undefined }],
  ["segments of 120", { way: "CGLA", cut: "osmo-smdpp", profileBytes: ts48Bytes, segmentBytes: 120 }],
  [
    "a modem that fetches what 61xx announces",
    { way: "CGLA", cut: "sgp22", profileBytes: ts48Bytes, segmentBytes: undefined, dialect: "quectel-iccid" },
  ],
];

describe("a download's session", () => {
  it.each(settings)("takes the exchanges that its package forces, and no more: %s", async (_name, setting) => {
    const figures = await measureDownload(setting);
    // A package of this size cannot go into fewer segments than this: then the formula forgets something.
    expect(figures.forcedExchanges).toBeGreaterThan(ts48Bytes / (setting.segmentBytes ?? 255));
    const { channel = 0 } = figures.exchangesByPurpose;
    expect(figures.exchanges - channel - figures.forcedExchanges).toBeLessThanOrEqual(ceilings.exchangesBeyondForced);
    expect(figures.requests).toBeLessThanOrEqual(ceilings.downloadRequests);
  });

  it("is what the line carried from its first command to the install result, whatever came before", () => {
    const session = sessionOf([
      turn("AT+CCHO=1", "+CCHO: 1"),
      apdu("80E2910003BF2D00", "BF2D029000"),
      apdu("80E2910003BF2000", "6105"),
      apdu("80C0000005", "BF2002A0009000"),
      apdu("80E2910003BF2E00", "BF2E009000"),
      apdu("80E2910002A000", "9000"),
      apdu("80E2910003860100", "BF37009000"),
      apdu("80E2910003BF2800", "BF28009000"),
    ]);
    expect(session.map(({ sent }) => /"(\w+)"/.exec(sent)?.[1])).toEqual([
      "80E2910003BF2000",
      "80C0000005",
      "80E2910003BF2E00",
      "80E2910002A000",
      "80E2910003860100",
    ]);
  });

  it("puts the blocks of a command together, and the pieces of an answer", () => {
    const found = es10ExchangesOf([
      apdu("80E2110003BF3802", "9000"),
      apdu("80E29101021122", "6104"),
      apdu("80C0000004", "BF3801AA9000"),
    ]);
    expect(found).toMatchObject([
      { purpose: "authenticate server", command: Buffer.from("BF38021122", "hex"), answerBytes: 4 },
    ]);
  });

  it("has every part of a package as a chain of its own, and the heads of its sequences with nothing behind them", () => {
    const bytes = (count: number): Uint8Array => new Uint8Array(count);
    const bpp = encodeTlv(
      0xbf36,
      encodeTlv(0xbf23, bytes(100)),
      encodeTlv(0xa0, encodeTlv(0x87, bytes(30))),
      encodeTlv(0xa1, encodeTlv(0x88, bytes(40)), encodeTlv(0x88, bytes(50))),
      encodeTlv(0xa3, encodeTlv(0x86, bytes(300)), encodeTlv(0x86, bytes(20))),
    );
    // BF36 and its length are 5 bytes, BF23 and its length 3.
    expect(partLengths(bpp)).toEqual([5 + 3 + 100, 2 + 2 + 30, 2, 42, 52, 4, 304, 22]);
    const load = { purpose: "load package", command: bpp, answerBytes: 300 } as const;
    const asked = { purpose: "challenge", command: bytes(5), answerBytes: 21 } as const;
    // Eight parts of which one takes two segments, the challenge, and where the host fetches one answer of one piece and one of two.
    expect(forcedExchanges([asked, load], { segmentBytes: 255, hostFetches: false })).toBe(1 + 9);
    expect(forcedExchanges([asked, load], { segmentBytes: 255, hostFetches: true })).toBe(1 + 9 + 1 + 2);
    // What was asked twice is not forced twice.
    expect(forcedExchanges([asked, asked, load], { segmentBytes: 255, hostFetches: false })).toBe(1 + 9);
  });
});

function turn(sent: string, line: string): Turn {
  return { sent: `${sent}\r`, received: `\r\n${line}\r\n\r\nOK\r\n` };
}

function apdu(command: string, response: string): Turn {
  return turn(`AT+CGLA=1,${command.length},"${command}"`, `+CGLA: ${response.length},"${response}"`);
}
