import { modemVendor } from "./port-role.js";
import type { PortRole, RoleSource } from "./port-table.js";

/** What discovery finds, and what follows from it. Pure. */

/** The USB interface that a port belongs to. */
export interface UsbPlace {
  readonly vendorId: string;
  readonly productId: string;
  /** The device's own; undefined where it has none that tells it from another of its kind. */
  readonly serial: string | undefined;
  readonly product: string | undefined;
  /** Where it is plugged in, as "1-1.2". */
  readonly busPath: string;
  /** The USB device's folder in sysfs, which is ModemManager's name for the modem, too. */
  readonly sysPath: string;
  readonly interfaceNumber: number;
}

/** A port of the kernel's WWAN class: a modem on PCIe. */
export interface WwanPlace {
  /** The folder in sysfs of the device behind it. */
  readonly sysPath: string;
  /** As "at0". */
  readonly port: string;
}

export interface FoundPort {
  /** The device node, as /dev/ttyUSB2. */
  readonly path: string;
  /** Its name under /dev/serial/by-id, which survives a replug. */
  readonly stableName: string | undefined;
  /** A udev rule keeps ModemManager from it: where it takes AT commands, it is esimd's. */
  readonly isOurs: boolean;
  readonly usb: UsbPlace | undefined;
  readonly wwan: WwanPlace | undefined;
  readonly role: PortRole;
  /** Undefined for a role that is unknown. */
  readonly roleFrom: RoleSource | undefined;
}

export interface FoundModem {
  /** The folder in sysfs of the device. */
  readonly sysPath: string;
  /** For sentences, as "EG25-G (2c7c:0125, USB 1-1.2)". */
  readonly name: string;
  readonly ports: readonly FoundPort[];
  /** Those that take AT commands, the preferred one first; empty where no role is known. */
  readonly atPorts: readonly FoundPort[];
}

/** Roles of ports that take AT commands, in order of preference; before all goes what udev keeps for esimd. */
const atRoles: readonly PortRole[] = ["at", "at-secondary", "ppp"];

export function speaksAt(port: FoundPort): boolean {
  return atRoles.includes(port.role);
}

/** Ports put together by the device they belong to. A USB device of which no port's role is known is no modem that we know. */
export function modemsOf(ports: readonly FoundPort[]): readonly FoundModem[] {
  const bySysPath = new Map<string, FoundPort[]>();
  for (const port of ports) {
    const sysPath = port.usb?.sysPath ?? port.wwan?.sysPath;
    if (sysPath === undefined) continue;
    bySysPath.set(sysPath, [...(bySysPath.get(sysPath) ?? []), port]);
  }
  return [...bySysPath]
    .filter(([, own]) => own.some(({ role }) => role !== "unknown"))
    .map(([sysPath, own]) => {
      const atPorts = own.filter(speaksAt).toSorted(byPreference);
      return { sysPath, name: deviceName(own), ports: own, atPorts };
    });
}

function byPreference(one: FoundPort, other: FoundPort): number {
  const byRule = Number(other.isOurs) - Number(one.isOurs);
  return byRule || atRoles.indexOf(one.role) - atRoles.indexOf(other.role) || numberOf(one) - numberOf(other);
}

function numberOf(port: FoundPort): number {
  return port.usb?.interfaceNumber ?? 0;
}

function deviceName(ports: readonly FoundPort[]): string {
  const usb = ports[0]?.usb;
  if (usb !== undefined) return `${usb.product ?? "modem"} (${usb.vendorId}:${usb.productId}, USB ${usb.busPath})`;
  return `modem at ${ports[0]?.wwan?.sysPath.split("/").at(-1) ?? "an unknown place"}`;
}

/** A port in a sentence: the name to give it by, and what it is. */
export function describePort(port: FoundPort): string {
  const name = port.stableName ?? port.path;
  if (port.usb === undefined && port.wwan === undefined) return `${name} (UART)`;
  const device = port.usb === undefined ? "" : `${port.usb.vendorId}:${port.usb.productId}, `;
  if (port.role !== "unknown") return `${name} (${device}${port.role})`;
  // A maker of modems: its AT port is likely among these, and only a person can say which.
  const maker = modemVendor(port.usb?.vendorId ?? "");
  return `${name} (${maker === undefined ? "" : `${maker} `}${device}role unknown)`;
}
