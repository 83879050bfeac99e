import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { runTerminalWall } from "../../../src/station/wall/shell.js";
import { until } from "../../stories/conditions.js";
import { RehearsedStation } from "../rehearsed.js";

/** The wall's shell: what it draws when, what it hears, and how it leaves the terminal. */

function opened(slots = 4) {
  const clock = new VirtualClock();
  const station = new RehearsedStation({ clock, slots });
  const input = new PassThrough();
  const written: string[] = [];
  const ended = new AbortController();
  const wall = runTerminalWall(
    {
      control: station,
      input,
      write: (text) => written.push(text),
      size: () => ({ columns: 80, rows: 24 }),
      colour: false,
      clock,
    },
    ended.signal,
  );
  const text = (): string => written.join("");
  const clean = (): void => void written.splice(0);
  return { clock, station, input, wall, ended, text, clean, written };
}

describe("the terminal's wall", () => {
  it("draws what changes, four times a second at the most, and every second while nothing does", async () => {
    const { clock, station, wall, ended, text, clean, written } = opened();
    expect(text()).toContain("Put the next into slots 1, 2, 3 and 4.");
    clean();
    station.putIn(1);
    station.scan("SN1");
    for (let done = 0; done < 100; done++) {
      station.progress(1, done, 100);
      await clock.advance(10);
    }
    expect(written.length).toBeGreaterThanOrEqual(3);
    expect(written.length).toBeLessThanOrEqual(5);
    expect(text()).toContain("SN1");
    clean();
    await clock.advance(3_000);
    expect(written.length).toBeGreaterThanOrEqual(3);
    expect(written.length).toBeLessThanOrEqual(4);
    ended.abort();
    await wall;
    expect(clock.nextDueMs()).toBeUndefined();
    clean();
    station.putIn(2);
    await clock.advance(1_000);
    expect(text()).toBe("");
  });

  it("takes scans and orders a line each, in whatever pieces they come, and tells what was refused", async () => {
    const { station, input, wall, ended, text } = opened();
    station.putIn(1);
    station.putIn(2);
    input.write("SN-");
    input.write(Buffer.from("1\r\n2 SN-2\nretry 1\rof"));
    input.write("f 3\n");
    await until(() => station.asked.length === 4, "all four");
    expect(station.asked).toEqual(["scan SN-1", "scan SN-2 in 2", "retry 1", "off 3"]);
    await until(() => text().includes("slot 3 is out of work"), "the answer");
    expect(text()).toContain("slot 1 has no unit whose run has ended. ");
    input.write("drain\nquit\n");
    await until(() => station.asked.includes("stop"), "the stop");
    expect(station.asked.slice(4)).toEqual(["drain", "stop"]);
    ended.abort();
    await wall;
  });

  it("goes on without its input, and puts the terminal back in the end", async () => {
    const { clock, station, input, wall, ended, text } = opened();
    input.destroy(new Error("EIO"));
    await clock.advance(1_000);
    station.putIn(3);
    await clock.advance(1_000);
    expect(text()).toContain("Scan the unit in slot 3.");
    ended.abort();
    await wall;
    expect(text().startsWith("\x1b[?1049h")).toBe(true);
    expect(text().endsWith("\x1b[?1049l\x1b[?25h")).toBe(true);
  });
});
