import { readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { readBounded } from "../base/bounded-read.js";
import { majorOf, minorOf, modemManagerName } from "./exclusive/holders.js";
import { processIds, processName } from "./exclusive/processes.js";
import type { HostRoots } from "./host-roots.js";
import { isTrue, type UdevProperties, udevProperties } from "./udev-database.js";

/** Whether ModemManager runs, and whether it works with the modem behind a port: what udev and sysfs say, without asking it. */

export type Management =
  | { readonly kind: "not-running" }
  /** ModemManager leaves the port alone; `why` is what tells it to, as the object of "because of". */
  | { readonly kind: "left-alone"; readonly why: string }
  /**
   * `uid` is what `mmcli --inhibit-device` wants: the modem's `Device` property. Without a `pid` this user may not see whether
   * ModemManager runs at all.
   */
  | { readonly kind: "managed"; readonly pid: number | undefined; readonly uid: string };

/** The hardware that a port belongs to, as ModemManager groups ports into modems. */
export interface PhysicalDevice {
  /** Its path as the kernel has it, `/sys/devices/…`. */
  readonly sysfsPath: string;
  /** `usb`, `pci`, `platform`, … */
  readonly subsystem: string;
  readonly properties: UdevProperties;
}

/**
 * ModemManager's own filter, as far as it speaks about one port (ModemManager src/mm-filter.c, mm-port-probe.c): a property of the
 * physical device goes before the port's, ID_MM_DEVICE_PROCESS before ID_MM_DEVICE_IGNORE, and ID_MM_PORT_IGNORE is asked last.
 */
export function managementOf(
  pid: number | undefined,
  subsystem: string,
  port: UdevProperties,
  device: PhysicalDevice | undefined,
): Management {
  const ofPort = (key: string): boolean => isTrue(port.get(key));
  const global = (key: string): string | undefined => device?.properties.get(key) ?? port.get(key);
  const processed = isTrue(global("ID_MM_DEVICE_PROCESS")) || ofPort("ID_MM_DEVICE_PROCESS");
  if (!processed) {
    if (isTrue(global("ID_MM_DEVICE_IGNORE"))) return { kind: "left-alone", why: "ID_MM_DEVICE_IGNORE" };
    if (device === undefined) return { kind: "left-alone", why: "its being no hardware" };
    if (subsystem === "tty" && onBoard.has(device.subsystem))
      return {
        kind: "left-alone",
        why: `its being a UART of the board (${device.subsystem}) without ID_MM_DEVICE_PROCESS`,
      };
  }
  if (ofPort("ID_MM_PORT_IGNORE")) return { kind: "left-alone", why: "ID_MM_PORT_IGNORE" };
  const uid = global("ID_MM_PHYSDEV_UID") ?? device?.sysfsPath;
  return uid === undefined ? { kind: "left-alone", why: "its being no hardware" } : { kind: "managed", pid, uid };
}

/** ttys of these are the board's own, and ModemManager does not look for modems there. */
const onBoard: ReadonlySet<string> = new Set(["platform", "pci", "pnp", "sdio"]);

/** The number of the running ModemManager; undefined where none runs, or where this user may not see the others' processes. */
export async function modemManagerPid(host: HostRoots): Promise<number | undefined> {
  return (await processIds(host)).find((pid) => processName(pid, host) === modemManagerName);
}

/** False under systemd's ProtectProc= and hidepid (proc(5)): then even process 1 is not there for us. */
async function seesOthers(host: HostRoots): Promise<boolean> {
  return (await processIds(host)).includes(1);
}

/**
 * What ModemManager has to do with the port at `path`. Never rejects: where sysfs and udev say nothing, it is taken to leave it alone.
 * `unseen` says what a ModemManager is taken for that this user may not see.
 */
export async function managementOfPort(
  path: string,
  host: HostRoots,
  unseen: "not-running" | "perhaps" = "not-running",
): Promise<Management> {
  const pid = await modemManagerPid(host);
  if (pid === undefined && (unseen === "not-running" || (await seesOthers(host)))) return { kind: "not-running" };
  const found = await classEntry(path, host);
  if (found === undefined) return { kind: "left-alone", why: "its being no hardware" };
  const number = (await readText(`${found.node}/dev`))?.trim() ?? (await numberOf(path));
  const port = number === undefined ? new Map<string, string>() : await udevProperties(`c${number}`, host);
  return managementOf(pid, found.subsystem, port, await physicalDevice(found.node, host));
}

/** Where the kernel has the port in sysfs; of a chain of links, the last name that it knows. */
async function classEntry(path: string, host: HostRoots): Promise<{ subsystem: string; node: string } | undefined> {
  let found: { subsystem: string; node: string } | undefined;
  let name: string | undefined = path;
  for (let links = 0; name !== undefined && links < maxLinks; links++) {
    const here: string = name;
    for (const subsystem of ["tty", "wwan"]) {
      const node = await realpath(`${host.sys}/class/${subsystem}/${basename(here)}`).catch(() => undefined);
      if (node !== undefined) found = { subsystem, node };
    }
    const target: string | undefined = await readlink(here).catch(() => undefined);
    name = target === undefined ? undefined : resolve(dirname(here), target);
  }
  return found;
}

/** by-id to ttyUSB, and links of a person's own. */
const maxLinks = 8;

async function numberOf(path: string): Promise<string | undefined> {
  return stat(path).then(
    ({ rdev }) => `${majorOf(rdev)}:${minorOf(rdev)}`,
    () => undefined,
  );
}

/** The USB device itself, not its interface; else the nearest device on a bus that carries modems. */
async function physicalDevice(node: string, host: HostRoots): Promise<PhysicalDevice | undefined> {
  const sys = await realpath(host.sys).catch(() => host.sys);
  for (let path = node; path.startsWith(`${sys}/devices/`); path = dirname(path)) {
    const subsystem = await subsystemOf(path);
    // The device itself has an idVendor, its interfaces have none.
    const isUsbDevice = (await readText(`${path}/idVendor`)) !== undefined;
    if (!isUsbDevice && (subsystem === undefined || !onBoard.has(subsystem))) continue;
    // udev's database knows a device that has a node by its number, another by its bus and name.
    const number = (await readText(`${path}/dev`))?.trim();
    const key = number === undefined ? `+${subsystem ?? "usb"}:${basename(path)}` : `c${number}`;
    return {
      sysfsPath: `/sys${path.slice(sys.length)}`,
      subsystem: subsystem ?? "usb",
      properties: await udevProperties(key, host),
    };
  }
  return undefined;
}

async function subsystemOf(path: string): Promise<string | undefined> {
  return readlink(`${path}/subsystem`).then(basename, () => undefined);
}

/** An attribute of sysfs has at most one page, of 64 kB at the most. */
const maxAttributeBytes = 64 * 1024;

async function readText(path: string): Promise<string | undefined> {
  return readBounded(path, maxAttributeBytes).then(String, () => undefined);
}
