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

/** A hung USB modem: a write that the port never takes. */
describe("a port that takes no more bytes", () => {
  const next: AtCommand = { ...cgmi, text: "AT+CGMM" };

  async function hung() {
    const world = setUp();
    world.port.takes = false;
    const first = world.channel.execute(cgmi).catch((error: unknown) => error);
    await world.clock.advance(5_000);
    expect(await first).toMatchObject({ code: "modem_silent" });
    return world;
  }

  it("is given up after the time of every question that the search for step asks, and named", async () => {
    const { clock, channel } = await hung();
    await expect(clock.runUntil(channel.execute(next))).rejects.toMatchObject({
      code: "modem_silent",
      message: expect.stringContaining("takes nothing that is written to it"),
    });
    expect(clock.monotonicMs()).toBe(5_000 + 6 * 3_000);
  });

  it.each<[string, (channel: AtChannel, signal: AbortSignal) => Promise<unknown>]>([
    ["a command", (channel, signal) => channel.execute(next, signal)],
    ["a question for any answer", (channel, signal) => channel.hears(60_000, signal)],
  ])("ends %s with its signal", async (_name, ask) => {
    const { clock, channel } = await hung();
    const stop = new AbortController();
    const failed = expect(ask(channel, stop.signal)).rejects.toMatchObject({ code: "cancelled" });
    await clock.advance(100);
    stop.abort(new EsimdError("cancelled", "stopped"));
    await failed;
  });

  it("hears nothing, within the time that it is given", async () => {
    const { clock, channel } = await hung();
    expect(await clock.runUntil(channel.hears(400))).toBe(false);
    expect(clock.monotonicMs()).toBe(5_400);
  });

  it.each<[string, (channel: AtChannel) => Promise<unknown>]>([
    ["a command", (channel) => channel.execute(next)],
    ["a question for any answer", (channel) => channel.hears(60_000)],
  ])("ends %s with the port", async (_name, ask) => {
    const { port, channel } = await hung();
    const failed = expect(ask(channel)).rejects.toMatchObject({ code: "serial_gone" });
    await settled();
    port.unplug(new EsimdError("serial_gone", "gone"));
    await failed;
  });

  it("is in step again once it takes and answers what it is asked", async () => {
    const { clock, port, channel } = await hung();
    const reply = channel.execute(next);
    await clock.advance(1_000);
    port.takes = true;
    port.answer((text) =>
      port.sayLines(...(text === "AT+CSCS?" ? ['+CSCS: "GSM"'] : text === "AT+CGMM" ? ["EG25"] : []), "OK"),
    );
    expect((await clock.runUntil(reply)).lines).toEqual(["EG25"]);
  });

  it("does not hold up a change of speed for ever", async () => {
    const { clock, port, channel } = setUp();
    Object.assign(port, { setBaud: () => new Promise(() => undefined) });
    await expect(clock.runUntil(channel.changeSpeed(921_600))).rejects.toMatchObject({ code: "deadline" });
  });
});

describe("a long line in pieces", () => {
  const long: AtCommand = {
    text: `AT+CGLA=1,10,"${"80F2010112".repeat(4)}"`,
    answer: { kind: "none" },
    timeoutMs: 100,
  };

  function inPieces() {
    const world = setUp();
    world.channel.writeInPieces({ bytes: 8, pauseMs: 30 });
    return world;
  }

  it("goes out whole", async () => {
    const { clock, port, channel } = inPieces();
    const reply = channel.execute({ ...long, timeoutMs: 5_000 });
    await clock.advance(1_000);
    expect(port.sent.join("")).toBe(long.text);
    port.sayLines("OK");
    expect((await reply).result).toEqual({ kind: "ok" });
  });

  it("is cut when its time is up: no piece of it follows among what is said later", async () => {
    const { clock, port, channel } = inPieces();
    const failed = expect(channel.execute(long)).rejects.toMatchObject({ code: "modem_silent" });
    await clock.advance(100);
    await failed;
    const before = port.sent.length;
    await clock.advance(10_000);
    expect(before).toBe(4);
    expect(port.sent).toHaveLength(before);
  });

  it("is cut when its caller gives up", async () => {
    const { clock, port, channel } = inPieces();
    const stop = new AbortController();
    const failed = expect(channel.execute(long, stop.signal)).rejects.toMatchObject({ code: "cancelled" });
    await clock.advance(40);
    stop.abort(new EsimdError("cancelled", "stopped"));
    await failed;
    await clock.advance(10_000);
    expect(port.sent).toHaveLength(2);
  });

  it("that something answers before it is out leaves the channel out of step", async () => {
    const { clock, port, channel } = inPieces();
    const early = channel.execute({ ...long, timeoutMs: 5_000 });
    await clock.advance(40);
    port.sayLines("OK");
    await early;
    const next = channel.execute({ ...cgmi, timeoutMs: 1_000 }).catch(() => undefined);
    await settled();
    expect(port.sent.slice(2)).toEqual(["AT+CMEE?"]);
    await clock.runUntil(next);
  });
});
