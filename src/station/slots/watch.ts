import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { CancelTimer, Clock } from "../../base/clock.js";
import { parsePortAddress } from "../../serial/address.js";
import { watchDevices } from "../../serial/device-changes.js";
import type { HostRoots } from "../../serial/host-roots.js";
import type { SlotEntry } from "../station-file.js";
import { lookAtSlots, type Sight } from "./sight.js";

/** Tells what is in the slots, at once and whenever something may have changed. */

export interface SlotWatch {
  /** Looks now, and tells. */
  lookNow(): Promise<void>;
  close(): void;
}

/** Where nothing tells of devices that come and go, they are looked for. */
const pollMs = 1_000;

export function watchSlots(
  slots: readonly SlotEntry[],
  { host, clock }: { readonly host: HostRoots; readonly clock: Clock },
  tell: (sights: ReadonlyMap<number, Sight>) => void,
): SlotWatch {
  const devices = watchDevices(host, clock);
  const sockets = watchFolders(slots, () => void lookNow());
  let isClosed = false;
  let looking: Promise<void> | undefined;
  let again = false;
  let cancelPoll: CancelTimer | undefined;

  const look = async (): Promise<void> => {
    do {
      again = false;
      const sights = await lookAtSlots(slots, host);
      if (!isClosed) tell(sights);
    } while (again && !isClosed);
  };
  const lookNow = (): Promise<void> => {
    // What changed behind the look that is on its way needs another one.
    again = true;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const poll = (): void => {
    if (isClosed) return;
    cancelPoll = clock.setTimer(pollMs, () => void lookNow().finally(poll));
  };
  const unsubscribe = devices.subscribe(() => void lookNow());
  const isHeard = slots.every((slot) => (isSocket(slot) ? sockets.isWhole : devices.areHeard));
  if (!isHeard) poll();
  return {
    lookNow,
    close: () => {
      isClosed = true;
      unsubscribe();
      devices.close();
      sockets.close();
      cancelPoll?.();
    },
  };
}

function isSocket({ port }: SlotEntry): boolean {
  return port !== undefined && parsePortAddress(port).kind !== "tty";
}

/** The folders of Unix sockets, whose coming and going udev does not tell. */
function watchFolders(
  slots: readonly SlotEntry[],
  changed: () => void,
): { readonly isWhole: boolean; readonly close: () => void } {
  const folders = new Set<string>();
  for (const { port } of slots) {
    const address = port === undefined ? undefined : parsePortAddress(port);
    if (address?.kind === "unix") folders.add(dirname(address.path));
  }
  const watchers: FSWatcher[] = [];
  let isWhole = true;
  for (const folder of folders) {
    try {
      const watcher = watch(folder, { persistent: false }, changed);
      watcher.on("error", () => {
        isWhole = false;
      });
      watchers.push(watcher);
    } catch {
      // No such folder yet, or no inotify left for this user.
      isWhole = false;
    }
  }
  return {
    get isWhole() {
      return isWhole;
    },
    close: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
}
