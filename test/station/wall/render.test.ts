import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { renderWall } from "../../../src/station/wall/render.js";
import { typedLine } from "../../../src/station/wall/typed.js";
import { everyPhase, shiftClock, workedShift } from "../page/scenes.js";
import { RehearsedStation } from "../rehearsed.js";

/** The wall on a terminal. */

const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

async function lineOf(slots: number): Promise<RehearsedStation> {
  const clock = shiftClock();
  const station = new RehearsedStation({ clock, slots, budget: 600 });
  await workedShift(station, clock, 20);
  await everyPhase(station, clock, slots);
  return station;
}

describe("the wall on a terminal", () => {
  it.each([
    [1, 79, 22],
    [8, 79, 22],
    [24, 79, 22],
    [64, 79, 22],
    [64, 159, 50],
    [64, 40, 12],
    [3, 20, 6],
    [64, 1, 5],
  ])("of %i slots fits %i by %i, with and without colours", async (slots, columns, rows) => {
    const station = await lineOf(slots);
    for (const colour of [true, false]) {
      const lines = renderWall(station.view(), { columns, rows, colour });
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(line.replace(colours, "").length).toBeLessThanOrEqual(columns);
      expect(lines.some((line) => line.includes("\x1b"))).toBe(colour);
    }
  });

  it("has every one of 64 slots in 80 by 24, with its word and the end of its serial number", async () => {
    const station = await lineOf(64);
    const text = renderWall(station.view(), { columns: 79, rows: 22, colour: false }).join("\n");
    const words = { passed: "+ PASS", failed: "X FAIL", "needs-serial": "> SCAN", empty: "EMPTY", off: "- OFF" };
    for (const { number, phase, unit } of station.view().slots) {
      const word = phase.kind in words ? Reflect.get(words, phase.kind) : "~";
      const serial = unit.serial === null ? "" : `…${unit.serial.slice(-5)}`;
      expect(text).toMatch(
        new RegExp(`(^|\\s)${number}\\s+${String(word).replace("+", "\\+")}[^\\n]{0,12}?${serial}`, "m"),
      );
    }
  });

  it("writes the verdicts of a few slots in letters of three rows", async () => {
    const station = new RehearsedStation({ clock: new VirtualClock(), slots: 2 });
    for (const slot of [1, 2]) {
      station.putIn(slot);
      station.scan(`SN${slot}`);
    }
    station.pass(1);
    station.fail(2, "modem_silent", "The modem gives no answer.");
    const lines = renderWall(station.view(), { columns: 79, rows: 22, colour: false });
    const text = lines.join("\n");
    for (const row of ["█▀▄ ▄▀▄ ▄▀▀ ▄▀▀", "█▀  █▀█  ▀▄  ▀▄", "█▀▀ ▄▀▄ █ █  ", "█▀  █▀█ █ █  "])
      expect(text).toContain(row);
    expect(text).toContain("modem_silent: The modem gives no");
    expect(text).toContain("Take it out: it is good.");
    expect(text).toContain("PASS 1  FAIL 1  yield 50.0 %");
    expect(lines[1]).toContain("Take the failed out of slot 2.");
    expect(lines.at(-1)).toBe(" + SN2: It runs in slot 2.".padEnd(79));
  });

  it("lets no text from outside reach the terminal as anything but text", () => {
    const station = new RehearsedStation({ clock: new VirtualClock(), slots: 1, name: "\x1b]0;title\x07line" });
    station.putIn(1);
    station.scan("\x1b[2J\r\n\u202e\u4e2d");
    station.scan("SN1");
    station.fail(1, "smdp_error", "\x1b[31mred\x9b2J");
    station.scan("\x1b[2J\r\n\u202e\u4e2d");
    const lines = renderWall(station.view(), { columns: 79, rows: 22, colour: false });
    // Printable ASCII, the few signs that are our own, and nothing else.
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e…–▀▄█░]*$/);
    expect(lines.join("")).toContain("?[31mred?2J");
  });

  it("tells of slots that there is no room for", async () => {
    const station = await lineOf(64);
    expect(renderWall(station.view(), { columns: 40, rows: 12, colour: false }).join("\n")).toContain(
      "make this terminal larger",
    );
  });
});

describe("a line that is typed or scanned", () => {
  it.each([
    ["", { kind: "nothing" }],
    ["  SN123 ", { kind: "scan", text: "SN123", slot: undefined }],
    ["SLOT 7", { kind: "scan", text: "SLOT 7", slot: undefined }],
    ["7 SN 123", { kind: "scan", text: "SN 123", slot: 7 }],
    ["65 SN1", { kind: "scan", text: "65 SN1", slot: undefined }],
    ["12345", { kind: "scan", text: "12345", slot: undefined }],
    ["7", { kind: "scan", text: "7", slot: undefined }],
    ["retry 7", { kind: "retry", slot: 7 }],
    ["OFF 64", { kind: "off", slot: 64 }],
    ["on 1", { kind: "on", slot: 1 }],
    ["retry", { kind: "scan", text: "retry", slot: undefined }],
    ["retry 7 8", { kind: "scan", text: "retry 7 8", slot: undefined }],
    ["drain", { kind: "drain" }],
    ["Quit", { kind: "quit" }],
    ["7 drain", { kind: "scan", text: "drain", slot: 7 }],
  ])("%j is %j", (line, typed) => expect(typedLine(line)).toEqual(typed));
});
