import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { type Entry, file } from "./tree.js";

/** Where each file of systemd/ lies on a device. A file that this table does not know stops the build, so that none is forgotten. */

interface Place {
  readonly pattern: RegExp;
  /** The folder on the device, or the whole path. */
  readonly to: (path: string) => string;
}

const places: readonly Place[] = [
  {
    pattern: /^[^/]+\.(?:service|timer|socket|path|target)$/,
    to: (path) => `usr/lib/systemd/system/${path}`,
  },
  {
    pattern: /^[^/]+\.(?:service|timer|socket|path|target)\.d\/[^/]+\.conf$/,
    to: (path) => `usr/lib/systemd/system/${path}`,
  },
  { pattern: /^[^/]+\.preset$/, to: (path) => `usr/lib/systemd/system-preset/${path}` },
  { pattern: /^[^/]+\.rules$/, to: (path) => `usr/lib/udev/rules.d/${path}` },
  { pattern: /^(?:sysusers|tmpfiles)\.d\/[^/]+\.conf$/, to: (path) => `usr/lib/${path}` },
  { pattern: /^config\.toml$/, to: (path) => `etc/esimd/${path}` },
];

/** What is not for the device: the build itself, and the scripts of dpkg, which go elsewhere. */
const notInstalled = /^(?:package|debian)\//;

export function installedPath(path: string): string | undefined {
  if (notInstalled.test(path)) return undefined;
  const place = places.find(({ pattern }) => pattern.test(path));
  if (place === undefined) {
    throw new Error(
      `systemd/${path}: nobody knows where this belongs on a device; say so in systemd/package/layout.ts`,
    );
  }
  return place.to(path);
}

export function systemdEntries(systemdFolder: string): readonly Entry[] {
  return readdirSync(systemdFolder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return [];
    const source = join(entry.parentPath, entry.name);
    const installed = installedPath(relative(systemdFolder, source));
    return installed === undefined ? [] : [file(installed, readFileSync(source))];
  });
}

/** The names of the units among them, in a steady order. */
export function unitsOf(entries: readonly Entry[]): readonly string[] {
  return entries
    .filter(({ path }) => /^usr\/lib\/systemd\/system\/[^/]+$/.test(path))
    .map(({ path }) => basename(path))
    .sort();
}
