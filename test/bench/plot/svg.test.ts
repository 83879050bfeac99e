import { describe, expect, it } from "vitest";
import { decadesTo, scaleTo } from "./scale.js";
import { type Plot, renderPlot } from "./svg.js";

const plot: Plot = {
  title: "Time by size, <5 % over",
  x: { label: "profile, kB" },
  y: { label: "seconds", format: (value) => value.toFixed(1) },
  series: [
    {
      name: "esimd",
      kind: "measured",
      points: [
        { x: 50, y: 10 },
        { x: 0, y: 0 },
        { x: 100, y: 20 },
      ],
    },
    {
      name: "the floor",
      kind: "limit",
      points: [
        { x: 0, y: 0 },
        { x: 100, y: 10 },
      ],
    },
  ],
};

describe("a plot", () => {
  it.each([
    [0, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [3.2, [0, 1, 2, 3, 4]],
    [150, [0, 50, 100, 150]],
    [0.07, [0, 0.02, 0.04, 0.06, 0.08]],
  ])("has ticks at round numbers up to beyond %f", (greatest, ticks) => {
    expect(scaleTo(greatest).ticks).toEqual(ticks);
  });

  it.each([
    [0.1, 7, [0.1, 1, 10]],
    [0.1, 10, [0.1, 1, 10]],
    [1, 0, [1, 10]],
  ])("goes from %f by tens to beyond %f", (least, greatest, ticks) => {
    const scale = decadesTo(least, greatest);
    expect(scale.ticks).toEqual(ticks);
    expect(ticks.map(scale.share)).toEqual(ticks.map((_, index) => expect.closeTo(index / (ticks.length - 1))));
    expect(scale.share(0)).toBe(0);
  });

  it("draws its points where they belong, from left to right", () => {
    // The frame is 636 wide from 64 on, and 288 high down to 332.
    expect(renderPlot(plot)).toContain('<path class="line s0" d="M64 332L382 188L700 44"/>');
    expect(renderPlot(plot)).toContain('<path class="line s1" d="M64 332L700 188"/>');
  });

  it("marks what was measured, and not what it is compared with", () => {
    const svg = renderPlot(plot);
    expect(svg.match(/class="mark s0"/g)).toHaveLength(4);
    expect(svg).not.toContain('class="mark s1"');
  });

  it("is well-formed whatever is written in it, and has colours for the dark as well", () => {
    const svg = renderPlot(plot);
    expect(svg).toContain("<title>Time by size, &lt;5 % over</title>");
    expect(svg).toContain("@media (prefers-color-scheme:dark)");
    const opened = svg.match(/<(svg|title|style|text)\b/g) ?? [];
    expect(svg.match(/<\/(svg|title|style|text)>/g)).toHaveLength(opened.length);
  });
});
