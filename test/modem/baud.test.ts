import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { connectModem } from "../../src/daemon/modem-session.js";
import { type BaudWish, parseRate, parseRates, ratesToTry } from "../../src/modem/baud.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { isUartName, uartRates } from "../../src/serial/uart.js";
import { MemoryPort } from "../support/memory-port.js";
import { type UartModemOptions, UartPort } from "../support/uart-port.js";

describe("the answer to AT+IPR=?", () => {
  it.each<[string, readonly string[], readonly number[]]>([
    ["two groups", ["+IPR: (9600,115200),(9600,115200,921600)"], [9_600, 115_200, 921_600]],
    ["spaces", ["+IPR:  ( 0, 9600 , 115200 ) , ( 230400 )"], [9_600, 115_200, 230_400]],
    ["one group", ["+IPR: (0,300,115200)"], [300, 115_200]],
    ["no automatic rates (Huawei)", ["+IPR: (),(600,115200,230400)"], [600, 115_200, 230_400]],
    ["no fixed ones", ["+IPR: (9600,115200),()"], [9_600, 115_200]],
    ["no brackets", ["+IPR: 0,9600,115200"], [9_600, 115_200]],
    ["two lines", ["+IPR: (9600,115200)", "+IPR: (460800)"], [9_600, 115_200, 460_800]],
    ["nothing", ["+IPR: "], []],
    ["another's answer", ["+CMEE: (0,1,2)"], []],
    ["nonsense", ["+IPR: (99999999999,115200)"], [115_200]],
  ])("%s", (_name, lines, rates) => expect(parseRates(lines)).toEqual(rates));

  it("and to AT+IPR?", () => {
    expect(parseRate(["+IPR: 115200"])).toBe(115_200);
    expect(parseRate(['+IPR:"0"'])).toBe(0);
    expect(parseRate(["+IPR: (9600)"])).toBeUndefined();
  });
});

describe("the rates to try", () => {
  const offered = [9_600, 115_200, 230_400, 460_800, 921_600, 2_000_000, 3_200_000];
  it("are climbed step by step up to the highest that both ends know", () => {
    expect(ratesToTry("auto", offered, 115_200)).toEqual([230_400, 460_800, 921_600, 2_000_000]);
    expect(ratesToTry("auto", [9_600, 115_200], 115_200)).toEqual([]);
    expect(ratesToTry("keep", offered, 115_200)).toEqual([]);
    expect(ratesToTry(460_800, offered, 115_200)).toEqual([460_800]);
    expect(ratesToTry(115_200, offered, 115_200)).toEqual([]);
  });
});

describe("a real UART", () => {
  it.each(["ttyS0", "ttyAMA1", "ttymxc2", "ttyO3", "ttyTHS1", "ttyLP3", "ttySTM0", "ttyHS1", "ttySC0"])(
    "is %s",
    (name) => expect(isUartName(name)).toBe(true),
  );
  it.each(["ttyUSB2", "ttyACM0", "wwan0at0", "3", "ttyGS0", "tty1", "ttyS", "cdc-wdm0", "modem.sock"])(
    "is not %s",
    (name) => expect(isUartName(name)).toBe(false),
  );
});

const offer = "(9600,115200),(9600,115200,230400,460800,921600,3000000)";
const never = new AbortController().signal;

interface Connected {
  readonly port: UartPort;
  readonly clock: VirtualClock;
  readonly line: ModemLine;
  readonly close: () => Promise<void>;
}

/** Who else is at the port is a question to the real host, which has no virtual time. */
const partsWith = (clock: VirtualClock, baud: BaudWish) =>
  ({ clock, random: seededRandom(3), log: silentLog, wakeMs: 5_000, baud, besideEsimd: true }) as const;

async function connect(port: UartPort, wish: BaudWish): Promise<Connected> {
  const clock = new VirtualClock();
  const line = await clock.runUntil(
    connectModem(port.name, { ...partsWith(clock, wish), open: async () => port }, never),
  );
  return { port, clock, line, close: () => clock.runUntil(line.channel.close()) };
}

const world = (wish: BaudWish, options: UartModemOptions): Promise<Connected> => connect(new UartPort(options), wish);

/** The line works at the speed that both ends have. */
async function works({ line, clock, port }: Connected): Promise<void> {
  const command = { text: "AT+IPR?", answer: { kind: "prefix", prefix: "+IPR" }, timeoutMs: 1_000 } as const;
  const { lines } = await clock.runUntil(line.channel.execute(command));
  expect(lines).toEqual([`+IPR: ${port.set}`]);
}

describe("the speed of the line", () => {
  it("is raised to the highest rate, and put back when the line is closed", async () => {
    const connected = await world("auto", { offer });
    const { port, line, close } = connected;
    expect([port.rate, port.hostBaud, line.channel.baud]).toEqual([3_000_000, 3_000_000, 3_000_000]);
    await works(connected);
    await close();
    expect([port.rate, port.hostBaud, port.closed]).toEqual([115_200, 115_200, true]);
  });

  it("is never stored: a power cycle brings the modem's own rate back", async () => {
    const { port, close } = await world("auto", { offer });
    await close();
    expect(port.heard.filter((text) => /&W/i.test(text))).toEqual([]);
  });

  it("leaves automatic detection as it was", async () => {
    const { port, close } = await world("auto", { offer, set: 0 });
    expect(port.rate).toBe(3_000_000);
    await close();
    expect(port.set).toBe(0);
  });

  it("stays at the rate below the one that spoils what is said", async () => {
    const connected = await world("auto", { offer, bad: [3_000_000] });
    expect(connected.port.rate).toBe(921_600);
    await works(connected);
    await connected.close();
    expect(connected.port.rate).toBe(115_200);
  });

  it("is not raised further once a rate did not hold, for there the way back may be lost", async () => {
    const connected = await world("auto", { offer, bad: [230_400] });
    expect([connected.port.rate, connected.port.hostBaud]).toEqual([115_200, 115_200]);
    expect(connected.port.heard.filter((text) => /^AT\+IPR=(460800|921600|3000000)$/.test(text))).toEqual([]);
    await works(connected);
  });

  it("knows a modem that says OK and stays where it is", async () => {
    const connected = await world("auto", { offer, ignored: [921_600] });
    expect(connected.port.rate).toBe(460_800);
    await works(connected);
  });

  it("does not mind an OK that comes at the new rate already", async () => {
    const connected = await world("auto", { offer, early: true });
    expect(connected.port.rate).toBe(3_000_000);
    await works(connected);
  });

  it("is never asked of the modem where the host's own end refuses it, and the next rates are not tried", async () => {
    const wide = "(9600,115200,1500000,3000000)";
    for (const wish of ["auto", 1_500_000] as const) {
      const connected = await world(wish, { offer: wide, refused: [1_500_000] });
      expect(connected.port.heard.filter((text) => /^AT\+IPR=\d/.test(text))).toEqual([]);
      expect([connected.port.rate, connected.port.hostBaud]).toEqual([115_200, 115_200]);
      await works(connected);
    }
  });

  it("is the operator's where one is named, whatever the modem offers", async () => {
    const connected = await world(460_800, {});
    expect(connected.port.rate).toBe(460_800);
    await connected.close();
    expect(connected.port.rate).toBe(115_200);
  });

  it("stays where it is with `keep`", async () => {
    const { port } = await world("keep", { offer });
    expect(port.heard).toEqual(["AT", "ATV1", "ATE0", "AT+CMEE=1"]);
    expect(port.speeds).toEqual([]);
  });

  it("stays where it is when the modem names another speed than the one it answers at", async () => {
    const port = new UartPort({ offer });
    port.set = 9_600;
    await connect(port, "auto");
    expect(port.heard).not.toContain("AT+IPR=?");
    expect(port.rate).toBe(115_200);
  });

  it("is nothing that a USB port has", async () => {
    const clock = new VirtualClock();
    const port = new MemoryPort();
    port.answer(() => port.sayLines("OK"));
    const parts = partsWith(clock, "auto");
    await clock.runUntil(connectModem("/dev/ttyUSB2", { ...parts, open: async () => port }, never));
    expect(port.sent).toEqual(["AT", "ATV1", "ATE0", "AT+CMEE=1"]);
  });
});

describe("a modem that a killed run left at a high rate", () => {
  it.each<[BaudWish, number]>([
    ["keep", 115_200],
    ["auto", 3_000_000],
    [921_600, 921_600],
  ])("is found, with baud = %s it works at %d", async (wish, rate) => {
    const connected = await connect(new UartPort({ offer, set: 921_600 }), wish);
    expect([connected.port.rate, connected.port.hostBaud]).toEqual([rate, rate]);
    await works(connected);
  });

  it.each(uartRates.filter((rate) => rate >= 9_600))(
    "is found at %d, wherever a run can have climbed to",
    async (rate) => {
      const connected = await connect(new UartPort({ offer, set: rate }), "keep");
      expect([connected.port.rate, connected.port.hostBaud]).toEqual([115_200, 115_200]);
      await works(connected);
    },
  );

  it("is looked for at the configured rate first", async () => {
    const { port } = await connect(new UartPort({ offer, set: 19_200 }), 19_200);
    expect(port.speeds[0]).toBe(19_200);
  });

  it("is looked for before it counts as silent, and not for ever", async () => {
    const port = new UartPort({ offer, set: 921_600, deaf: [921_600] });
    const clock = new VirtualClock();
    const parts = partsWith(clock, "keep");
    const waking = clock.runUntil(connectModem(port.name, { ...parts, open: async () => port }, never));
    await expect(waking).rejects.toMatchObject({ code: "modem_silent" });
    expect(new Set(port.speeds)).toContain(921_600);
    expect(clock.monotonicMs()).toBeLessThan(60_000);
  });
});

describe("the way back", () => {
  it("finds a modem that went to the new rate and can neither be read there nor told", async () => {
    // Deaf at 3 000 000 for good: only a power cycle helps, and the sentence says where it was to go.
    const port = new UartPort({ offer, deaf: [3_000_000] });
    const clock = new VirtualClock();
    const parts = partsWith(clock, "auto");
    const failed = clock.runUntil(connectModem(port.name, { ...parts, open: async () => port }, never));
    await expect(failed).rejects.toMatchObject({
      code: "modem_silent",
      message: expect.stringMatching(/from 921600 to 3000000 baud/),
    });
    expect(clock.monotonicMs()).toBeLessThan(60_000);
    expect(port.closed).toBe(true);
  });

  it("ends with the caller's signal", async () => {
    const port = new UartPort({ offer, bad: [3_000_000] });
    const clock = new VirtualClock();
    const stop = new AbortController();
    const parts = partsWith(clock, "auto");
    const connecting = connectModem(port.name, { ...parts, open: async () => port }, stop.signal);
    const failed = expect(clock.runUntil(connecting)).rejects.toMatchObject({ code: "cancelled" });
    clock.setTimer(500, () => stop.abort(new EsimdError("cancelled", "stopped")));
    await failed;
    expect(port.closed).toBe(true);
  });
});
