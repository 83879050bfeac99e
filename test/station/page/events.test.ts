import { get, type IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { bounds } from "../../../src/station/page/bounds.js";
import { isChange, isView, withChange } from "../../../src/station/page/browser/change.js";
import { ViewFeed } from "../../../src/station/page/feed.js";
import { streamView } from "../../../src/station/page/view-stream.js";
import type { StationView } from "../../../src/station/view.js";
import { until } from "../../stories/conditions.js";
import { RehearsedStation } from "../rehearsed.js";
import { onPage } from "./bench.js";
import { ask } from "./http.js";

/** What an open page is sent: the whole once, then what changes, and never more than it reads. */

interface Frame {
  readonly event: string;
  readonly data: unknown;
}

/** A reader on its own, without HTTP: what reaches it, and how fast it takes it. */
function reader(clock: VirtualClock, slots = 4) {
  const station = new RehearsedStation({ clock, slots });
  const feed = new ViewFeed(station, clock);
  const frames: Frame[] = [];
  const dropped: string[] = [];
  let isReading = true;
  let room = (): void => undefined;
  const end = streamView(
    feed,
    {
      write: (text) => {
        const [, event = "", data = "null"] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
        frames.push({ event, data: JSON.parse(data) });
        return isReading;
      },
      onRoom: (listener) => {
        room = listener;
      },
      drop: (why) => dropped.push(why),
    },
    clock,
  );
  const stop = (): void => {
    isReading = false;
  };
  const goOn = (): void => {
    isReading = true;
    room();
  };
  return { station, frames, dropped, end, stop, goOn };
}

/** The view as a page has it after all frames. */
function shownBy(frames: readonly Frame[]): StationView | undefined {
  let view: StationView | undefined;
  for (const { event, data } of frames) {
    if (event === "view" && isView(data)) view = data;
    if (event === "change" && isChange(data) && view !== undefined) view = withChange(view, data);
  }
  return view;
}

describe("the events of a page", () => {
  it("are the whole view first, and then only what is other, four times a second at the most", async () => {
    const clock = new VirtualClock();
    const { station, frames } = reader(clock);
    expect(frames).toEqual([{ event: "view", data: station.view() }]);
    await clock.advance(1_000);
    station.putIn(2);
    station.scan("SN1");
    for (let done = 0; done < 40; done++) {
      station.progress(2, done * 100, 4_000);
      await clock.advance(25);
    }
    const changes = frames.filter(({ event }) => event === "change");
    expect(changes.length).toBeGreaterThanOrEqual(3);
    expect(changes.length).toBeLessThanOrEqual(5);
    await clock.advance(bounds.changeMs);
    expect(shownBy(frames)).toEqual({ ...station.view(), atMs: expect.any(Number) });
    // Where one slot moved, one slot goes over the wire.
    expect(changes.at(-1)?.data).toMatchObject({ slots: [{ number: 2 }], rest: null });
  });

  it("tell that the station lives while nothing changes", async () => {
    const clock = new VirtualClock();
    const { frames } = reader(clock);
    await clock.advance(3 * bounds.aliveMs);
    expect(frames.slice(1)).toEqual(
      [1, 2, 3].map((turn) => ({ event: "alive", data: { atMs: clock.nowMs() - (3 - turn) * bounds.aliveMs } })),
    );
  });

  it("wait for a page that reads slowly, and leave out what is past by then", async () => {
    const clock = new VirtualClock();
    const { station, frames, stop, goOn, dropped } = reader(clock);
    await clock.advance(1_000);
    stop();
    station.putIn(1);
    await clock.advance(bounds.changeMs);
    const before = frames.length;
    station.scan("SN1");
    station.identify(1);
    await clock.advance(1_000);
    station.pass(1);
    await clock.advance(2 * bounds.aliveMs);
    expect(frames).toHaveLength(before);
    goOn();
    expect(frames.length).toBe(before + 1);
    expect(shownBy(frames)?.slots[0]).toMatchObject({ phase: { kind: "passed" } });
    await clock.advance(bounds.stallMs);
    expect(dropped).toEqual([]);
  });

  it("drop a page that does not read at all, and leave no timer behind", async () => {
    const clock = new VirtualClock();
    const { station, stop, dropped, end } = reader(clock);
    await clock.advance(1_000);
    stop();
    station.putIn(1);
    await clock.advance(bounds.changeMs + bounds.stallMs);
    expect(dropped).toEqual(["it did not read for 30 s"]);
    end();
    station.putIn(2);
    expect(clock.nextDueMs()).toBeUndefined();
  });

  it("are the same for every page, also for one that comes later", async () => {
    const clock = new VirtualClock();
    const station = new RehearsedStation({ clock, slots: 3 });
    const feed = new ViewFeed(station, clock);
    const pages = [0, 1].map(() => {
      const frames: string[] = [];
      return {
        frames,
        outlet: { write: (text: string) => frames.push(text) > 0, onRoom: () => undefined, drop: () => undefined },
      };
    });
    const [first, second] = pages;
    if (first === undefined || second === undefined) throw new Error("two pages were wanted");
    const ends = [streamView(feed, first.outlet, clock)];
    await clock.advance(1_000);
    station.putIn(1);
    // It comes between a change and its telling.
    ends.push(streamView(feed, second.outlet, clock));
    await clock.advance(bounds.changeMs);
    station.putIn(3);
    await clock.advance(bounds.changeMs);
    expect(first.frames.join("")).toContain('"number":1,"port":"usb:1-1.1","phase":{"kind":"needs-serial"}');
    expect(second.frames.at(-1)).toBe(first.frames.at(-1));
    for (const end of ends) end();
    expect(clock.nextDueMs()).toBeUndefined();
  });
});

describe("an open page over HTTP", () => {
  const open = (url: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      get(`${url}api/events`, { agent: false }, resolve).on("error", reject);
    });

  it("is a stream of server-sent events, of which there are only so many", () =>
    onPage({ slots: 2 }, async ({ url, station }) => {
      const first = await open(url);
      first.on("error", () => undefined);
      expect(first.headers["content-type"]).toBe("text/event-stream");
      let text = "";
      first.on("data", (bytes: Buffer) => {
        text += bytes.toString("utf8");
      });
      await until(() => text.includes("event: view"), "the first view");
      station.putIn(2);
      await until(() => /event: change\ndata: .*"needs-serial"/.test(text), "the change");
      const others = [first];
      while (others.length < bounds.streams) others.push(await open(url));
      expect(await ask(url, "/api/events")).toMatchObject({ status: 503 });
      // A scan is still possible.
      expect(await ask(url, "/api/view")).toMatchObject({ status: 200 });
      for (const one of others) {
        one.on("error", () => undefined);
        one.destroy();
      }
    }));

  it("ends when the page is closed", () =>
    onPage({}, async ({ url, page }) => {
      const stream = await open(url);
      let ended = false;
      stream.on("error", () => undefined);
      stream.on("close", () => {
        ended = true;
      });
      stream.resume();
      await page.close();
      await until(() => ended, "the stream ends");
      await expect(ask(url, "/api/view")).rejects.toThrow("ECONNREFUSED");
    }));
});
