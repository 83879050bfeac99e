import { describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";
import { takeIsdR } from "../../src/modem/lpa-switch.js";
import { MemoryPort } from "../support/memory-port.js";

/** A modem whose own LPA was switched off by an earlier run; time is virtual. */

const never = new AbortController().signal;
const lpaSwitch = ownCatalogue.find("quectel-index").lpaSwitch;

async function taken(opensAtMs: number, pin: string) {
  if (lpaSwitch === undefined) throw new Error("the dialect lost its lpa_enable");
  const clock = new VirtualClock();
  const port = new MemoryPort();
  port.answer((text) => {
    if (text === 'AT+QESIM="lpa_enable"') port.sayLines('+QESIM: "lpa_enable",0', "OK");
    else if (text === "AT+CPIN?") port.sayLines(pin, "OK");
    else if (text.startsWith("AT+CCHO=") && clock.monotonicMs() >= opensAtMs) port.sayLines("+CCHO: 1", "OK");
    else if (/^AT\+(CCHO|CSIM)=/.test(text)) port.sayLines("+CME ERROR: 13");
    else port.sayLines("OK");
  });
  const line = { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) };
  const end = await clock.runUntil(takeIsdR(line, lpaSwitch, 20_000, never)).catch((error: unknown) => error);
  return { end, resets: port.sent.filter((text) => text === "AT+CFUN=1,1").length };
}

describe("a modem whose LPA is off already", () => {
  it("is not reset because its SIM is slow at boot", async () => {
    expect(await taken(12_000, "+CPIN: NOT READY")).toEqual({ end: false, resets: 0 });
  });

  it("is reset once where its SIM stays as it is", async () => {
    expect(await taken(40_000, "+CPIN: NOT READY")).toEqual({ end: true, resets: 1 });
  });

  it("and opens to nobody all the same ends with an error that is not worth another reset", async () => {
    const { end, resets } = await taken(Number.POSITIVE_INFINITY, "+CME ERROR: 10");
    expect(end).toMatchObject({ code: "isdr_closed", entry: { retry: "never" } });
    expect(resets).toBe(1);
  });
});
