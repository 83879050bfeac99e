import { describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { awaitRegistration, type Registration, readRegistration } from "../../src/modem/registration.js";
import { readModemClock, readSignal } from "../../src/modem/surroundings.js";
import { MemoryPort } from "../support/memory-port.js";

/** What a modem that leaves questions unanswered tells all the same. */

const never = new AbortController().signal;

interface Asked {
  readonly line: ModemLine;
  readonly clock: VirtualClock;
}

/** A modem in step that answers these, and leaves every other question unanswered. */
function modem(answers: Readonly<Record<string, readonly string[]>>): Asked {
  const clock = new VirtualClock();
  const port = new MemoryPort();
  port.answer((text) => {
    const lines = text === "AT+CMEE?" ? ["+CMEE: 1", "OK"] : answers[text];
    if (lines !== undefined) port.sayLines(...lines);
  });
  return { clock, line: { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) } };
}

function registration({ line, clock }: Asked): Promise<Registration> {
  return clock.runUntil(readRegistration(line, never));
}

const refused = ["+CME ERROR: 4"];

describe("the registration", () => {
  it.each<[string, Readonly<Record<string, readonly string[]>>, Registration]>([
    [
      "with the operator",
      { "AT+CEREG?": ["+CEREG: 0,5", "OK"], "AT+COPS?": ['+COPS: 0,0,"Test PLMN 1-1",7', "OK"] },
      { state: "roaming", registered: true, operator: "Test PLMN 1-1" },
    ],
    [
      "where nothing answers AT+COPS?",
      { "AT+CEREG?": ["+CEREG: 0,1", "OK"] },
      { state: "home", registered: true, operator: undefined },
    ],
    [
      "where AT+COPS? is refused",
      { "AT+CEREG?": ["+CEREG: 0,1", "OK"], "AT+COPS?": refused },
      { state: "home", registered: true, operator: undefined },
    ],
    [
      "where nothing answers the first questions",
      { "AT+CREG?": ["+CREG: 0,1", "OK"], "AT+COPS?": ["+COPS: 0", "OK"] },
      { state: "home", registered: true, operator: undefined },
    ],
    [
      "where nothing answers the question for 5G",
      { "AT+CEREG?": ["+CEREG: 0,2", "OK"], "AT+CGREG?": refused, "AT+CREG?": refused },
      { state: "searching", registered: false, operator: undefined },
    ],
  ])("is told %s", async (_name, answers, expected) => {
    expect(await registration(modem(answers))).toEqual(expected);
  });

  it("of a modem that answers none of the questions is not known", async () => {
    await expect(registration(modem({}))).rejects.toMatchObject({ code: "modem_silent" });
  });
});

describe("what a modem leaves unanswered", () => {
  it("is a gap, for signal and clock", async () => {
    const { line, clock } = modem({});
    expect(await clock.runUntil(readSignal(line, never))).toBeUndefined();
    expect(await clock.runUntil(readModemClock(line, never))).toBeUndefined();
  });
});

describe("the wait for registration", () => {
  /** Searching for so long; `n` is what AT+CEREG? tells of its reports. */
  function searching(ms: number, start: { readonly n: number; readonly reports: boolean }) {
    const clock = new VirtualClock();
    const port = new MemoryPort();
    const state = { n: start.n, stat: 2 };
    port.answer((text) => {
      const set = /^AT\+CEREG=(\d)$/.exec(text)?.[1];
      if (set !== undefined && start.reports) state.n = Number(set);
      if (text === "AT+CEREG?") port.sayLines(`+CEREG: ${state.n},${state.stat}`, "OK");
      else if (text === "AT+COPS?") port.sayLines('+COPS: 0,0,"Test",7', "OK");
      else port.sayLines(set === undefined || !start.reports ? "ERROR" : "OK");
    });
    clock.setTimer(ms, () => {
      state.stat = 5;
      if (state.n > 0) port.sayLines("+CEREG: 5");
    });
    const line: ModemLine = { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) };
    return { clock, port, line, state };
  }

  it.each<[string, { n: number; reports: boolean }, number, readonly string[]]>([
    [
      "ends at once with the modem's word, which it is asked for",
      { n: 0, reports: true },
      1_300,
      ["AT+CEREG=1", "AT+CEREG=0"],
    ],
    ["leaves the reports of a modem that gives them", { n: 2, reports: true }, 1_300, []],
    ["goes by looking where the modem gives no reports", { n: 0, reports: false }, 2_000, ["AT+CEREG=1"]],
  ])("%s", async (_name, start, endMs, sets) => {
    const { clock, port, line, state } = searching(1_300, start);
    const end = await clock.runUntil(awaitRegistration(line, 60_000, silentLog, never));
    expect(end).toEqual({ state: "roaming", registered: true, operator: "Test" });
    expect(clock.monotonicMs()).toBe(endMs);
    expect(port.sent.filter((text) => text.startsWith("AT+CEREG="))).toEqual(sets);
    expect(state.n).toBe(start.n);
  });

  it("gives up after its time, with what was read last, and leaves the modem as it was", async () => {
    const { clock, line, state } = searching(600_000, { n: 0, reports: true });
    const end = await clock.runUntil(awaitRegistration(line, 10_000, silentLog, never));
    expect(end).toMatchObject({ state: "searching", registered: false });
    expect([clock.monotonicMs(), state.n]).toEqual([10_000, 0]);
  });

  it("ends with its signal, and leaves the modem as it was", async () => {
    const { clock, line, state } = searching(600_000, { n: 0, reports: true });
    const stop = new AbortController();
    clock.setTimer(3_000, () => stop.abort(new EsimdError("cancelled", "stopped")));
    const waiting = clock.runUntil(awaitRegistration(line, 60_000, silentLog, stop.signal));
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
    expect(state.n).toBe(0);
  });
});
