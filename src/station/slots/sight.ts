import { lstat } from "node:fs/promises";
import { parsePortAddress } from "../../serial/address.js";
import type { HostRoots } from "../../serial/host-roots.js";
import { discoverPorts } from "../../serial/ports/discover.js";
import { type FoundPort, modemsOf } from "../../serial/ports/found-port.js";
import type { SlotEntry } from "../station-file.js";

/** What there is to see in a slot, without opening anything. */

export type Sight =
  | { readonly kind: "absent" }
  | {
      readonly kind: "present";
      /** What to open. */
      readonly port: string;
      /** Another one means that another unit is there, or the same one anew; undefined where that cannot be seen. */
      readonly instance: string | undefined;
    };

const absent: Sight = { kind: "absent" };

/** Looks at all slots at once. A device that comes while it looks is seen the next time. */
export async function lookAtSlots(slots: readonly SlotEntry[], host: HostRoots): Promise<ReadonlyMap<number, Sight>> {
  const ports = slots.some(({ usb }) => usb !== undefined) ? await discoverPorts(host) : [];
  const sights = slots.map(async (slot): Promise<readonly [number, Sight]> => {
    if (slot.usb !== undefined) return [slot.number, await onUsb(slot.usb, slot.interface, ports)];
    return [slot.number, slot.port === undefined ? absent : await atPort(slot.port, ports)];
  });
  return new Map(await Promise.all(sights));
}

/** The AT port of whatever is plugged in there: of the named interface, else the one that esimd prefers. */
async function onUsb(
  busPath: string,
  interfaceNumber: number | undefined,
  ports: readonly FoundPort[],
): Promise<Sight> {
  const there = ports.filter(({ usb }) => usb?.busPath === busPath);
  const found =
    interfaceNumber === undefined
      ? modemsOf(there)[0]?.atPorts[0]
      : there.find(({ usb }) => usb?.interfaceNumber === interfaceNumber);
  if (found === undefined) return absent;
  return { kind: "present", port: found.path, instance: found.usb?.serial ?? (await instanceOf(found.path)) };
}

async function atPort(port: string, ports: readonly FoundPort[]): Promise<Sight> {
  const address = parsePortAddress(port);
  // A socket's other end cannot be seen: it is tried when there is a serial number for it.
  if (address.kind === "tcp") return { kind: "present", port, instance: undefined };
  const instance = await instanceOf(address.path);
  if (instance === undefined) return absent;
  const usb = ports.find(({ path }) => path === address.path)?.usb;
  return { kind: "present", port, instance: usb?.serial ?? instance };
}

/** A node that went and came back is another one: its number, and since numbers are used again, its birth. */
async function instanceOf(path: string): Promise<string | undefined> {
  try {
    const { ino, birthtimeMs } = await lstat(path);
    return `${ino}@${birthtimeMs}`;
  } catch {
    return undefined;
  }
}
