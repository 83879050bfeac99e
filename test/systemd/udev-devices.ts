import type { SysNode, UdevEvent } from "./udev-machine.js";

/** Ports of modems, as Linux shows them in sysfs. */

export interface UsbPort {
  readonly vendorId: string;
  readonly productId: string;
  readonly interfaceNumber: string;
  /** The bus and the sockets on the way, as "1-1.2". */
  readonly place?: string;
  readonly kernel?: string;
  readonly subsystem?: string;
  readonly action?: string;
}

/** A tty of usb-serial: the port, the interface, the modem, the hub that it is plugged into. */
export function usbPort(port: UsbPort): UdevEvent {
  const { vendorId, productId, interfaceNumber, place = "1-1.2", kernel = "ttyUSB2", subsystem = "tty" } = port;
  const [busnum = "", devpath = ""] = place.split("-");
  const modem: SysNode = {
    kernel: place,
    subsystem: "usb",
    driver: "usb",
    attributes: { idVendor: vendorId, idProduct: productId, busnum, devpath, serial: "0123456789ABCDEF" },
  };
  const hub: SysNode = {
    kernel: `usb${busnum}`,
    subsystem: "usb",
    driver: "usb",
    attributes: { idVendor: "1d6b", idProduct: "0002", busnum, devpath: "0", serial: "0000:00:14.0" },
  };
  const chain: readonly SysNode[] = [
    { kernel, subsystem, attributes: { dev: "188:2" } },
    { kernel, subsystem: "usb-serial", driver: "option1", attributes: { port_number: "0" } },
    {
      kernel: `${place}:1.${Number.parseInt(interfaceNumber, 16)}`,
      subsystem: "usb",
      driver: "option",
      attributes: { bInterfaceNumber: interfaceNumber, bInterfaceClass: "ff" },
    },
    modem,
    hub,
    { kernel: "0000:00:14.0", subsystem: "pci", driver: "xhci_hcd", attributes: { vendor: "0x8086" } },
  ];
  return { action: port.action ?? "add", chain };
}

/** A UART of the board. */
export const uart: UdevEvent = {
  action: "add",
  chain: [
    { kernel: "ttyS1", subsystem: "tty", attributes: { dev: "4:65" } },
    { kernel: "serial8250", subsystem: "platform", driver: "serial8250", attributes: {} },
  ],
};

/** A port of the kernel's WWAN class, of a modem on PCIe. */
export function wwanPort(kernel: string, subsystem = "wwan"): UdevEvent {
  return {
    action: "add",
    chain: [
      { kernel, subsystem, attributes: { dev: "510:0" } },
      { kernel: "wwan0", subsystem: "wwan", attributes: {} },
      { kernel: "0000:01:00.0", subsystem: "pci", driver: "mhi-pci-generic", attributes: { vendor: "0x17cb" } },
    ],
  };
}
