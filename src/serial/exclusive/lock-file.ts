import { randomUUID } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { link, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename } from "node:path";
import { type Clock, sleep, systemClock } from "../../base/clock.js";
import { describeCause } from "../../base/errors.js";
import type { HostRoots } from "../host-roots.js";
import { lockContent, pidOf, staleBecause } from "./lock-content.js";
import { deviceNames, hasOpen, isAlive, processStartMs } from "./processes.js";

/**
 * The UUCP lock of a serial device, `/run/lock/LCK..NAME` (FHS 3.0 5.9): what minicom, pppd and ser2net keep each other out by. NAME is
 * the last part of the device's path behind every link, as minicom has it: ttyUSB2, and 3 for the pseudo-terminal /dev/pts/3.
 */

export interface PortLock {
  /** Gives the port back; only what is still ours is removed. Idempotent. */
  release(): Promise<void>;
}

export type LockAttempt =
  | { readonly kind: "taken"; readonly lock: PortLock }
  | { readonly kind: "held"; readonly pid: number | undefined }
  /** This host has no folder for locks, or does not let this user write there. */
  | { readonly kind: "unavailable"; readonly why: string };

export interface LockParts {
  readonly host: HostRoots;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** The files by which this process holds locks now; one that names our number and is not among them is an earlier process's. */
const ours = new Set<Identity>();

/** Which file it is: an inode number alone is soon given again on a disk. */
type Identity = string;

/** A lock that is made in two steps (open, then write) is empty in between; one that stays empty is nobody's. */
const emptyLooks = 10;
const lookAgainMs = 50;
/** Every round but the last was lost to somebody who took or broke the lock meanwhile. */
const rounds = 40;

export async function lockPathOf(path: string, host: HostRoots): Promise<string> {
  const device = await realpath(path).catch(() => path);
  return `${host.run}/lock/LCK..${basename(device)}`;
}

/** The process that holds the port by its lock file, if one does. Breaks nothing. */
export async function liveLockPid(path: string, host: HostRoots): Promise<number | undefined> {
  const device = await realpath(path).catch(() => path);
  try {
    const seen = await look(await lockPathOf(device, host), device, { host });
    return seen.kind === "live" ? seen.pid : undefined;
  } catch {
    // What is no plain file, or may not be read, names nobody.
    return undefined;
  }
}

/**
 * Takes the lock of the device at `path`, breaking one that nobody stands behind. The file appears with its content (link(2) of a
 * finished one): no reader sees it half-written, and of two who take it at once one gets EEXIST.
 */
export async function takePortLock(path: string, parts: LockParts): Promise<LockAttempt> {
  const device = await realpath(path).catch(() => path);
  const lockPath = await lockPathOf(device, parts.host);
  try {
    for (let round = 0; round < rounds; round++) {
      // Looked at first: where the folder is closed to us, another's lock may still be read.
      const seen = await settled(lockPath, device, parts);
      if (seen.kind === "live") return { kind: "held", pid: seen.pid };
      if (seen.kind === "stale") await breakStale(lockPath, seen.file, device, parts);
      const file = seen.kind === "absent" ? await place(lockPath, parts.host) : undefined;
      if (file !== undefined) return { kind: "taken", lock: heldLock(lockPath, file) };
    }
    return { kind: "held", pid: undefined };
  } catch (error) {
    parts.signal?.throwIfAborted();
    return { kind: "unavailable", why: describeCause(error) };
  }
}

function heldLock(path: string, file: Identity): PortLock {
  let held = true;
  return {
    release: async () => {
      if (!held) return;
      held = false;
      // Someone may have broken our lock, for whatever reason, and put theirs in its place.
      const there = await readLock(path);
      if (there?.file === file && pidOf(there.content) === process.pid) await unlinkIfThere(path);
      ours.delete(file);
    },
  };
}

/** Makes the lock file whole and at once; undefined when there is one. */
async function place(path: string, host: HostRoots): Promise<Identity | undefined> {
  const temporary = `${host.run}/lock/LTMP.${process.pid}.${randomUUID()}`;
  // "wx" follows no link that someone planted in a folder that all may write to.
  const file = await open(temporary, "wx", 0o644);
  let identity: Identity = "";
  try {
    await file.writeFile(lockContent(process.pid));
    identity = identityOf(await file.stat({ bigint: true }));
    ours.add(identity);
    await link(temporary, path);
    return identity;
  } catch (error) {
    ours.delete(identity);
    if (codeOf(error) === "EEXIST") return undefined;
    throw error;
  } finally {
    await file.close();
    await unlinkIfThere(temporary);
  }
}

/**
 * Two who find the same stale lock must not both break it: the second would remove what the first has put there. Whoever breaks holds
 * a lock for the breaking, and looks again under it. A breaker that was killed leaves that one behind.
 */
async function breakStale(path: string, stale: Identity, device: string, parts: LockParts): Promise<void> {
  const guard = `${path}.break`;
  const file = await place(guard, parts.host);
  if (file === undefined) {
    const seen = await look(guard, device, parts);
    if (seen.kind === "stale") await setAside(guard, seen.file);
    else await sleep(parts.clock ?? systemClock, lookAgainMs, parts.signal);
    return;
  }
  const held = heldLock(guard, file);
  try {
    const seen = await look(path, device, parts);
    const isStill = seen.kind === "stale" || (seen.kind === "empty" && seen.file === stale);
    if (isStill) await setAside(path, seen.file);
  } finally {
    await held.release();
  }
}

/** Removes that file and no other: a rename takes what has the name at that moment, and what turns out to be another is put back. */
async function setAside(path: string, file: Identity): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const taken = await stat(aside, { bigint: true });
  // Where a third one has the name by now, the lock is his.
  if (identityOf(taken) !== file) await link(aside, path).catch(() => undefined);
  await unlinkIfThere(aside);
}

type Seen =
  | { readonly kind: "absent" }
  | { readonly kind: "live"; readonly pid: number }
  | { readonly kind: "empty"; readonly file: Identity }
  | { readonly kind: "stale"; readonly file: Identity };

/** What the lock says, once its writer has had time to finish it. */
async function settled(path: string, device: string, parts: LockParts): Promise<Seen> {
  let seen = await look(path, device, parts);
  for (let tries = 1; seen.kind === "empty" && tries < emptyLooks; tries++) {
    await sleep(parts.clock ?? systemClock, lookAgainMs, parts.signal);
    seen = await look(path, device, parts);
  }
  return seen.kind === "empty" ? { kind: "stale", file: seen.file } : seen;
}

async function look(path: string, device: string, { host }: LockParts): Promise<Seen> {
  const read = await readLock(path);
  if (read === undefined) return { kind: "absent" };
  const { content, file, writtenMs } = read;
  const pid = pidOf(content);
  const known = pid !== undefined;
  const because = staleBecause({
    pid,
    ownPid: process.pid,
    oursNow: ours.has(file),
    alive: known && isAlive(pid),
    writtenMs,
    startedMs: known ? processStartMs(pid, host) : undefined,
    hasPortOpen: known ? await hasOpen(pid, await deviceNames(device, host), host) : undefined,
  });
  if (known && because === undefined) return { kind: "live", pid };
  return { kind: content.length === 0 ? "empty" : "stale", file };
}

/** @throws when what has the name is no plain file: a pipe that someone planted there would hold up whoever reads it. */
async function readLock(
  path: string,
): Promise<{ readonly content: Uint8Array; readonly file: Identity; readonly writtenMs: number } | undefined> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const found = await file.stat({ bigint: true });
    if (!found.isFile()) throw new Error(`${path} is no plain file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(128), 0, 128, 0);
    return { content: buffer.subarray(0, bytesRead), file: identityOf(found), writtenMs: Number(found.mtimeMs) };
  } finally {
    await file.close();
  }
}

/** link(2) and rename(2) leave all three as they are. */
function identityOf({ dev, ino, mtimeNs }: BigIntStats): Identity {
  return `${dev}:${ino}:${mtimeNs}`;
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
