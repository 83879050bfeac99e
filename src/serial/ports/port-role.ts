import { type PortRole, type RoleSource, vendorPorts } from "./port-table.js";

export interface RoleFinding {
  readonly role: PortRole;
  /** Undefined for a role that is unknown. */
  readonly from: RoleSource | undefined;
}

/** A USB interface as sysfs shows it; hexadecimal digits in lower case. */
export interface UsbInterface {
  readonly vendorId: string;
  readonly productId: string;
  readonly interfaceNumber: number;
  /** bInterfaceClass, bInterfaceSubClass and bInterfaceProtocol, as in "ff/ff/30"; empty when not known. */
  readonly interfaceClass: string;
}

/**
 * Habits of makers of modems, for products that no rule names. Class 02/02/01 is the communication device that says of itself that it takes
 * AT commands (USB CDC 1.2, protocol codes of the communications class); the others are Qualcomm's, as entries of many makers have them in
 * Linux drivers/usb/serial/option.c. Boards that are no modems use them too, so that they count only for the vendors of the table.
 */
const habits: Readonly<Record<string, RoleFinding>> = {
  "02/02/01": guess("at", "USB CDC 1.2, protocol codes"),
  "ff/ff/30": guess("diag", "Linux drivers/usb/serial/option.c"),
  "ff/ff/40": guess("at", "Linux drivers/usb/serial/option.c"),
  "ff/00/40": guess("at", "Linux drivers/usb/serial/option.c"),
  "ff/ff/60": guess("gnss", "Linux drivers/usb/serial/option.c"),
};

function guess(role: PortRole, source: string): RoleFinding {
  return { role, from: { source, evidence: "guess" } };
}

/** These make much else: their vendor number alone does not make a modem. */
const alsoMakesOthers: ReadonlySet<string> = new Set(["05c6", "0489", "0e8d", "12d1", "1546", "1782", "413c", "8087"]);

const unknownRole: RoleFinding = { role: "unknown", from: undefined };

/** What a port is for; `unknown` where neither the table nor a habit tells. Pure. */
export function roleOf(port: UsbInterface): RoleFinding {
  const entry = vendorPorts.find(({ vendorId }) => vendorId === port.vendorId);
  if (entry === undefined) return unknownRole;
  const { source, evidence } = entry;
  const layout = entry.layouts.find(({ products }) => products.includes(port.productId));
  const role = layout?.ports[port.interfaceNumber] ?? entry.classes?.[port.interfaceClass];
  if (role !== undefined) return { role, from: { source, evidence } };
  // A product of the table has the ports of the table, and no others.
  if (layout !== undefined || alsoMakesOthers.has(port.vendorId)) return unknownRole;
  return habits[port.interfaceClass] ?? unknownRole;
}

/** The maker of a modem by its USB vendor, where the vendor makes nothing else. Pure. */
export function modemVendor(vendorId: string): string | undefined {
  return alsoMakesOthers.has(vendorId) ? undefined : vendorPorts.find((entry) => entry.vendorId === vendorId)?.vendor;
}
