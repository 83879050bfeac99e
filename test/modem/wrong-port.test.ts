import { describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { bringUp } from "../../src/modem/bring-up.js";
import { describePortKind, judgePort, type PortKind } from "../../src/modem/wrong-port.js";
import { MemoryPort } from "../support/memory-port.js";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const noise = Uint8Array.from({ length: 200 }, (_, at) => (at * 151 + 7) & 0xff);

/** The answer of a diagnostic port to a version request is longer; this is "bad command" (0x13) with its CRC, made by hand. */
const hdlc = Uint8Array.of(0x7e, 0x13, 0x41, 0x54, 0x0d, 0x6a, 0x29, 0x7e);

const told: readonly (readonly [
  name: string,
  said: Uint8Array,
  onUsb: PortKind | undefined,
  onUart: PortKind | undefined,
])[] = [
  ["nothing", bytes(""), undefined, undefined],
  ["NMEA", bytes("$GPGSV,1,1,00*79\r\n$GPRMC,,V,,,,,,,,,,N*53\r\n"), "gnss", "gnss"],
  ["NMEA of which the ring kept the end", bytes("00*79\r\n$GNGSA,A,1,,,,,,,,,,,,,,,*00\r\n"), "gnss", "gnss"],
  ["NMEA with a wrong checksum", bytes("$GPGSV,1,1,00*78\r\n"), undefined, undefined],
  ["a QCDM frame", hdlc, "diagnostic", "diagnostic"],
  ["a QCDM frame with a wrong CRC", Uint8Array.of(...hdlc.slice(0, 6), 0x00, 0x7e), undefined, undefined],
  ["binary data", noise, "binary", undefined],
  ["a little noise", noise.slice(0, 20), undefined, undefined],
  ["a kernel's log", bytes("[    0.000000] Booting Linux on physical CPU 0x0\r\n"), "boot-log", "boot-log"],
  ["a boot loader", bytes("\r\nU-Boot 2021.10 (Mar 01 2022)\r\nDRAM: 1 GiB\r\n"), "boot-log", "boot-log"],
  ["a login prompt", bytes("AT\r\nPassword: \r\nLogin incorrect\r\nraspberrypi login: "), "console", "console"],
  ["a shell", bytes("AT\r\n-sh: AT: not found\r\n# "), "console", "console"],
  ["our own words", bytes("AT\rAT+CMEE?\rAT+CSCS?\r"), "echo", "echo"],
  ["our own words once", bytes("AT\r"), undefined, undefined],
  ["URCs of a modem that boots", bytes("\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n"), undefined, undefined],
  ["echo and a URC", bytes("AT\r\r\nRDY\r\nAT\r"), undefined, undefined],
];

describe("what a silent port said", () => {
  it.each(told)("%s", (_name, said, onUsb, onUart) => {
    expect(judgePort(said, false)).toBe(onUsb);
    expect(judgePort(said, true)).toBe(onUart);
  });
});

describe("bring-up on the wrong port", () => {
  const never = new AbortController().signal;
  const wake = (port: MemoryPort, clock: VirtualClock): Promise<void> => {
    const line = { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) };
    return clock.runUntil(bringUp(line, 5_000, never));
  };

  it("says what the port seems to be, in place of a silent modem", async () => {
    const port = new MemoryPort();
    port.answer(() => port.say("$GPGSV,1,1,00*79\r\n"));
    await expect(wake(port, new VirtualClock())).rejects.toMatchObject({
      code: "wrong_port",
      message: expect.stringMatching(/^memory is not a modem's AT port: it speaks NMEA 0183/),
    });
  });

  it("knows a loopback, though its echoes pass for those of a modem", async () => {
    const port = new MemoryPort();
    port.answer((text) => port.say(`${text}\r`));
    await expect(wake(port, new VirtualClock())).rejects.toMatchObject({
      code: "wrong_port",
      message: expect.stringContaining(describePortKind("echo")),
    });
  });

  it("leaves a port that says nothing a silent modem's", async () => {
    await expect(wake(new MemoryPort(), new VirtualClock())).rejects.toMatchObject({ code: "modem_silent" });
  });

  it("judges an answer that is no OK by what came with it", async () => {
    const port = new MemoryPort();
    port.answer(() => port.sayLines("raspberrypi login: ", "ERROR"));
    await expect(wake(port, new VirtualClock())).rejects.toMatchObject({ code: "wrong_port" });
    const strange = new MemoryPort();
    strange.answer(() => strange.sayLines("ERROR"));
    await expect(wake(strange, new VirtualClock())).rejects.toMatchObject({ code: "modem_protocol" });
  });

  it("goes on with a modem whose port carried NMEA before it answered", async () => {
    const port = new MemoryPort();
    let asked = 0;
    port.answer((text) => {
      if (asked++ < 2) port.say("$GPGSV,1,1,00*79\r\n");
      else if (text.endsWith("?")) port.sayLines(`${text.slice(2, -1)}: 1`, "OK");
      else port.sayLines("OK");
    });
    await wake(port, new VirtualClock());
    expect(port.sent.at(-1)).toBe("AT+CMEE=1");
  });
});
