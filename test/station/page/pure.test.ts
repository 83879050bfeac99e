import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { chartOf, scaleTop } from "../../../src/station/page/browser/chart.js";
import { gridFor, neighbour } from "../../../src/station/page/browser/grid.js";
import { headlineOf, slotWords } from "../../../src/station/page/browser/headline.js";
import { fastMs, Wedge } from "../../../src/station/page/browser/wedge.js";
import { durationText, percentOf, shareText } from "../../../src/station/page/browser/words.js";
import { RehearsedStation } from "../rehearsed.js";

/** The page's decisions that need no browser. */

describe("the keyboard wedge", () => {
  /** Types `keys` with `stepMs` between them; what it was taken for at the end. */
  const typed = (keys: readonly string[], stepMs: number, more: object = {}) => {
    const wedge = new Wedge();
    let atMs = 1_000;
    let meaning: unknown;
    for (const key of keys) {
      meaning = wedge.hear({ key, isCommand: false, isInTextField: false, atMs, ...more });
      atMs += stepMs;
    }
    return meaning;
  };
  const letters = (text: string): readonly string[] => [...text];

  it.each([
    ["a fast serial number and Enter", [...letters("GW24-1"), "Enter"], 3, { kind: "scan", text: "GW24-1" }],
    ["one that ends with Tab", [...letters("GW24-1"), "Tab"], fastMs, { kind: "scan", text: "GW24-1" }],
    ["a slot's label, with its space", [...letters("SLOT 7"), "Enter"], 3, { kind: "scan", text: "SLOT 7" }],
    ["shifted letters", ["Shift", "G", "Shift", "W", "Shift", "X", "Enter"], 3, { kind: "scan", text: "GWX" }],
    ["a person's typing", [...letters("GW24-1"), "Enter"], fastMs + 1, { kind: "other" }],
    ["two letters and Enter", ["a", "b", "Enter"], 3, { kind: "other" }],
    ["Enter alone", ["Enter"], 3, { kind: "other" }],
    ["a shortcut", ["?"], 3, { kind: "first" }],
    ["arrows", ["ArrowLeft", "ArrowLeft", "ArrowLeft", "Enter"], 3, { kind: "other" }],
  ])("takes %s for what it is", (_, keys, stepMs, expected) => expect(typed(keys, stepMs)).toEqual(expected));

  it("leaves a text field and commands alone", () => {
    expect(typed([...letters("GW24-1"), "Enter"], 3, { isInTextField: true })).toEqual({ kind: "other" });
    expect(typed([...letters("GW24-1"), "Enter"], 3, { isCommand: true })).toEqual({ kind: "other" });
  });

  it("begins anew after a pause, and keeps no more than a scan may have", () => {
    const wedge = new Wedge();
    const hear = (key: string, atMs: number) => wedge.hear({ key, isCommand: false, isInTextField: false, atMs });
    hear("x", 0);
    for (const [index, key] of letters("SN1").entries()) hear(key, 1_000 + index);
    expect(hear("Enter", 1_003)).toEqual({ kind: "scan", text: "SN1" });
    for (let index = 0; index < 1_000; index++) hear("a", 2_000 + index);
    expect(hear("Enter", 3_000)).toEqual({ kind: "scan", text: "a".repeat(256) });
  });
});

describe("the wall's grid", () => {
  it.each([
    [1, 1560, 900, 1, 1],
    [8, 1560, 900, 4, 2],
    [64, 1560, 900, 8, 8],
    [64, 1020, 600, 8, 8],
    [24, 1560, 900, 6, 4],
    [3, 1560, 300, 3, 1],
    [3, 300, 1560, 1, 3],
  ])("has for %i slots in %i by %i: %i columns, %i rows", (count, width, height, columns, rows) =>
    expect(gridFor(count, width, height, count > 30 ? 1.7 : 1.25)).toEqual({ columns, rows }),
  );

  it("holds every slot, whatever its room", () => {
    for (let count = 1; count <= 64; count++)
      for (const [width, height] of [
        [100, 2_000],
        [2_000, 100],
        [800, 600],
        [0, 0],
      ] as const) {
        const { columns, rows } = gridFor(count, width, height);
        expect(columns * rows).toBeGreaterThanOrEqual(count);
        expect((rows - 1) * columns).toBeLessThan(count);
      }
  });

  it("moves the focus by arrows, and nowhere beyond its ends", () => {
    expect(neighbour(0, "left", 6, 4)).toBe(0);
    expect(neighbour(1, "down", 6, 4)).toBe(5);
    expect(neighbour(2, "down", 6, 4)).toBe(2);
    expect(neighbour(5, "up", 6, 4)).toBe(1);
    expect(neighbour(5, "right", 6, 4)).toBe(5);
    expect(neighbour(3, "last", 6, 4)).toBe(5);
    expect(neighbour(3, "first", 6, 4)).toBe(0);
  });
});

describe("the one sentence", () => {
  it("is what is most urgent", () => {
    const station = new RehearsedStation({ clock: new VirtualClock(), slots: 3 });
    const sentence = (): string => headlineOf(station.view()).sentence;
    expect(sentence()).toBe("Put the next into slots 1, 2 and 3.");
    station.scan("SN0", 3);
    expect(sentence()).toBe("Put the scanned in: slot 3.");
    station.putIn(1);
    expect(sentence()).toBe("Scan the unit in slot 1.");
    station.scan("SN1", 1);
    station.fail(1, "modem_silent", "The modem gives no answer.");
    expect(sentence()).toBe("Take the failed out of slot 1.");
    station.takeOut(1);
    station.putIn(3);
    station.pass(3);
    expect(sentence()).toBe("Take the good out of slot 3.");
    station.setNotice("The provider has no stock.");
    expect(headlineOf(station.view())).toEqual({ tone: "alarm", sentence: "The provider has no stock." });
    station.setNotice(null);
    station.drain();
    expect(sentence()).toBe("Nothing runs any more, and nothing new begins.");
    station.stop();
    expect(sentence()).toBe("The station stops. Leave every unit where it is.");
  });

  it("names as many slots as an eye takes in", () => {
    expect(slotWords([7])).toBe("slot 7");
    expect(slotWords([1, 2])).toBe("slots 1 and 2");
    expect(slotWords([1, 2, 3, 4, 5])).toBe("slots 1, 2, 3 and 2 more");
  });
});

describe("figures in words", () => {
  it.each([
    [0, "0:00"],
    [-5, "0:00"],
    [65_900, "1:05"],
    [3_723_000, "1:02:03"],
  ])("%i ms are %s", (ms, text) => expect(durationText(ms)).toBe(text));

  it("never round a failed unit or an unfinished download away", () => {
    expect(shareText(1_999, 2_000)).toBe("99.9 %");
    expect(shareText(0, 0)).toBe("–");
    expect(percentOf({ doneBytes: 999, totalBytes: 1_000 })).toBe(99);
    expect(percentOf({ doneBytes: 5, totalBytes: 0 })).toBe(0);
    expect(percentOf({ doneBytes: 9, totalBytes: 5 })).toBe(100);
  });
});

describe("the shift's chart", () => {
  it("stacks failed on passed, to one scale", () => {
    const pieces = [
      { fromMs: 0, passed: 3, failed: 1 },
      { fromMs: 600_000, passed: 0, failed: 0 },
    ];
    const { bars, top } = chartOf(pieces, { width: 100, height: 40 }, String);
    expect(top).toBe(4);
    expect(bars[0]).toEqual({ x: 0, width: 40, passed: { y: 10, height: 30 }, failed: { y: 0, height: 10 } });
    expect(bars[1]).toMatchObject({ passed: { height: 0 }, failed: { height: 0 } });
  });

  it.each([
    [1, 1],
    [3, 4],
    [9, 10],
    [26, 40],
    [101, 200],
  ])("has for %i a scale to %i", (value, top) => expect(scaleTop(value)).toBe(top));
});
