import { describe, expect, it } from "vitest";
import { managementOf, type PhysicalDevice } from "../../src/serial/modem-manager.js";
import { parseUdevProperties } from "../../src/serial/udev-database.js";

const properties = (...pairs: readonly string[]): ReadonlyMap<string, string> =>
  parseUdevProperties(pairs.map((pair) => `E:${pair}`).join("\n"));
const device = (subsystem: string, ...pairs: readonly string[]): PhysicalDevice => ({
  sysfsPath: "/sys/devices/x",
  subsystem,
  properties: properties(...pairs),
});
const alone = { kind: "left-alone" };
const managed = (uid = "/sys/devices/x") => ({ kind: "managed", pid: 312, uid });

describe("udev's database", () => {
  it("gives a device's properties, whatever else it keeps", () => {
    const text = "S:serial/by-id/usb-x\nI:8123\nE:ID_MM_CANDIDATE=1\nE:ID_PATH=a=b\nE:EMPTY=\nG:systemd\nbroken\n";
    expect([...parseUdevProperties(text)]).toEqual([
      ["ID_MM_CANDIDATE", "1"],
      ["ID_PATH", "a=b"],
      ["EMPTY", ""],
    ]);
  });
});

describe("what ModemManager does with a port (its src/mm-filter.c and mm-port-probe.c)", () => {
  it.each([
    ["a USB modem", "tty", [], device("usb"), managed()],
    ["a port that is to be ignored", "tty", ["ID_MM_PORT_IGNORE=1"], device("usb"), alone],
    ["a port that is not to be ignored", "tty", ["ID_MM_PORT_IGNORE=0"], device("usb"), managed()],
    ["the device's tag says nothing of the port", "tty", [], device("usb", "ID_MM_PORT_IGNORE=1"), managed()],
    ["a device that is to be ignored", "tty", [], device("usb", "ID_MM_DEVICE_IGNORE=true"), alone],
    ["the same, said at the port", "tty", ["ID_MM_DEVICE_IGNORE=1"], device("usb"), alone],
    [
      "a device that is wanted goes before",
      "tty",
      ["ID_MM_DEVICE_IGNORE=1"],
      device("usb", "ID_MM_DEVICE_PROCESS=1"),
      managed(),
    ],
    ["but not before an ignored port", "tty", ["ID_MM_PORT_IGNORE=1"], device("usb", "ID_MM_DEVICE_PROCESS=1"), alone],
    ["a name that a person gave", "tty", [], device("usb", "ID_MM_PHYSDEV_UID=modem0"), managed("modem0")],
    ["a UART of the board", "tty", [], device("platform"), alone],
    ["a UART of the board that is wanted", "tty", ["ID_MM_DEVICE_PROCESS=1"], device("platform"), managed()],
    ["a modem on PCIe", "wwan", [], device("pci"), managed()],
    ["a pseudo-terminal", "tty", [], undefined, alone],
  ])("%s", (_name, subsystem, port, physical, expected) => {
    expect(managementOf(312, subsystem, properties(...port), physical)).toMatchObject(expected);
  });
});
