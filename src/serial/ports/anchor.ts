import { access } from "node:fs/promises";
import { resolve } from "node:path";
import type { HostRoots } from "../host-roots.js";
import { discoverPorts, linkTarget } from "./discover.js";
import type { FoundPort, UsbPlace } from "./found-port.js";

/** Which port it was, so that it is known again when the modem comes back, perhaps under another name, and so that no other is taken for it. */
export interface PortAnchor {
  /** As it was named. */
  readonly path: string;
  /** What it was; undefined for a port of which this host tells nothing but its name. */
  readonly port: FoundPort | undefined;
  /** The serial number tells the modem from every other that was there. */
  readonly serialIsItsOwn: boolean;
}

/** A link to a link to a device node, at most. */
const maxLinks = 8;

/** Remembers the port of that name, which may be a link to it. */
export async function anchorOf(path: string, host: HostRoots): Promise<PortAnchor> {
  const ports = await discoverPorts(host);
  const port = await portNamed(path, ports);
  return { path, port, serialIsItsOwn: hasOwnSerial(port, ports) };
}

/** The name under which an anchored port is to be opened now; undefined while it is not there. */
export async function findAgain(anchor: PortAnchor, host: HostRoots): Promise<string | undefined> {
  const { path, port } = anchor;
  if (port?.usb === undefined && port?.wwan === undefined) return (await exists(path)) ? path : undefined;
  const ports = await discoverPorts(host);
  const named = await portNamed(path, ports);
  if (named !== undefined && isSamePort(anchor, named, ports)) return path;
  const same = ports.filter((candidate) => isSamePort(anchor, candidate, ports));
  const stable = same.find(({ stableName }) => stableName !== undefined && stableName === port.stableName);
  return (stable ?? same[0])?.path;
}

/** Whether `candidate` is the anchored port: the same interface of the same device. Pure. */
export function isSamePort(anchor: PortAnchor, candidate: FoundPort, all: readonly FoundPort[]): boolean {
  const { port, serialIsItsOwn } = anchor;
  if (port?.wwan !== undefined) {
    return candidate.wwan?.sysPath === port.wwan.sysPath && candidate.wwan.port === port.wwan.port;
  }
  const [was, is] = [port?.usb, candidate.usb];
  if (was === undefined || is === undefined || !isSameKind(was, is) || was.serial !== is.serial) return false;
  // Without a serial number of its own, a modem of the same kind in another socket is another modem, as far as anyone can tell.
  return was.busPath === is.busPath || (serialIsItsOwn && hasOwnSerial(candidate, all));
}

function isSameKind(one: UsbPlace, other: UsbPlace): boolean {
  return (
    one.vendorId === other.vendorId &&
    one.productId === other.productId &&
    one.interfaceNumber === other.interfaceNumber
  );
}

/** Makers have been seen to give a whole batch one serial number: it counts only if no other device that is there has it. */
function hasOwnSerial(port: FoundPort | undefined, all: readonly FoundPort[]): boolean {
  const usb = port?.usb;
  if (usb?.serial === undefined) return false;
  return all.every(({ usb: other }) => other?.serial !== usb.serial || other?.sysPath === usb.sysPath);
}

/** The port behind a name, through links such as udev makes. */
async function portNamed(path: string, ports: readonly FoundPort[]): Promise<FoundPort | undefined> {
  let name: string | undefined = resolve(path);
  for (let links = 0; name !== undefined && links < maxLinks; links++) {
    const here: string = name;
    const port = ports.find((candidate) => candidate.path === here);
    if (port !== undefined) return port;
    name = await linkTarget(here);
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
