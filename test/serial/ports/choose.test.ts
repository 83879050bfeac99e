import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EsimdError } from "../../../src/base/errors.js";
import { choosePort, choosePorts } from "../../../src/serial/ports/choose.js";
import { discoverPorts } from "../../../src/serial/ports/discover.js";
import { eg25, FakeHost } from "../../support/fake-host.js";

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});
afterEach(() => host.close());

const chosen = async (): Promise<string> => choosePort(await discoverPorts(host.roots)).path;
async function refusal(): Promise<EsimdError> {
  const ended = await chosen().catch((error: unknown) => error);
  if (ended instanceof EsimdError) return ended;
  throw new Error(`chosen: ${String(ended)}`);
}

describe("--port auto", () => {
  it("takes the AT port of the one modem, beside UARTs and cables", async () => {
    host.addUart("ttyS0");
    host.plug({
      ...eg25({ busPath: "1-3" }),
      vendorId: "0403",
      productId: "6001",
      ports: [{ interfaceNumber: 0, tty: "ttyUSB8" }],
    });
    host.plug(eg25({ firstTty: 3 }));
    expect(await chosen()).toBe(host.node("ttyUSB5"));
  });

  it("prefers the port that a udev rule keeps from ModemManager, and has the modem's others behind it", async () => {
    host.plug(eg25({}));
    const paths = async () => choosePorts(await discoverPorts(host.roots)).map(({ path }) => path);
    expect(await paths()).toEqual([host.node("ttyUSB2"), host.node("ttyUSB3")]);
    host.keepFromModemManager("ttyUSB3");
    // A rule of ModemManager's own keeps it from what is no AT port.
    host.keepFromModemManager("ttyUSB0");
    expect(await paths()).toEqual([host.node("ttyUSB3"), host.node("ttyUSB2")]);
  });

  it("takes a modem on PCIe", async () => {
    host.addWwan("wwan0", ["at0", "mbim0"]);
    expect(await chosen()).toBe(host.node("wwan0at0"));
  });

  it("without a modem says so, and what is there instead", async () => {
    expect(await refusal()).toMatchObject({ code: "port_missing", message: expect.stringContaining("no serial port") });
    host.addUart("ttyAMA0");
    host.plug({ ...eg25({ busPath: "1-3", firstTty: 8 }), vendorId: "0403", productId: "6001", byId: false });
    const error = await refusal();
    expect(error.code).toBe("port_missing");
    expect(error.message).toContain(`${host.node("ttyAMA0")} (UART)`);
    expect(error.message).toContain(`${host.node("ttyUSB8")} (0403:6001, role unknown)`);
    expect(error.hint).toContain("--port");
  });

  it("says whose modem it may be where the AT port of a new product is not known", async () => {
    host.plug({ ...eg25({}), productId: "6fff", byId: false });
    const { message } = await refusal();
    expect(message).toContain(`${host.node("ttyUSB2")} (Quectel 2c7c:6fff, role unknown)`);
  });

  it("names no more ports than a sentence holds", async () => {
    for (let index = 0; index < 30; index++) host.addUart(`ttyS${index}`);
    const { message } = await refusal();
    expect(message).toContain("and 22 more");
    expect(message.length).toBeLessThan(900);
  });

  it("among two modems takes none, and lists them by the names that stay", async () => {
    const first = eg25({ busPath: "1-1.2", serial: "AAA111", firstTty: 0 });
    host.plug(first);
    host.plug({ ...eg25({ busPath: "1-1.3", firstTty: 4 }), byId: false });
    const error = await refusal();
    expect(error.code).toBe("port_ambiguous");
    expect(error.message).toContain(host.byId(first, 2));
    expect(error.message).toContain(`${host.node("ttyUSB6")}, the AT port of EG25-G (2c7c:0125, USB 1-1.3)`);
  });
});
