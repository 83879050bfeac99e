import { readFileSync } from "node:fs";
import { EsimdError } from "../../base/errors.js";
import type { Disk } from "./disk.js";

/** Who runs on this machine, as far as a lock needs to know. */
export interface Processes {
  readonly ownPid: number;
  /**
   * What tells a process from every other that ever had its number: the boot and the moment of its start. Undefined when no process
   * has the number now.
   */
  birthOf(pid: number): string | undefined;
}

/**
 * The locks that each process holds: of two modems of one daemon that turn out to have one eUICC, the second must not take the first's for
 * one that an earlier process of the same number left behind.
 */
const held = new WeakMap<Processes, Set<string>>();

export const realProcesses: Processes = {
  ownPid: process.pid,
  birthOf: (pid) => {
    try {
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      // Field 22, counted behind the name in brackets, which may hold anything (proc_pid_stat(5)).
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
      return started === undefined ? undefined : `${boot}/${started}`;
    } catch {
      // No such process; or no /proc to ask, and then no lock can be told from a dead one's.
      return undefined;
    }
  },
};

/**
 * Takes the lock file for one eUICC, or for `what` else there is only one of. A lock whose process is gone is taken over: after a power cut its number may long be another's.
 * @throws EsimdError `state_locked` naming the process that holds it.
 */
export async function takeLock(
  disk: Disk,
  path: string,
  processes: Processes,
  what?: string,
): Promise<() => Promise<void>> {
  const ours = held.get(processes) ?? new Set();
  held.set(processes, ours);
  if (ours.has(path)) {
    if (what !== undefined) throw new EsimdError("state_locked", `this esimd works on ${what} (lock file ${path})`);
    throw new EsimdError("state_locked", `another modem of this esimd works on this eUICC (lock file ${path})`, {
      hint: "Two names lead to one eUICC: look in the reports which modems have this EID, and take one out of the configuration.",
    });
  }
  // Before the first wait: of two runs that come at the same moment, one is the second.
  ours.add(path);
  try {
    await makeLockFile(disk, path, processes, what ?? "this eUICC");
  } catch (error) {
    ours.delete(path);
    throw error;
  }
  return async () => {
    try {
      await disk.remove(path);
    } finally {
      // Whatever became of the file: what is not held any more must not keep it out for ever.
      ours.delete(path);
    }
  };
}

async function makeLockFile(disk: Disk, path: string, processes: Processes, what: string): Promise<void> {
  const { ownPid } = processes;
  for (let attempt = 0; attempt < 3; attempt++) {
    const own = `${ownPid} ${processes.birthOf(ownPid) ?? ""}\n`;
    if (await disk.createExclusive(path, own)) return;
    const [pidText = "", birth = ""] = ((await disk.read(path)) ?? "").trim().split(" ");
    const holder = Number(pidText);
    const lives = Number.isInteger(holder) && holder > 0 && holder !== ownPid && processes.birthOf(holder) === birth;
    if (lives) {
      throw new EsimdError("state_locked", `process ${holder} works on ${what} (lock file ${path})`);
    }
    await disk.remove(path);
  }
  throw new EsimdError("state_locked", `the lock file ${path} comes back as soon as it is removed`);
}
