import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import type { StationEvent } from "../../../src/station/control.js";
import { answerTo, eventLine, longestLine } from "../../../src/station/executive/protocol.js";
import { RehearsedStation } from "../rehearsed.js";

let station: RehearsedStation;
beforeEach(() => {
  station = new RehearsedStation({ clock: new VirtualClock(), slots: 3 });
});

const said = (line: string): readonly string[] => answerTo(line, station).lines;

/** A unit that is put in and scanned, by the line. */
function begin(slot: number, serial: string): void {
  station.putIn(slot);
  expect(said(`SERIAL ${slot} ${serial}`)).toEqual([`OK ${slot}`]);
}

describe("a command of the line protocol", () => {
  it("greets, and asks for events", () => {
    expect(answerTo("HELLO plc-7", station)).toEqual({ lines: ["OK"], listens: false });
    expect(answerTo("LISTEN", station)).toEqual({ lines: ["OK"], listens: true });
  });

  it("is taken in small letters and with the line end of another system", () => {
    expect(answerTo("listen\r", station)).toEqual({ lines: ["OK"], listens: true });
    expect(said("  status 1 \r")).toEqual(["OK 1 empty -"]);
  });

  it("asks how one slot stands, or all of them", () => {
    begin(2, "SN 2/b");
    expect(said("STATUS 2")).toEqual(["OK 2 running SN 2/b"]);
    station.putIn(3);
    expect(said("STATUS")).toEqual(["OK 3", "SLOT 1 empty -", "SLOT 2 running SN 2/b", "SLOT 3 needs-serial -"]);
  });

  it("asks for the counters: units, passed, failed, charges", () => {
    begin(1, "SN-1");
    begin(2, "SN-2");
    station.pass(1);
    station.fail(2, "modem_silent", "The modem is silent.");
    expect(said("COUNTS")).toEqual(["OK 2 1 1 1"]);
  });

  it("gives a serial number to a slot, or to the one that a scan would go to", () => {
    station.putIn(2);
    expect(said("SERIAL * SN-2")).toEqual(["OK 2"]);
    expect(station.asked).toContain("scan SN-2");
  });

  it("runs a unit again, takes a slot out of work and back, drains and stops", () => {
    begin(1, "SN-1");
    station.pass(1);
    for (const line of ["RETRY 1", "OFF 3", "ON 3", "DRAIN", "STOP"]) expect(said(line)).toEqual(["OK"]);
    expect(station.view().phase).toMatch(/^stop/);
  });

  it.each([
    ["", 'ERR executive_protocol "" is no command of the line protocol'],
    ["FROB 1", 'ERR executive_protocol "FROB" is no command of the line protocol'],
    ["STATUS x", 'ERR executive_protocol "x" is no slot\'s number'],
    ["STATUS -1", 'ERR executive_protocol "-1" is no slot\'s number'],
    ["STATUS 9", "ERR bad_input there is no slot 9"],
    ["RETRY", 'ERR executive_protocol "" is no slot\'s number'],
    ["SERIAL", 'ERR executive_protocol "" is no slot\'s number'],
    ["SERIAL x SN-1", 'ERR executive_protocol "x" is no slot\'s number'],
    ["OFF 100", 'ERR executive_protocol "100" is no slot\'s number'],
  ])("%j is refused, with a code and a sentence", (line, answer) => {
    expect(answerTo(line, station)).toEqual({ lines: [answer], listens: false });
  });

  it.each([
    ["RETRY 1", "station_refused"],
    ["SERIAL 1 =cmd()", "bad_input"],
    ["SERIAL 1", "bad_input"],
  ])("%j is refused by the station, in one line, as %s", (line, code) => {
    const [answer, ...more] = said(line);
    expect(answer).toMatch(new RegExp(`^ERR ${code} \\S.*[^.]$`));
    expect(more).toEqual([]);
  });

  it("gets an answer that is one line of bounded length, whatever was in it", () => {
    const answer = said(`${"€".repeat(400)}\u0000\r\n`)[0] ?? "";
    expect(Buffer.byteLength(answer)).toBeLessThanOrEqual(longestLine);
    expect(answer).toMatch(/^ERR executive_protocol /);
    expect(answer).not.toMatch(/[\r\n\0\uFFFD]/);
  });
});

describe("an event", () => {
  const ended: Extract<StationEvent, { kind: "ended" }> = {
    kind: "ended",
    slot: 7,
    serial: "SN 7",
    verdict: "PASS",
    eid: "89049032123451234512345678901235",
    iccid: "8988303000000000014",
    code: null,
    exitStatus: 0,
    seconds: 12.34,
  };
  it.each<readonly [StationEvent, string]>([
    [{ kind: "put-in", slot: 7 }, "EVENT PUTIN 7"],
    [{ kind: "taken-out", slot: 7 }, "EVENT TAKENOUT 7"],
    [{ kind: "begun", slot: 7, serial: "SN 7" }, "EVENT BEGUN 7 SN 7"],
    [{ kind: "begun", slot: 7, serial: null }, "EVENT BEGUN 7 -"],
    [{ kind: "phase", phase: "draining" }, "EVENT PHASE draining"],
    [ended, "EVENT PASS 7 0 12.3 89049032123451234512345678901235 8988303000000000014 SN 7"],
    [{ ...ended, iccid: null }, "EVENT PASS 7 0 12.3 89049032123451234512345678901235 - SN 7"],
    [
      { ...ended, verdict: "FAIL", code: "no_euicc", exitStatus: 69, eid: null, iccid: null },
      "EVENT FAIL 7 69 12.3 no_euicc SN 7",
    ],
    [{ ...ended, verdict: "FAIL", serial: null }, "EVENT FAIL 7 0 12.3 - -"],
  ])("%j is one line", (event, line) => {
    expect(eventLine(event)).toBe(line);
  });
});
