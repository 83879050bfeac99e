import { describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { type Registration, readRegistration } from "../../src/modem/registration.js";
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
