import { type Clock, systemClock } from "../../base/clock.js";
import { type Log, silentLog } from "../../base/logging.js";
import { type HostRoots, realHost } from "../host-roots.js";
import { modemManagerName, portHeld, portHolders } from "./holders.js";
import { takePortLock } from "./lock-file.js";
import { deviceNames, hasOpen, processIds, processName } from "./processes.js";

/** What exclusive use of a port needs to know of the world. */
export interface ClaimParts {
  readonly host?: HostRoots;
  readonly log?: Log;
  readonly clock?: Clock;
}

/**
 * A port that another's lock file names is left alone: opening it alone would set its speed and throw away what is on its way.
 * @throws EsimdError `port_busy` naming who holds the port.
 */
export async function refuseIfLocked(path: string, parts: ClaimParts): Promise<void> {
  const found = await portHolders(path, parts.host ?? realHost, "lock-file");
  if (found.holders.length > 0) throw portHeld(path, found);
}

/**
 * Makes a port that we opened, and hold by flock, ours for those who know lock files only; the flock keeps two esimd from breaking one
 * stale lock at the same time. `device` is what `path` leads to. Resolves with what gives it back. @throws EsimdError `port_busy` naming who holds the port.
 */
export async function claimOpened(
  port: { readonly path: string; readonly device: string },
  parts: ClaimParts,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const { path, device } = port;
  const { host = realHost, log = silentLog, clock = systemClock } = parts;
  const attempt = await takePortLock(device, { host, clock, signal });
  if (attempt.kind === "held") throw portHeld(path, await portHolders(path, host));
  if (attempt.kind === "unavailable") {
    log.info({ port: path, why: attempt.why }, "no lock file was made for the port, which flock alone keeps for esimd");
  }
  const release =
    attempt.kind === "taken" ? (): Promise<void> => attempt.lock.release() : async (): Promise<void> => undefined;
  // ModemManager keeps others out by TIOCEXCL alone, which does not stop root (ioctl_tty(2)).
  const manager = await modemManagerAt(path, host);
  if (manager === undefined) return release;
  await release();
  throw portHeld(path, { holders: [{ pid: manager, name: modemManagerName, evidence: "open" }], complete: true });
}

async function modemManagerAt(path: string, host: HostRoots): Promise<number | undefined> {
  const names = await deviceNames(path, host);
  for (const pid of await processIds(host)) {
    if (processName(pid, host) === modemManagerName && (await hasOpen(pid, names, host)) === true) return pid;
  }
  return undefined;
}
