import { describe, expect, it } from "vitest";
import { AtChannel, type AtCommand } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import { MemoryPort, settled } from "../support/memory-port.js";

function setUp() {
  const port = new MemoryPort();
  const clock = new VirtualClock();
  const channel = new AtChannel(port, clock, silentLog);
  const urcs: string[] = [];
  channel.onUrc((line) => urcs.push(line));
  return { port, clock, channel, urcs };
}

const cgmi: AtCommand = { text: "AT+CGMI", answer: { kind: "free" }, timeoutMs: 5_000 };
const cereg: AtCommand = {
  text: "AT+CEREG?",
  answer: { kind: "prefix", prefix: "+CEREG", accepts: (fields) => /^\d,\d/.test(fields) },
  timeoutMs: 5_000,
};

describe("the AT channel", () => {
  it("takes the lines between echo and OK for the answer", async () => {
    const { port, channel } = setUp();
    const reply = channel.execute(cgmi);
    await settled();
    port.say("AT+CGMI\r\r\nQuectel\r\n\r\nOK\r\n");
    expect(await reply).toEqual({ lines: ["Quectel"], result: { kind: "ok" } });
  });

  it("knows a cut echo", async () => {
    const { port, channel } = setUp();
    const reply = channel.execute(cgmi);
    await settled();
    port.say("+CGMI\r\r\nQuectel\r\n\r\nOK\r\n");
    expect((await reply).lines).toEqual(["Quectel"]);
  });

  it("hands URCs on that stand between a command and its answer", async () => {
    const { port, channel, urcs } = setUp();
    const reply = channel.execute(cgmi);
    await settled();
    port.sayLines("+CPIN: READY", "Quectel", "RING", "+QIND: PB DONE", "OK");
    expect((await reply).lines).toEqual(["Quectel"]);
    expect(urcs).toEqual(["+CPIN: READY", "RING", "+QIND: PB DONE"]);
  });

  it("tells a URC with the prefix of the answer by its fields", async () => {
    const { port, channel, urcs } = setUp();
    const reply = channel.execute(cereg);
    await settled();
    port.sayLines("+CEREG: 5", "+CEREG: 2,1", "OK");
    expect((await reply).lines).toEqual(["+CEREG: 2,1"]);
    expect(urcs).toEqual(["+CEREG: 5"]);
  });

  it("has one command in flight: the second is sent when the first is answered", async () => {
    const { port, channel } = setUp();
    const first = channel.execute(cgmi);
    const second = channel.execute({ ...cgmi, text: "AT+CGMM" });
    await settled();
    expect(port.sent).toEqual(["AT+CGMI"]);
    port.sayLines("Quectel", "OK");
    await first;
    await settled();
    expect(port.sent).toEqual(["AT+CGMI", "AT+CGMM"]);
    port.sayLines("EG25", "OK");
    expect((await second).lines).toEqual(["EG25"]);
  });

  it("never takes a late answer for the next command's", async () => {
    const { port, clock, channel } = setUp();
    const slow = channel.execute(cgmi);
    const failed = expect(slow).rejects.toMatchObject({ code: "modem_silent" });
    await clock.advance(5_000);
    await failed;
    const next = channel.execute({ ...cgmi, text: "AT+CGMM" });
    await settled();
    expect(port.sent.at(-1)).toBe("AT+CMEE?");
    // The modem catches up: the late answer comes first, then the query's own.
    port.sayLines("Quectel", "OK", "+CMEE: 1", "OK");
    await settled();
    expect(port.sent.at(-1)).toBe("AT+CGMM");
    port.sayLines("EG25", "OK");
    expect((await next).lines).toEqual(["EG25"]);
  });

  it("waits for all of its own queries when several were needed to wake the modem", async () => {
    const { port, clock, channel } = setUp();
    const slow = channel.execute(cgmi).catch(() => undefined);
    await clock.advance(5_000);
    await slow;
    const next = channel.execute({ ...cgmi, text: "AT+CGMM" });
    await clock.advance(3_100);
    expect(port.sent.slice(-2)).toEqual(["AT+CMEE?", "AT+CSCS?"]);
    port.sayLines("Quectel", "OK", "+CMEE: 1", "OK", '+CSCS: "GSM"', "OK");
    await settled();
    expect(port.sent.at(-1)).toBe("AT+CGMM");
    port.sayLines("EG25", "OK");
    expect((await next).lines).toEqual(["EG25"]);
  });

  it("says that the modem is silent when no query is answered", async () => {
    const { clock, channel } = setUp();
    const slow = channel.execute(cgmi).catch(() => undefined);
    await clock.advance(5_000);
    await slow;
    await expect(clock.runUntil(channel.execute(cgmi))).rejects.toMatchObject({ code: "modem_silent" });
  });

  it("is out of step after a cancelled command too", async () => {
    const { port, channel } = setUp();
    const stop = new AbortController();
    const cancelled = channel.execute(cgmi, stop.signal);
    const failed = expect(cancelled).rejects.toMatchObject({ code: "cancelled" });
    await settled();
    stop.abort(new EsimdError("cancelled", "stopped"));
    await failed;
    const next = channel.execute({ ...cgmi, text: "AT+CGMM" });
    await settled();
    port.sayLines("Quectel", "OK", "+CMEE: 1", "OK");
    await settled();
    port.sayLines("EG25", "OK");
    expect((await next).lines).toEqual(["EG25"]);
  });

  it("rejects what is in flight and what comes when the port is unplugged", async () => {
    const { port, channel } = setUp();
    const inFlight = channel.execute(cgmi);
    const failed = expect(inFlight).rejects.toMatchObject({ code: "serial_gone" });
    await settled();
    port.unplug(new EsimdError("serial_gone", "gone"));
    await failed;
    await expect(channel.execute(cgmi)).rejects.toMatchObject({ code: "serial_gone" });
  });

  it("leaves a prompt for text that nobody asked for", async () => {
    const { port, channel } = setUp();
    const reply = channel.execute(cgmi);
    await settled();
    port.say("\r\n> ");
    expect((await reply).result).toEqual({ kind: "prompt" });
    expect(port.sent.at(-1)).toBe("\x1b");
  });

  it("refuses an answer without end", async () => {
    const { port, channel } = setUp();
    const reply = channel.execute(cgmi);
    const failed = expect(reply).rejects.toMatchObject({ code: "modem_protocol" });
    await settled();
    for (let i = 0; i < 1100; i++) port.sayLines(`line ${i}`);
    await failed;
  });
});
