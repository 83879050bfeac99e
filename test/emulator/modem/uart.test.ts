import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { startFakeModem } from "../../../src/emulator/modem/fake-modem.js";
import type { WorldInput } from "../../../src/emulator/modem/scenario.js";
import { openMemoryWire } from "../../../src/emulator/modem/transport/memory.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import type { BytePort } from "../../../src/serial/port.js";
import { Desk, quietDesk } from "./desk.js";

/** A modem behind a UART: bytes get through when both ends have the same speed. */

const uart: WorldInput = { uart: { rates: [9_600, 115_200, 460_800, 921_600] } };

async function deskAt(hostRate: number, world: WorldInput = uart): Promise<Desk> {
  const desk = new Desk({ world });
  desk.hostRate = hostRate;
  await desk.ask("ATE0");
  return desk;
}

describe("the speed of a UART", () => {
  it("says what it takes and what it is, and changes behind the answer", async () => {
    const desk = await deskAt(115_200);
    expect(await desk.ask("AT+IPR=?")).toBe("+IPR: (),(9600,115200,460800,921600)|OK");
    expect(await desk.ask("AT+IPR?")).toBe("+IPR: 115200|OK");
    expect(await desk.ask("AT+IPR=460800")).toBe("OK");
    desk.hostRate = 460_800;
    expect(await desk.ask("AT+IPR?")).toBe("+IPR: 460800|OK");
    expect(await desk.ask("AT+IPR=57600")).toBe("ERROR");
  });

  it("makes garbage of what comes at another, in both directions, and nothing of it is a command", async () => {
    const desk = await deskAt(115_200);
    await desk.ask("AT+IPR=921600");
    expect(await desk.ask("AT")).toBe("");
    desk.hostRate = 921_600;
    expect(await desk.ask("AT+CEREG?")).toBe("+CEREG: 0,5|OK");
    desk.modem.powerOff();
    desk.modem.powerOn();
    // The modem says RDY at 115200.
    const boot = await desk.heard(300);
    expect(boot).toMatch(/^[\x80-\xff]+$/);
  });

  it("is forgotten without power, unless AT&W has kept it", async () => {
    const desk = await deskAt(115_200);
    await desk.ask("AT+IPR=460800");
    desk.hostRate = 460_800;
    await desk.ask("AT+CFUN=1,1", 300);
    desk.hostRate = 115_200;
    expect(await desk.ask("AT+IPR?")).toContain("+IPR: 115200|OK");
    await desk.ask("ATE0");
    await desk.ask("AT+IPR=921600");
    desk.hostRate = 921_600;
    expect(await desk.ask("AT&W")).toBe("OK");
    await desk.ask("AT+CFUN=1,1", 300);
    expect(await desk.ask("AT+IPR?")).toContain("+IPR: 921600|OK");
  });

  it("may be more than the line holds: both ends agree, and nothing gets through", async () => {
    const desk = await deskAt(115_200, { uart: { rates: [115_200, 921_600], cleanUpTo: 460_800 } });
    await desk.ask("AT+IPR=921600");
    desk.hostRate = 921_600;
    expect(await desk.ask("AT")).toBe("");
  });

  it("means nothing on USB", async () => {
    const desk = await quietDesk();
    desk.hostRate = 9_600;
    expect(await desk.ask("AT+IPR=460800")).toBe("OK");
    expect(await desk.ask("AT+IPR?")).toBe("+IPR: 460800|OK");
    expect(await desk.ask("AT+IPR=12345")).toBe("+CME ERROR: 50");
  });
});

describe("a UART in memory", () => {
  const signal = new AbortController().signal;

  function listenTo(port: BytePort): { ask(line: string): Promise<string>; heard(): string } {
    let text = "";
    port.onData((bytes) => {
      text += Buffer.from(bytes).toString("latin1");
    });
    return {
      heard: () => text,
      ask: async (line) => {
        text = "";
        await port.write(Buffer.from(`${line}\r`, "latin1"));
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        return text;
      },
    };
  }

  it("is opened like any port, changes its speed, and is lost when the modem is pulled out", async () => {
    const wire = openMemoryWire();
    await expect(wire.openPort("memory", signal)).rejects.toMatchObject({ code: "port_missing" });
    const modem = await startFakeModem({
      clock: systemClock,
      random: seededRandom(7),
      log: silentLog,
      pki: createPki(),
      wire: { kind: "memory", wire },
      scenario: { behaviours: [], world: uart },
    });
    try {
      const port = await wire.openPort("memory", signal);
      await expect(wire.openPort("memory", signal)).rejects.toMatchObject({ code: "port_busy" });
      expect(port.isUart).toBe(true);
      const host = listenTo(port);
      expect(await host.ask("ATE0")).toContain("OK");
      expect(await host.ask("AT+IPR=921600")).toBe("\r\nOK\r\n");
      expect(await host.ask("AT")).toBe("");
      await port.setBaud?.(921_600);
      expect(await host.ask("AT")).toBe("\r\nOK\r\n");

      const gone: string[] = [];
      port.onGone((error) => gone.push(error.code));
      await modem.unplug();
      expect(gone).toEqual(["serial_gone"]);
      await expect(port.write(Buffer.from("AT\r"))).rejects.toMatchObject({ code: "serial_gone" });
      await modem.replug();
      const again = await wire.openPort("memory", signal);
      await again.close();
      await again.close();
      await (await wire.openPort("memory", signal)).close();
    } finally {
      await modem.close();
    }
  });
});
