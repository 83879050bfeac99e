import { describe, expect, it } from "vitest";
import { seenByStatus } from "../../../src/emulator/line/desk.js";
import { parseAnswer, parseEvent, parseSlotStatus } from "../../../src/emulator/line/protocol.js";

describe("a line of the station", () => {
  it.each([
    ["EVENT PUTIN 7", { kind: "put-in", slot: 7 }],
    ["EVENT TAKENOUT 64", { kind: "taken-out", slot: 64 }],
    [
      "EVENT PASS 7 0 12.4 89049032000000000001000000000016 8988307000000000001 SN 1",
      { kind: "verdict", slot: 7, verdict: "PASS", code: null, serial: "SN 1" },
    ],
    ["EVENT PASS 7 0 12.4 - - -", { kind: "verdict", slot: 7, verdict: "PASS", code: null, serial: null }],
    [
      "EVENT FAIL 7 75 3.0 no_stock SN-1",
      { kind: "verdict", slot: 7, verdict: "FAIL", code: "no_stock", serial: "SN-1" },
    ],
    ["EVENT FAIL 7 - - - -", { kind: "verdict", slot: 7, verdict: "FAIL", code: null, serial: null }],
    ["EVENT BEGUN 7 SN-1", { kind: "other", text: "EVENT BEGUN 7 SN-1" }],
    ["EVENT PHASE draining", { kind: "other", text: "EVENT PHASE draining" }],
    ["EVENT PUTIN 0", undefined],
    ["EVENT PUTIN x", undefined],
    ["EVENT PASS 7", undefined],
    ["EVENT FAIL 7 75 3.0 no_stock", undefined],
    ["EVENT", undefined],
  ])("%s", (line, event) => {
    expect(parseEvent(line)).toEqual(event);
  });

  it.each([
    ["SLOT 3 needs-serial -", { slot: 3, phase: "needs-serial", serial: null }],
    ["SLOT 3 passed SN 1", { slot: 3, phase: "passed", serial: "SN 1" }],
    ["SLOT 3 asleep -", undefined],
    ["SLOT 3 passed", undefined],
  ])("%s", (line, status) => {
    expect(parseSlotStatus(line)).toEqual(status);
  });

  it.each([
    ["OK", { kind: "ok", text: "" }],
    ["OK 3 empty -", { kind: "ok", text: "3 empty -" }],
    ["ERR station_refused it is off", { kind: "err", code: "station_refused", sentence: "it is off" }],
    ["ERR bad_input", { kind: "err", code: "bad_input", sentence: "" }],
    ["OKAY", undefined],
    ["ERR", undefined],
  ])("%s", (line, answer) => {
    expect(parseAnswer(line)).toEqual(answer);
  });
});

describe("a slot's status, to the operator,", () => {
  it.each([
    ["empty", { kind: "empty" }],
    ["needs-unit", { kind: "empty" }],
    ["needs-serial", { kind: "needs-serial" }],
    ["running", { kind: "working" }],
    ["off", { kind: "working" }],
    ["passed", { kind: "verdict", verdict: "PASS", code: null, serial: "SN" }],
    ["failed", { kind: "failed-unheard" }],
  ] as const)("%s", (phase, seen) => {
    expect(seenByStatus({ slot: 1, phase, serial: "SN" })).toEqual(seen);
  });
});
