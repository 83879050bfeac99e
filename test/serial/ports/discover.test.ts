import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { discoverPorts } from "../../../src/serial/ports/discover.js";
import { modemsOf } from "../../../src/serial/ports/found-port.js";
import { eg25, FakeHost, type FakeUsbDevice } from "../../support/fake-host.js";

/** A u-blox SARA-U2: ACM ports, which hang on the interface itself. */
const sara: FakeUsbDevice = {
  busPath: "2-1",
  vendorId: "1546",
  productId: "1102",
  manufacturer: "u-blox AG",
  product: "SARA-U2",
  ports: [0, 2, 4, 6].map((interfaceNumber, index) => ({
    interfaceNumber,
    tty: `ttyACM${index}`,
    interfaceClass: "02/02/01",
  })),
};
const ftdiCable: FakeUsbDevice = {
  busPath: "1-3",
  vendorId: "0403",
  productId: "6001",
  manufacturer: "FTDI",
  product: "FT232R USB UART",
  serial: "A50285BI",
  ports: [{ interfaceNumber: 0, tty: "ttyUSB9" }],
};

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});
afterEach(() => host.close());

describe("looking for ports", () => {
  it("finds a modem's ports with their roles, their stable names and the device they belong to", async () => {
    const modem = eg25({ serial: "0EC5A1", firstTty: 4 });
    host.plug(modem);
    const ports = await discoverPorts(host.roots);
    expect(ports.map(({ path, role }) => [path, role])).toEqual([
      [host.node("ttyUSB4"), "diag"],
      [host.node("ttyUSB5"), "gnss"],
      [host.node("ttyUSB6"), "at"],
      [host.node("ttyUSB7"), "at-secondary"],
    ]);
    expect(ports[2]).toEqual({
      path: host.node("ttyUSB6"),
      stableName: host.node("serial/by-id/usb-Quectel_EG25-G_0EC5A1-if02-port0"),
      isOurs: false,
      usb: {
        vendorId: "2c7c",
        productId: "0125",
        serial: "0EC5A1",
        product: "EG25-G",
        busPath: "1-1.2",
        sysPath: host.usbPath("1-1.2"),
        interfaceNumber: 2,
      },
      wwan: undefined,
      role: "at",
      roleFrom: {
        source: "ModemManager src/plugins/quectel/77-mm-quectel-port-types.rules",
        evidence: "seen in code",
      },
    });
  });

  it("finds ACM ports, the AT ports of a modem on PCIe, and UARTs", async () => {
    host.plug(sara);
    host.addWwan("wwan0", ["at0", "mbim0", "qcdm0"]);
    host.addUart("ttyS0");
    host.addUart("ttyAMA0");
    // A name of the 8250 driver without a chip behind it, and our own end of a gadget's cable.
    host.addUart("ttyS1", { type: "0" });
    host.addUart("ttyGS0");
    const ports = await discoverPorts(host.roots);
    expect(ports.map(({ path, role }) => [path.slice(host.roots.dev.length + 1), role])).toEqual([
      ["ttyACM0", "at"],
      ["ttyACM1", "at-secondary"],
      ["ttyACM2", "at-secondary"],
      ["ttyACM3", "gnss"],
      ["ttyAMA0", "unknown"],
      ["ttyS0", "unknown"],
      ["wwan0at0", "at"],
    ]);
    expect(ports.at(-1)?.wwan).toEqual({
      sysPath: join(host.roots.sys, "devices/pci0000:00/0000:00:1c.0/0000:01:00.0"),
      port: "at0",
    });
  });

  it("finds nothing on a host without ports, or without sysfs", async () => {
    expect(await discoverPorts(host.roots)).toEqual([]);
    expect(await discoverPorts({ ...host.roots, sys: "/nowhere/sys" })).toEqual([]);
  });

  it("leaves out what is half there, and finds the rest", async () => {
    const modem = eg25({});
    host.plug(modem);
    const inSys = (path: string): string => join(host.usbPath("1-1.2"), path);
    // udev has not made the node yet; the device went while it was read; an attribute is gone, or is no number.
    rmSync(host.node("ttyUSB0"));
    rmSync(join(host.roots.sys, "class/tty/ttyUSB1"));
    symlinkSync("../../devices/gone/ttyUSB1", join(host.roots.sys, "class/tty/ttyUSB1"));
    writeFileSync(inSys("1-1.2:1.3/bInterfaceNumber"), "zz\n");
    expect((await discoverPorts(host.roots)).map(({ path }) => path)).toEqual([host.node("ttyUSB2")]);
    rmSync(inSys("idVendor"));
    expect(await discoverPorts(host.roots)).toEqual([]);
  });

  it("does not climb out of the tree for the attributes of a USB device", async () => {
    const outside = join(host.dir, "outside/1-9/1-9:1.2/ttyUSB2");
    mkdirSync(outside, { recursive: true });
    writeFileSync(join(dirname(outside), "bInterfaceNumber"), "02\n");
    writeFileSync(join(dirname(outside), "../idVendor"), "2c7c\n");
    writeFileSync(join(dirname(outside), "../idProduct"), "0125\n");
    const entry = join(host.roots.sys, "devices/virtual/tty/ttyUSB2");
    mkdirSync(entry, { recursive: true });
    symlinkSync(outside, join(entry, "device"));
    symlinkSync(entry, join(host.roots.sys, "class/tty/ttyUSB2"));
    writeFileSync(host.node("ttyUSB2"), "");
    expect(await discoverPorts(host.roots)).toEqual([]);
  });

  it("takes a device's words as data: bounded, without control characters", async () => {
    host.plug({ ...eg25({}), product: `EG25\u001b[31m${"x".repeat(5000)}`, byId: false });
    const [port] = await discoverPorts(host.roots);
    expect(port?.usb?.product).toMatch(/^EG25 \[31mx+$/);
    expect(port?.usb?.product?.length).toBeLessThanOrEqual(200);
  });

  it.each(["0123456789ABCDEF", "0000000000", "1234567890abcdef"])(
    "does not take %s for a serial number, which every unit has",
    async (serial) => {
      host.plug(eg25({ serial }));
      expect((await discoverPorts(host.roots))[0]?.usb?.serial).toBeUndefined();
    },
  );
});

describe("the modems of a host", () => {
  it("are its ports by device, each with its AT ports, the preferred one first", async () => {
    host.plug(eg25({ busPath: "1-1.2", firstTty: 0 }));
    host.plug(sara);
    host.plug(ftdiCable);
    host.addWwan("wwan0", ["at0", "at1"]);
    host.addUart("ttyS0");
    const modems = modemsOf(await discoverPorts(host.roots));
    const short = (path: string): string => path.slice(host.roots.dev.length + 1);
    expect(modems.map(({ name, atPorts }) => [name, atPorts.map(({ path }) => short(path))])).toEqual([
      ["SARA-U2 (1546:1102, USB 2-1)", ["ttyACM0", "ttyACM1", "ttyACM2"]],
      ["EG25-G (2c7c:0125, USB 1-1.2)", ["ttyUSB2", "ttyUSB3"]],
      ["modem at 0000:01:00.0", ["wwan0at0", "wwan0at1"]],
    ]);
  });

  it("prefer a port for commands to one for data calls, whatever their numbers", async () => {
    host.plug({
      ...eg25({}),
      vendorId: "1e2d",
      productId: "0061",
      ports: [
        { interfaceNumber: 0, tty: "ttyACM0" },
        { interfaceNumber: 2, tty: "ttyACM1" },
      ],
    });
    const [modem] = modemsOf(await discoverPorts(host.roots));
    expect(modem?.atPorts.map(({ role }) => role)).toEqual(["at", "ppp"]);
  });
});
