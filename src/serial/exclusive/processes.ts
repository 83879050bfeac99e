import { readdir, readlink, realpath } from "node:fs/promises";
import { readBoundedNow } from "../../base/bounded-read.js";
import type { HostRoots } from "../host-roots.js";

/** What /proc says of a process, as far as it concerns who holds a port; undefined where there is nothing to be read. */

/** The process's own short name (proc_pid_comm(5), at most 15 bytes). */
export function processName(pid: number, host: HostRoots): string | undefined {
  const comm = readText(`${host.proc}/${pid}/comm`)?.trimEnd();
  return comm === "" ? undefined : comm;
}

/** When the process started, by this host's wall clock as it goes now; it moves when that clock is set. */
export function processStartMs(pid: number, host: HostRoots): number | undefined {
  const [stat, kernel] = [readText(`${host.proc}/${pid}/stat`), readText(`${host.proc}/stat`)];
  const bootSeconds = /^btime (\d+)$/m.exec(kernel ?? "")?.[1];
  // Field 22, counted behind the name in brackets, which may hold anything (proc_pid_stat(5)).
  const ticks = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  if (bootSeconds === undefined || ticks === undefined || !/^\d+$/.test(ticks)) return undefined;
  return Number(bootSeconds) * 1000 + Number(ticks) * (1000 / ticksPerSecond);
}

/** USER_HZ, which is 100 on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** Signal 0 asks whether there is a process; one of another user answers EPERM, and lives (kill(2)). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** The running processes; empty where there is no /proc. */
export async function processIds(host: HostRoots): Promise<readonly number[]> {
  const entries = await readdir(host.proc).catch(() => []);
  return entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** Looks at no more open files of a process than this. */
const mostFiles = 4096;

/** Has the process the device of these names open? Undefined where this user may not see it, or it is gone. */
export async function hasOpen(pid: number, names: DeviceNames, host: HostRoots): Promise<boolean | undefined> {
  const folder = `${host.proc}/${pid}/fd`;
  try {
    for (const fd of (await readdir(folder)).slice(0, mostFiles)) {
      // A file may be closed between the two looks.
      const target = await readlink(`${folder}/${fd}`).catch(() => undefined);
      if (target !== undefined && names.has(target)) return true;
    }
    return false;
  } catch {
    return undefined;
  }
}

/** What a device may be called in /proc/PID/fd. */
export type DeviceNames = ReadonlySet<string>;

/** The port's name, what it leads to, and both as /dev has them, which in a test is another folder. */
export async function deviceNames(path: string, host: HostRoots): Promise<DeviceNames> {
  const names = [path, await realpath(path).catch(() => path)];
  const inDev = (name: string): string =>
    name.startsWith(`${host.dev}/`) ? `/dev/${name.slice(host.dev.length + 1)}` : name;
  return new Set([...names, ...names.map(inDev)]);
}

const maxProcBytes = 64 * 1024;

function readText(path: string): string | undefined {
  try {
    return String(readBoundedNow(path, maxProcBytes));
  } catch {
    // It ended meanwhile, or may not be looked at: both mean that nothing is known of it.
    return undefined;
  }
}
