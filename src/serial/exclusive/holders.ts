import { realpath, stat } from "node:fs/promises";
import { readBounded } from "../../base/bounded-read.js";
import { EsimdError } from "../../base/errors.js";
import type { HostRoots } from "../host-roots.js";
import { liveLockPid } from "./lock-file.js";
import { type DeviceNames, deviceNames, hasOpen, processIds, processName } from "./processes.js";

/** How it is known that a process holds a port, best first: its lock file, its flock, or only that it has the device open. */
export type HolderEvidence = "lock-file" | "flock" | "open";

export interface PortHolder {
  readonly pid: number;
  /** Undefined when the process ended meanwhile, or does not show its name. */
  readonly name: string | undefined;
  readonly evidence: HolderEvidence;
}

export interface PortHolders {
  /** Best evidence first; each process once. */
  readonly holders: readonly PortHolder[];
  /** False when there are processes whose open files this user may not see, or more than anyone would look at. */
  readonly complete: boolean;
}

/** Some 60 bytes for each lock of the host. */
const maxLocksBytes = 1024 * 1024;
/** Looks at no more processes than this: a scan of a host that is overrun ends too. */
const mostProcesses = 8192;

/**
 * Who has the device at `path` open, besides this process, and who locked it; with `only`, no more than the lock file is looked at.
 * Never rejects: what cannot be seen makes it incomplete.
 */
export async function portHolders(path: string, host: HostRoots, only?: "lock-file"): Promise<PortHolders> {
  const device = await realpath(path).catch(() => path);
  const found = new Map<number, HolderEvidence>();
  const locked = await liveLockPid(device, host);
  if (locked !== undefined) found.set(locked, "lock-file");
  const opened = only === undefined ? await openBy(await deviceNames(path, host), host) : { pids: [], complete: false };
  if (only === undefined) for (const pid of await flockedBy(device, host)) if (!found.has(pid)) found.set(pid, "flock");
  for (const pid of opened.pids) if (!found.has(pid)) found.set(pid, "open");
  const holders = [...found].map(([pid, evidence]) => ({ pid, evidence, name: processName(pid, host) }));
  return { holders, complete: opened.complete };
}

async function openBy(names: DeviceNames, host: HostRoots): Promise<{ pids: readonly number[]; complete: boolean }> {
  const all = await processIds(host);
  const pids: number[] = [];
  let complete = all.length > 0 && all.length <= mostProcesses;
  for (const pid of all.slice(0, mostProcesses)) {
    if (pid === process.pid) continue;
    const opened = await hasOpen(pid, names, host);
    if (opened === true) pids.push(pid);
    // A process that ended while we looked hides nothing.
    else if (opened === undefined && processName(pid, host) !== undefined) complete = false;
  }
  return { pids, complete };
}

async function flockedBy(device: string, host: HostRoots): Promise<readonly number[]> {
  try {
    const [locks, { dev, ino }] = await Promise.all([readBounded(`${host.proc}/locks`, maxLocksBytes), stat(device)]);
    return flockPids(String(locks), dev, ino).filter((pid) => pid !== process.pid);
  } catch {
    // No /proc/locks, or no device any more: then this way shows nobody.
    return [];
  }
}

/** The processes that /proc/locks names for a file: `1: FLOCK  ADVISORY  WRITE 312 00:05:92 0 EOF`, the device in hexadecimal. */
export function flockPids(locks: string, dev: number, ino: number): readonly number[] {
  return locks.split("\n").flatMap((line) => {
    const match = /^\d+: FLOCK +ADVISORY +\w+ +(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /.exec(line);
    if (match === null) return [];
    const [, pid, major, minor, inode] = match;
    const same = Number(inode) === ino && Number.parseInt(major ?? "", 16) === majorOf(dev);
    return same && Number.parseInt(minor ?? "", 16) === minorOf(dev) && Number(pid) > 0 ? [Number(pid)] : [];
  });
}

/** makedev(3) of glibc for numbers below 2^32, which all of Linux's devices are. */
export function majorOf(dev: number): number {
  return Math.floor(dev / 256) & 0xfff;
}

export function minorOf(dev: number): number {
  return (dev & 0xff) | (Math.floor(dev / 2 ** 20) * 256);
}

export const modemManagerName = "ModemManager";
/** What a process of esimd is called (cli.ts). */
export const esimdName = "esimd";

/** What to do about ModemManager at a port, wherever it shows. */
export const udevRuleHint =
  "Give esimd a port of its own with the udev rule that comes with it (systemd/77-esimd-ports.rules, explained in docs/ports.md): ModemManager leaves that one port alone and keeps the others.";

/** The error for a port that another program holds, naming that program as well as it can be known. */
export function portHeld(path: string, found: PortHolders, cause?: unknown): EsimdError {
  const options = cause === undefined ? {} : { cause };
  const { holders, complete } = found;
  const best = holders.filter(({ evidence }) => evidence === holders[0]?.evidence);
  if (best.length === 0) {
    const why = complete ? "which does not show on this host" : "which this user may not see";
    const hint = `Look as root who it is: fuser -v ${path}${complete ? " (and in the containers that were given the port)" : ""}.`;
    return new EsimdError("port_busy", `${path} is held by another program, ${why}`, { ...options, hint });
  }
  const names = best.slice(0, 3).map(({ pid, name }) => `${name ?? "a process"} (pid ${pid})`);
  return new EsimdError("port_busy", `${path} is held by ${names.join(" and ")}`, { ...options, hint: hintFor(best) });
}

function hintFor(holders: readonly PortHolder[]): string {
  if (holders.some(({ name }) => name === modemManagerName)) return udevRuleHint;
  const [first] = holders;
  const pid = first?.pid ?? 0;
  if (pid === process.pid) return "This same process works on the port already: wait until it is done.";
  if (first?.name === esimdName)
    return `Another esimd works on this modem: wait until it is done, or end that one (pid ${pid}).`;
  return `Close ${first?.name ?? "that program"} (pid ${pid}), or give esimd another port of the modem.`;
}
