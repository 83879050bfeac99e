import { access, readdir, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { readBounded } from "../../base/bounded-read.js";
import type { HostRoots } from "../host-roots.js";
import { isTrue, udevProperties } from "../udev-database.js";
import type { FoundPort, UsbPlace, WwanPlace } from "./found-port.js";
import { roleOf } from "./port-role.js";
import type { RoleSource } from "./port-table.js";

/**
 * Which serial ports this host has. Everything is read from sysfs and from udev's links; no port is opened, since opening one raises its
 * DTR. Devices come and go while the tree is read: what is half there is left out, and the next look finds it.
 */

/** More names than a host has; what lies beyond is not looked at. */
const maxNames = 1024;
const maxAttributeLength = 200;
/** The kernel gives a page at most. */
const maxAttributeFileBytes = 64 * 1024;
/** From a tty's device up to the USB interface, and from there to the USB device. */
const maxClimb = 3;

/** @throws never: a tree that cannot be read has no ports. */
export async function discoverPorts(host: HostRoots): Promise<readonly FoundPort[]> {
  const stableNames = await readStableNames(host);
  const ttys = (await namesIn(join(host.sys, "class/tty"))).filter((name) => /^tty[A-Za-z]+\d+$/.test(name));
  const wwans = (await namesIn(join(host.sys, "class/wwan"))).filter((name) => /^wwan\d+at\d+$/.test(name));
  const found = await Promise.all([
    ...ttys.map((name) => readTty(host, name, stableNames)),
    ...wwans.map((name) => readWwan(host, name)),
  ]);
  return found.filter((port) => port !== undefined).toSorted((one, other) => compareNames(one.path, other.path));
}

/** ttyUSB10 comes behind ttyUSB9. */
function compareNames(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

async function readTty(
  host: HostRoots,
  name: string,
  stableNames: ReadonlyMap<string, string>,
): Promise<FoundPort | undefined> {
  const path = join(host.dev, name);
  const entry = join(host.sys, "class/tty", name);
  const device = await realPathOf(join(entry, "device"));
  // A virtual console has no device behind it; and what has no node yet cannot be opened.
  if (device === undefined || !(await exists(path))) return undefined;
  const stableName = stableNames.get(path);
  const port = { path, stableName, wwan: undefined, isOurs: await isOurs(host, entry) };
  const usb = await readUsb(host, device);
  if (usb !== undefined) {
    const { place, interfaceClass } = usb;
    const { role, from } = roleOf({ ...place, interfaceClass });
    return { ...port, usb: place, role, roleFrom: from };
  }
  return (await isUart(name, entry)) ? { ...port, usb: undefined, role: "unknown", roleFrom: undefined } : undefined;
}

/** 8250 registers more names than there are chips; `type` 0 is PORT_UNKNOWN (Linux, serial_core). A gadget's tty is our own end of a cable. */
async function isUart(name: string, entry: string): Promise<boolean> {
  if (/^tty(GS|USB|ACM)/.test(name)) return false;
  return (await attribute(entry, "type")) !== "0";
}

async function readUsb(
  host: HostRoots,
  device: string,
): Promise<{ readonly place: UsbPlace; readonly interfaceClass: string } | undefined> {
  const root = (await realPathOf(host.sys)) ?? host.sys;
  const usbInterface = await climbTo("bInterfaceNumber", device, root);
  if (usbInterface === undefined) return undefined;
  const sysPath = await climbTo("idVendor", dirname(usbInterface), root);
  if (sysPath === undefined) return undefined;
  const read = (name: string): Promise<string | undefined> => attribute(sysPath, name);
  const vendorId = hexDigits(await read("idVendor"));
  const productId = hexDigits(await read("idProduct"));
  const number = await attribute(usbInterface, "bInterfaceNumber");
  if (vendorId === undefined || productId === undefined || !/^[0-9a-f]{1,2}$/i.test(number ?? "")) return undefined;
  const classes = await Promise.all(
    ["bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"].map((name) => attribute(usbInterface, name)),
  );
  const place: UsbPlace = {
    vendorId,
    productId,
    serial: ownSerial(await read("serial")),
    product: await read("product"),
    busPath: basename(sysPath),
    sysPath,
    interfaceNumber: Number.parseInt(number ?? "", 16),
  };
  return { place, interfaceClass: classes.join("/").toLowerCase() };
}

function hexDigits(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{4}$/i.test(text) ? text.toLowerCase() : undefined;
}

/**
 * Serial numbers that makers leave as their tools had them tell no modem from another: SIMCom's SIM7600 shows 0123456789ABCDEF on every
 * unit.
 */
function ownSerial(text: string | undefined): string | undefined {
  if (text === undefined || text === "" || /^(.)\1*$/.test(text)) return undefined;
  return /^(0?123456789(abcdef)?|1234567890(abcdef)?)$/i.test(text) ? undefined : text;
}

const wwanRole: RoleSource = { source: "Linux drivers/net/wwan, port type AT", evidence: "documented" };

async function readWwan(host: HostRoots, name: string): Promise<FoundPort | undefined> {
  const path = join(host.dev, name);
  const entry = join(host.sys, "class/wwan", name);
  // The port's parent is wwan0, and the parent of that is the modem.
  const sysPath = (await realPathOf(join(entry, "device/device"))) ?? (await realPathOf(join(entry, "device")));
  if (sysPath === undefined || !(await exists(path))) return undefined;
  const wwan: WwanPlace = { sysPath, port: name.replace(/^wwan\d+/, "") };
  const ours = await isOurs(host, entry);
  return { path, stableName: undefined, isOurs: ours, usb: undefined, wwan, role: "at", roleFrom: wwanRole };
}

/** A udev rule keeps the port from ModemManager, as 77-esimd-ports.rules does for esimd. */
async function isOurs(host: HostRoots, entry: string): Promise<boolean> {
  const number = await attribute(entry, "dev");
  if (number === undefined || !/^\d+:\d+$/.test(number)) return false;
  return isTrue((await udevProperties(`c${number}`, host)).get("ID_MM_PORT_IGNORE"));
}

/** Device nodes, and their names under /dev/serial/by-id. */
async function readStableNames(host: HostRoots): Promise<ReadonlyMap<string, string>> {
  const folder = join(host.dev, "serial/by-id");
  const links = (await namesIn(folder)).map(async (name) => {
    const path = join(folder, name);
    const target = await linkTarget(path);
    return target === undefined ? undefined : ([target, path] as const);
  });
  return new Map((await Promise.all(links)).filter((pair) => pair !== undefined));
}

/** Where a link points, as a whole path; undefined for what is no link. */
export async function linkTarget(path: string): Promise<string | undefined> {
  const target = await orUndefined(() => readlink(path));
  return target === undefined ? undefined : resolve(dirname(path), target);
}

/** From `start` upwards to the first folder that has the attribute, within the tree. */
async function climbTo(name: string, start: string, root: string): Promise<string | undefined> {
  let folder = start;
  for (let step = 0; step < maxClimb; step++) {
    if (relative(root, folder).startsWith("..")) return undefined;
    if ((await attribute(folder, name)) !== undefined) return folder;
    folder = dirname(folder);
  }
  return undefined;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return ((await orUndefined(() => readdir(folder))) ?? []).slice(0, maxNames);
}

/** One line of sysfs. A device's own words are data from a wire: bounded, and without control characters. */
async function attribute(folder: string, name: string): Promise<string | undefined> {
  const text = await orUndefined(() => readBounded(join(folder, name), maxAttributeFileBytes));
  return text
    ?.toString("utf8")
    .slice(0, maxAttributeLength)
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}

function realPathOf(path: string): Promise<string | undefined> {
  return orUndefined(() => realpath(path));
}

async function exists(path: string): Promise<boolean> {
  return (await orUndefined(() => access(path).then(() => true))) === true;
}

/** What is not there, or no longer, or is not ours to read, is not found; that is no failure here. */
async function orUndefined<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}
