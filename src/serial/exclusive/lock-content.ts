import { endianness } from "node:os";

/** What a UUCP lock file says, and whether its word still holds. Pure. */

/** Ten ASCII digits padded with spaces, and a newline (FHS 3.0 5.9, "the HDB UUCP lock file format"). */
export function lockContent(pid: number): string {
  return `${String(pid).padStart(10)}\n`;
}

/**
 * The pid in a lock file; undefined for what is none. Others write more than FHS says (minicom adds its name and its user's), or the
 * older binary form of four bytes (ser2net reads both).
 */
export function pidOf(content: Uint8Array): number | undefined {
  const text = Buffer.from(content).toString("latin1");
  const digits = /^\s*(\d{1,10})(?=\s|$)/.exec(text)?.[1];
  const pid =
    digits === undefined && content.length === 4 && !/^[\x20-\x7e\s]*$/.test(text) ? binary(content) : Number(digits);
  return Number.isSafeInteger(pid) && pid > 0 && pid <= highestPid ? pid : undefined;
}

/** PID_MAX_LIMIT of a 64-bit kernel (proc_sys_kernel(5), pid_max). */
const highestPid = 4_194_304;

function binary(content: Uint8Array): number {
  const bytes = Buffer.from(content);
  return endianness() === "LE" ? bytes.readInt32LE() : bytes.readInt32BE();
}

/** What is known of a lock and of the process that it names. */
export interface LockEvidence {
  readonly pid: number | undefined;
  readonly ownPid: number;
  /** This process took the lock and has not given it back. */
  readonly oursNow: boolean;
  readonly alive: boolean;
  readonly writtenMs: number;
  readonly startedMs: number | undefined;
  /** Undefined where this user may not see what the process has open. */
  readonly hasPortOpen: boolean | undefined;
}

/** The file's time is the file system's coarse clock, the start is counted in ticks and the boot time in whole seconds. */
const clockSlackMs = 5000;

/** Why nobody stands behind the lock any more; undefined when somebody does, or may. */
export function staleBecause(evidence: LockEvidence): string | undefined {
  const { pid, ownPid, oursNow, alive, writtenMs, startedMs, hasPortOpen } = evidence;
  if (pid === undefined) return "it names no process";
  // In a container every life of esimd has the same number.
  if (pid === ownPid) return oursNow ? undefined : "an earlier process had this one's number";
  if (!alive) return `process ${pid} is gone`;
  // The clock may have been set between the two moments, so that the time alone proves nothing; nor does a port that is not open yet.
  const younger = startedMs !== undefined && startedMs > writtenMs + clockSlackMs;
  return younger && hasPortOpen === false
    ? `process ${pid} is younger than the lock and does not use the port`
    : undefined;
}
