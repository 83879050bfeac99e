import { EsimdError } from "../../base/errors.js";
import type { Disk } from "./disk.js";

/** Who runs on this machine, as far as a lock needs to know. */
export interface Processes {
  readonly ownPid: number;
  isAlive(pid: number): boolean;
}

export const realProcesses: Processes = {
  ownPid: process.pid,
  isAlive: (pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (cause) {
      // EPERM: it lives, and belongs to somebody else.
      return cause instanceof Error && "code" in cause && cause.code === "EPERM";
    }
  },
};

/**
 * Takes the lock file for one eUICC. A lock whose process is gone (a power cut, a kill) is taken over.
 * @throws EsimdError `state_locked` naming the process that holds it.
 */
export async function takeLock(disk: Disk, path: string, processes: Processes): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await disk.createExclusive(path, `${processes.ownPid}\n`)) return () => disk.remove(path);
    const holder = Number((await disk.read(path))?.trim());
    if (Number.isInteger(holder) && holder > 0 && holder !== processes.ownPid && processes.isAlive(holder)) {
      throw new EsimdError("state_locked", `process ${holder} works on this eUICC (lock file ${path})`);
    }
    await disk.remove(path);
  }
  throw new EsimdError("state_locked", `the lock file ${path} comes back as soon as it is removed`);
}
