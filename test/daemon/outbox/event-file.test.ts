import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventFileName, eventNumber, eventText, parseEvent } from "../../../src/daemon/outbox/event-file.js";
import type { StoredEvent } from "../../../src/report/event.js";
import { ended, label, voided } from "../../station/records/entries.js";
import { aReport } from "./a-report.js";

const common = {
  schema: fc.constant("esimd.event/1" as const),
  id: fc.uuid(),
  device: fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/),
  stream: fc.uuid(),
  sequence: fc.integer({ min: 1 }),
  at: fc.constant("2026-01-01T00:00:00.000Z"),
};
const events: fc.Arbitrary<StoredEvent> = fc.oneof(
  fc.record({
    ...common,
    kind: fc.constant("report" as const),
    modem: fc.string({ minLength: 1, maxLength: 200, unit: "grapheme" }),
    report: fc.option(fc.string(), { nil: undefined }).map((error) => aReport(Date.UTC(2026, 0, 1), error)),
  }),
  fc.record({
    ...common,
    kind: fc.constant("unit" as const),
    station: fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }),
    entry: fc.oneof(
      fc.integer({ min: 1, max: 999 }).map((unit) => ended(unit)),
      fc.integer({ min: 1, max: 999 }).map((unit) => label(unit)),
      fc.string({ minLength: 1, maxLength: 200 }).map((why) => voided(1, { why })),
    ),
  }),
);

describe("an event as a file", () => {
  it("comes back as it was written", () => {
    fc.assert(
      fc.property(events, (event) => {
        expect(parseEvent(eventText(event))).toEqual(event);
      }),
    );
  });

  it("is told from every beginning of itself: a tail that is torn is no event", () => {
    fc.assert(
      fc.property(events, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (event, share) => {
        const text = eventText(event);
        expect(parseEvent(text.slice(0, Math.floor(text.length * share)))).toBeUndefined();
      }),
    );
  });

  it("is told from itself with a part that is NUL, or with one byte that is another", () => {
    fc.assert(
      fc.property(events, fc.nat(), fc.integer({ min: 1, max: 40 }), (event, at, length) => {
        const text = eventText(event);
        const from = at % text.length;
        const spoilt =
          text.slice(0, from) + "\0".repeat(Math.min(length, text.length - from)) + text.slice(from + length);
        expect(parseEvent(spoilt)).toBeUndefined();
        const other = text.slice(0, from) + (text[from] === "x" ? "y" : "x") + text.slice(from + 1);
        expect(parseEvent(other)).toBeUndefined();
      }),
    );
  });

  it("is none for anything else, and two of them in one file are none", () => {
    fc.assert(fc.property(fc.string(), (text) => parseEvent(text) === undefined));
    fc.assert(
      fc.property(events, (event) => {
        expect(parseEvent(eventText(event) + eventText(event))).toBeUndefined();
      }),
    );
  });

  it("has its number in its name, in an order that a listing shows, too", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 999_999_999_999 }),
        fc.integer({ min: 1, max: 999_999_999_999 }),
        (a, b) => {
          expect(eventNumber(eventFileName(a))).toBe(a);
          expect(eventFileName(a) < eventFileName(b)).toBe(a < b);
        },
      ),
    );
    for (const name of ["000000000001.json.new", "1.json", "lock", "index.json"])
      expect(eventNumber(name)).toBeUndefined();
  });
});
