import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import type { HostRoots } from "../../src/serial/host-roots.js";

/** A host's dev, sys, proc and run in a temporary folder, laid out as Linux and udev do, for tests that look for modems and their holders. */

export interface FakeUsbPort {
  /** bInterfaceNumber. */
  readonly interfaceNumber: number;
  /** As "ttyUSB2". */
  readonly tty: string;
  /** Where the node points, such as an emulated modem's port; an empty file when left out. */
  readonly target?: string;
  /** As "ff/00/00", which it is when left out. */
  readonly interfaceClass?: string;
}

export interface FakeUsbDevice {
  /** As "1-1.2". */
  readonly busPath: string;
  readonly vendorId: string;
  readonly productId: string;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly ports: readonly FakeUsbPort[];
  /** False: udev has made no links under /dev/serial/by-id. */
  readonly byId?: boolean;
}

/** A Quectel EG25-G as it enumerates: diag, GNSS, AT, modem. The AT port leads to `target`. */
export function eg25(options: {
  /** Where its second AT port, on interface 3, leads to. */
  readonly second?: string;
  readonly busPath?: string;
  readonly serial?: string;
  /** Number of the first ttyUSB. */
  readonly firstTty?: number;
  readonly target?: string;
}): FakeUsbDevice {
  const { busPath = "1-1.2", serial, firstTty = 0, target, second } = options;
  const targets = new Map([
    [2, target],
    [3, second],
  ]);
  return {
    busPath,
    vendorId: "2c7c",
    productId: "0125",
    manufacturer: "Quectel",
    product: "EG25-G",
    ...(serial === undefined ? {} : { serial }),
    ports: [0, 1, 2, 3].map((interfaceNumber) => {
      const leadsTo = targets.get(interfaceNumber);
      const tty = `ttyUSB${firstTty + interfaceNumber}`;
      return { interfaceNumber, tty, ...(leadsTo === undefined ? {} : { target: leadsTo }) };
    }),
  };
}

export class FakeHost {
  readonly dir: string;
  readonly roots: HostRoots;

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), "esimd-host-"));
    const under = (name: string): string => join(this.dir, name);
    this.roots = { dev: under("dev"), sys: under("sys"), proc: under("proc"), run: under("run") };
    for (const folder of ["dev", "sys/class/tty", "proc", "run/lock"]) mkdirSync(under(folder), { recursive: true });
  }

  /** The path of a device node. */
  node(name: string): string {
    return join(this.roots.dev, name);
  }

  /** The device node of a device's interface. */
  byInterface(device: FakeUsbDevice, interfaceNumber: number): string {
    const port = device.ports.find((one) => one.interfaceNumber === interfaceNumber);
    if (port === undefined) throw new Error(`the device has no port on its interface ${interfaceNumber}`);
    return this.node(port.tty);
  }

  /** The sysfs folder of a USB device. */
  usbPath(busPath: string): string {
    const [bus] = busPath.split("-");
    return join(this.roots.sys, "devices/pci0000:00/0000:00:14.0", `usb${bus}`, busPath);
  }

  plug(device: FakeUsbDevice): void {
    const home = this.usbPath(device.busPath);
    attributes(home, {
      idVendor: device.vendorId,
      idProduct: device.productId,
      manufacturer: device.manufacturer,
      product: device.product,
      serial: device.serial,
      busnum: device.busPath.split("-")[0],
      devnum: "7",
    });
    link(join(this.roots.sys, "bus/usb/devices", device.busPath), home);
    for (const port of device.ports) this.#plugPort(device, home, port);
  }

  /** Takes a device away: its nodes, its links, its sysfs folder. */
  unplug(device: FakeUsbDevice): void {
    for (const { tty, interfaceNumber } of device.ports) {
      const byId = this.byId(device, interfaceNumber);
      for (const path of [byId, this.node(tty), join(this.roots.sys, "class/tty", tty)]) rmSync(path, { force: true });
    }
    rmSync(join(this.roots.sys, "bus/usb/devices", device.busPath), { force: true });
    rmSync(this.usbPath(device.busPath), { recursive: true, force: true });
  }

  /** The name that udev gives a port under /dev/serial/by-id. */
  byId(device: FakeUsbDevice, interfaceNumber: number): string {
    const port = device.ports.find((one) => one.interfaceNumber === interfaceNumber);
    const parts = [device.manufacturer, device.product, device.serial].filter((part) => part !== undefined);
    const suffix = port?.tty.startsWith("ttyUSB") ? "-port0" : "";
    const name = `usb-${parts.join("_").replaceAll(" ", "_")}-if${hex(interfaceNumber)}${suffix}`;
    return this.node(`serial/by-id/${name}`);
  }

  /** A real UART; `type` 0 is a name without a chip behind it. */
  addUart(tty: string, options: { readonly type?: string; readonly target?: string } = {}): void {
    const home = join(this.roots.sys, "devices/platform/serial8250");
    const entry = join(home, "tty", tty);
    attributes(entry, { type: options.type ?? "4" });
    link(join(entry, "device"), home);
    link(join(this.roots.sys, "class/tty", tty), entry);
    this.#makeNode(tty, options.target);
  }

  /** A modem on PCIe with its ports, such as "at0" and "mbim0", as /dev/wwan0at0. */
  addWwan(wwan: string, ports: readonly string[], target?: string): void {
    const pci = join(this.roots.sys, "devices/pci0000:00/0000:00:1c.0/0000:01:00.0");
    const home = join(pci, "wwan", wwan);
    mkdirSync(home, { recursive: true });
    link(join(home, "device"), pci);
    for (const port of ports) {
      const name = `${wwan}${port}`;
      attributes(join(home, name), { type: port.replace(/\d+$/, "").toUpperCase() });
      link(join(home, name, "device"), home);
      link(join(this.roots.sys, "class/wwan", name), join(home, name));
      this.#makeNode(name, port.startsWith("at") ? target : undefined);
    }
  }

  /** A udev rule keeps ModemManager from a port that is there already: ID_MM_PORT_IGNORE, in udev's database. */
  keepFromModemManager(tty: string): void {
    const number = `188:${/\d+$/.exec(tty)?.[0] ?? "0"}`;
    attributes(realpathSync(join(this.roots.sys, "class/tty", tty)), { dev: number });
    const data = join(this.roots.run, "udev/data");
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, `c${number}`), "I:123\nE:ID_MM_PORT_IGNORE=1\nV:1\n");
  }

  /** The lock file of whoever holds the port behind a node. */
  lock(node: string, pid: number): void {
    writeFileSync(
      join(this.roots.run, "lock", `LCK..${basename(realpathSync(node))}`),
      `${String(pid).padStart(10)}\n`,
    );
  }

  /** A process with its open files, by descriptor number. */
  addProcess(process: {
    readonly pid: number;
    readonly comm: string;
    readonly cmdline?: readonly string[];
    readonly open?: readonly string[];
  }): void {
    const home = join(this.roots.proc, String(process.pid));
    mkdirSync(join(home, "fd"), { recursive: true });
    writeFileSync(join(home, "comm"), `${process.comm}\n`);
    writeFileSync(join(home, "cmdline"), (process.cmdline ?? [process.comm]).map((word) => `${word}\0`).join(""));
    for (const [index, path] of (process.open ?? []).entries()) symlinkSync(path, join(home, "fd", String(index + 3)));
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #plugPort(device: FakeUsbDevice, home: string, port: FakeUsbPort): void {
    const { interfaceNumber, tty, interfaceClass = "ff/00/00" } = port;
    const [bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol] = interfaceClass.split("/");
    const usbInterface = join(home, `${device.busPath}:1.${interfaceNumber}`);
    attributes(usbInterface, {
      bInterfaceNumber: hex(interfaceNumber),
      bInterfaceClass,
      bInterfaceSubClass,
      bInterfaceProtocol,
    });
    // A usb-serial port is a device of its own below the interface; a CDC ACM tty hangs on the interface itself.
    const parent = tty.startsWith("ttyUSB") ? join(usbInterface, tty) : usbInterface;
    const entry = join(parent, "tty", tty);
    mkdirSync(entry, { recursive: true });
    link(join(entry, "device"), parent);
    link(join(this.roots.sys, "class/tty", tty), entry);
    this.#makeNode(tty, port.target);
    if (device.byId !== false) link(this.byId(device, interfaceNumber), this.node(tty));
  }

  #makeNode(name: string, target: string | undefined): void {
    const path = this.node(name);
    if (target === undefined) writeFileSync(path, "");
    else symlinkSync(target, path);
  }
}

function attributes(folder: string, values: Readonly<Record<string, string | undefined>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) writeFileSync(join(folder, name), `${value}\n`);
}

/** A relative link, as sysfs and udev make them; one that is there is replaced. */
function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  symlinkSync(relative(dirname(path), target), path);
}

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}
