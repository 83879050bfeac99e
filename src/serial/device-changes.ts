import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.js";
import type { HostRoots } from "./host-roots.js";

/**
 * Tells when a device comes or goes, so that nobody has to look for it by the clock. udev writes a device's record (/run/udev/data) once
 * its rules are through, with the node's group and links in place, and takes it away with the device. /dev itself is no place to watch:
 * inotify counts every write to a node there, and so every byte that any program sends to any tty.
 */
export interface DeviceChanges {
  /** False: this host tells nothing, and who waits looks by itself. */
  readonly areHeard: boolean;
  /** Calls `heard` each time, until the returned function is called. */
  subscribe(heard: () => void): () => void;
  close(): void;
}

/** A modem brings a dozen records with it, one after the other. */
const settleMs = 500;

export function watchDevices(host: HostRoots, clock: Clock): DeviceChanges {
  const listeners = new Set<() => void>();
  let cancel: (() => void) | undefined;
  const tell = (): void => {
    cancel = undefined;
    for (const heard of [...listeners]) heard();
  };
  let watcher: FSWatcher | undefined = open(join(host.run, "udev/data"), () => {
    cancel ??= clock.setTimer(settleMs, tell);
  });
  const close = (): void => {
    cancel?.();
    watcher?.close();
    watcher = undefined;
  };
  // The folder went away with udev, or the kernel has no room for events: from now on everybody looks by itself.
  watcher?.on("error", close);
  return {
    get areHeard() {
      return watcher !== undefined;
    },
    subscribe: (heard) => {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    close,
  };
}

/** Undefined where there is no such folder, or no inotify left for this user. */
function open(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, changed);
  } catch {
    return undefined;
  }
}
