import { describe, expect, it } from "vitest";
import { AtChannel, type AtCommand } from "../../src/at/channel.js";
import { RecentBytes } from "../../src/at/recent-bytes.js";
import { VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import { MemoryPort, settled } from "../support/memory-port.js";

/** What the generated corpus found, one by one: whatever a modem says late or in between, it is never taken for another answer. */

function setUp() {
  const port = new MemoryPort();
  const clock = new VirtualClock();
  const channel = new AtChannel(port, clock, silentLog);
  const urcs: string[] = [];
  channel.onUrc((line) => urcs.push(line));
  return { port, clock, channel, urcs };
}

const ask = (text: string): AtCommand => ({ text, answer: { kind: "free" }, timeoutMs: 5_000 });
const rate: AtCommand = { text: "AT+IPR?", answer: { kind: "prefix", prefix: "+IPR" }, timeoutMs: 5_000 };

/** A command that the modem does not answer in time. */
async function lose({ clock, channel }: ReturnType<typeof setUp>, command: AtCommand): Promise<void> {
  const failed = expect(channel.execute(command)).rejects.toMatchObject({ code: "modem_silent" });
  await clock.advance(command.timeoutMs);
  await failed;
}

describe("the AT channel regains step", () => {
  it("and does not take the late answer of a query for that of one of its own", async () => {
    const field = setUp();
    const { port, channel } = field;
    await lose(field, rate);
    const next = channel.execute(ask("AT+CGMM"));
    await settled();
    port.sayLines("+IPR: 115200", "OK");
    await settled();
    expect(port.sent.at(-1)).toBe("AT+CMEE?");
    port.sayLines("+CMEE: 1", "OK");
    await settled();
    port.sayLines("EG25", "OK");
    expect(await next).toEqual({ lines: ["EG25"], result: { kind: "ok" } });
  });

  it("only when the query that was asked last is answered, however long the modem takes for the others", async () => {
    const field = setUp();
    const { port, clock, channel } = field;
    await lose(field, ask("AT+CGMI"));
    const next = channel.execute(ask("AT+CGMM"));
    await clock.advance(6_100);
    expect(port.sent.slice(-3)).toEqual(["AT+CMEE?", "AT+CSCS?", "AT+IPR?"]);
    port.sayLines("Quectel", "OK", "+CMEE: 1", "OK");
    await clock.advance(1_500);
    port.sayLines('+CSCS: "GSM"', "OK");
    await clock.advance(1_500);
    expect(port.sent.at(-1)).toBe("AT+IPR?");
    port.sayLines("+IPR: 115200", "OK");
    await settled();
    expect(port.sent.at(-1)).toBe("AT+CGMM");
    port.sayLines("EG25", "OK");
    expect((await next).lines).toEqual(["EG25"]);
  });

  it("though the answers of an earlier search come first", async () => {
    const field = setUp();
    const { port, clock, channel } = field;
    await lose(field, ask("AT+CGMI"));
    await expect(clock.runUntil(channel.execute(ask("AT+CGMI")))).rejects.toMatchObject({ code: "modem_silent" });
    const owed = port.sent.filter((text) => text.endsWith("?"));
    expect(owed).toHaveLength(6);
    const next = channel.execute(ask("AT+CGMM"));
    await settled();
    expect(port.sent.at(-1)).toBe("AT+CMEE?");
    // A modem that was only asleep works off all that it was sent.
    for (const text of owed) port.sayLines(`${text.slice(2, -1)}: 0`, "OK");
    await settled();
    expect(port.sent.at(-1)).toBe("AT+CMEE?");
    port.sayLines("+CMEE: 1", "OK");
    await settled();
    port.sayLines("EG25", "OK");
    expect((await next).lines).toEqual(["EG25"]);
  });

  it("though the modem lost what it was asked in an earlier search", async () => {
    const field = setUp();
    const { port, clock, channel } = field;
    await lose(field, ask("AT+CGMI"));
    await expect(clock.runUntil(channel.execute(ask("AT+CGMI")))).rejects.toMatchObject({ code: "modem_silent" });
    port.answer((text) => port.sayLines(...(text.endsWith("?") ? [`${text.slice(2, -1)}: 0`, "OK"] : ["EG25", "OK"])));
    expect((await clock.runUntil(channel.execute(ask("AT+CGMM")))).lines).toEqual(["EG25"]);
  });

  it("after a prompt, for what the modem says to the escape is no answer to the next command", async () => {
    const { port, channel } = setUp();
    const asked = channel.execute(ask("AT+CGMI"));
    await settled();
    port.say("\r\n> ");
    await asked;
    const next = channel.execute(ask("AT+CGMM"));
    await settled();
    expect(port.sent.at(-1)).toBe("AT+CMEE?");
    port.sayLines("OK", "+CMEE: 1", "OK");
    await settled();
    port.sayLines("EG25", "OK");
    expect((await next).lines).toEqual(["EG25"]);
  });
});

describe("among the lines of an answer without a prefix, the AT channel knows", () => {
  it("an echo that a URC cut in two", async () => {
    const { port, channel, urcs } = setUp();
    const asked = channel.execute(ask("AT+CGMR"));
    await settled();
    port.say("AT+CG\r\nRING\r\nMR\r\r\nEG25GGBR07\r\n\r\nOK\r\n");
    expect((await asked).lines).toEqual(["EG25GGBR07"]);
    expect(urcs).toEqual(["RING"]);
  });

  it.each([
    "PB DONE",
    "SMS DONE",
    "Call Ready",
    "*ATREADY: 1",
    "#QSS: 1",
    "+UUSTS: 0,1",
    "+KSUP: 0",
    "$QCRMCALL: 1,V4",
  ])("the URC %s", async (urc) => {
    const { port, channel, urcs } = setUp();
    const asked = channel.execute(ask("AT+CGMI"));
    await settled();
    port.sayLines(urc, "SIMCOM INCORPORATED", "OK");
    expect((await asked).lines).toEqual(["SIMCOM INCORPORATED"]);
    expect(urcs).toEqual([urc]);
  });

  it("the message that a +CMT brings on its second line", async () => {
    const { port, channel, urcs } = setUp();
    const asked = channel.execute(ask("AT+CGSN"));
    await settled();
    port.sayLines("+CMT: ,23", "07911326040000F0040B911346610089F6", "860000000000001", "OK");
    expect((await asked).lines).toEqual(["860000000000001"]);
    expect(urcs).toHaveLength(2);
  });
});

describe("when the line is closed", () => {
  it("the last words are said, and nothing that was queued before", async () => {
    const { port, clock, channel } = setUp();
    port.answer((text) => {
      if (text.endsWith("?")) port.sayLines(`${text.slice(2, -1)}: 1`, "OK");
      if (text === "AT+LAST") port.sayLines("OK");
    });
    channel.beforeClose(async (signal) => {
      await channel.execute({ ...ask("AT+LAST"), answer: { kind: "none" } }, signal);
    });
    const first = expect(channel.execute(ask("AT+CGMI"))).rejects.toMatchObject({ code: "serial_gone" });
    const second = expect(channel.execute(ask("AT+CGMM"))).rejects.toMatchObject({ code: "serial_gone" });
    await settled();
    await clock.runUntil(channel.close());
    await Promise.all([first, second]);
    expect(port.sent).toEqual(["AT+CGMI", "AT+CMEE?", "AT+LAST"]);
    expect(port.closed).toBe(true);
  });

  it("a modem that does not answer any more holds it up for five seconds and no longer", async () => {
    const { port, clock, channel } = setUp();
    channel.beforeClose(async (signal) => {
      await channel.execute({ ...ask("AT+LAST"), timeoutMs: 60_000 }, signal);
    });
    await clock.runUntil(channel.close());
    expect(clock.monotonicMs()).toBe(5_000);
    expect(port.closed).toBe(true);
  });

  it("a port that is gone is told nothing", async () => {
    const { port, channel } = setUp();
    channel.beforeClose(() => Promise.reject(new Error("never called")));
    port.unplug(new EsimdError("serial_gone", "gone"));
    await channel.close();
    expect(port.sent).toEqual([]);
  });
});

describe("what came unasked", () => {
  it("is kept until a command is answered with OK", async () => {
    const { port, channel } = setUp();
    port.say("$GPGSV,1,1,00*79\r\n");
    const asked = channel.execute(ask("AT"));
    await settled();
    expect(Buffer.from(channel.unclaimed()).toString()).toBe("$GPGSV,1,1,00*79\r\n");
    port.sayLines("OK");
    await asked;
    expect(channel.unclaimed()).toHaveLength(0);
  });

  it("takes a fixed room", () => {
    const recent = new RecentBytes(8);
    const text = (): string => Buffer.from(recent.bytes()).toString();
    recent.push(Buffer.from("abc"));
    expect(text()).toBe("abc");
    recent.push(Buffer.from("defgh"));
    expect(text()).toBe("abcdefgh");
    recent.push(Buffer.from("ij"));
    expect(text()).toBe("cdefghij");
    recent.push(Buffer.from("0123456789"));
    expect(text()).toBe("23456789");
    recent.clear();
    recent.push(Buffer.from("xyz"));
    expect(text()).toBe("xyz");
  });
});
