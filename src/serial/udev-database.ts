import { readBounded } from "../base/bounded-read.js";
import type { HostRoots } from "./host-roots.js";

/** What udev's rules said of a device, from the database that it keeps under /run/udev/data. */

/** Properties (`E:KEY=VALUE` lines) of one device. */
export type UdevProperties = ReadonlyMap<string, string>;

/** A device of udev's database has some kB. */
const maxRecordBytes = 256 * 1024;

export function parseUdevProperties(text: string): UdevProperties {
  const pairs = text.split("\n").flatMap((line): [string, string][] => {
    const match = /^E:([^=]+)=(.*)$/.exec(line);
    return match?.[1] === undefined ? [] : [[match[1], match[2] ?? ""]];
  });
  return new Map(pairs);
}

/** By `c188:2`, the number of a device with a node, or `+usb:1-1.2`, bus and name of another. Empty for what udev does not know. */
export async function udevProperties(key: string, host: HostRoots): Promise<UdevProperties> {
  return parseUdevProperties(await readBounded(`${host.run}/udev/data/${key}`, maxRecordBytes).then(String, () => ""));
}

/** GLib's idea in ModemManager (mm_common_get_boolean_from_string). */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(1|true|yes)$/i.test(value);
}
