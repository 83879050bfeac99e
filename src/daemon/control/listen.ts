import { constants } from "node:fs";
import { lstat, mkdir, unlink } from "node:fs/promises";
import type { Server } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import type { Disk } from "../../provision/store/disk.js";
import { type Processes, takeLock } from "../../provision/store/lock.js";

/**
 * One daemon, one socket: the name is taken under a lock, a socket that a dead daemon left is replaced, and a living one's is left alone.
 */

export interface ListenParts {
  readonly path: string;
  /** Makes the folder where it is missing. */
  readonly makesFolder: boolean;
  readonly disk: Disk;
  readonly processes: Processes;
  readonly clock: Clock;
  /** Who answers on a socket that is in use, as a person would name him; undefined when it does not tell. */
  readonly whoIs: (path: string) => Promise<string | undefined>;
}

/** Others than owner and group get nothing (0660), and a socket has no use for `x`. */
const umask = 0o117;
const connectMs = 2_000;

/** Resolves with what gives the name up again, once the server is closed. @throws EsimdError `daemon_running`, `socket_unusable`. */
export async function listenAt(http: Server, parts: ListenParts): Promise<() => Promise<void>> {
  const { path, makesFolder } = parts;
  if (makesFolder) await mkdir(dirname(path), { recursive: true, mode: 0o755 }).catch(() => undefined);
  const unlock = await lockName(parts);
  try {
    await clear(parts);
    await bind(http, path);
  } catch (error) {
    await unlock();
    throw error;
  }
  return unlock;
}

async function lockName({ path, disk, processes }: ListenParts): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  try {
    return await takeLock(disk, lock, processes);
  } catch (error) {
    if (isEsimdError(error, "state_locked")) {
      const [pid = "?"] = ((await disk.read(lock)) ?? "").split(" ");
      throw new EsimdError("daemon_running", `process ${pid} serves the control socket ${path}`, { cause: error });
    }
    if (!isEsimdError(error)) throw error;
    throw unusable(path, error);
  }
}

/** Takes away what a dead daemon left. */
async function clear({ path, clock, whoIs }: ListenParts): Promise<void> {
  let mode: number;
  try {
    mode = (await lstat(path)).mode;
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return;
    throw unusable(path, cause);
  }
  // A connect to a plain file is refused as well (unix(7)), and that file is somebody's.
  if ((mode & constants.S_IFMT) !== constants.S_IFSOCK)
    throw new EsimdError("socket_unusable", `${path} is there already, and it is no socket; it was left alone`);
  const outcome = await tryConnect(path, clock);
  if (outcome === "connected") {
    const who = (await whoIs(path)) ?? "a program that does not say who it is";
    throw new EsimdError("daemon_running", `${who} listens on the control socket ${path}`);
  }
  if (outcome !== "ECONNREFUSED" && outcome !== "ENOENT") throw unusable(path, new Error(outcome));
  await unlink(path).catch((cause: unknown) => {
    if (codeOf(cause) !== "ENOENT") throw unusable(path, cause);
  });
}

async function tryConnect(path: string, clock: Clock): Promise<string> {
  const socket = connect({ path });
  const tried = new Promise<string>((resolve) => {
    socket.once("connect", () => resolve("connected"));
    socket.once("error", (cause) => resolve(codeOf(cause) ?? cause.message));
  });
  try {
    return await withDeadline({ clock, timeoutMs: connectMs, what: `a connection to ${path}` }, () => tried);
  } catch (error) {
    // Its queue is full: somebody lives there, and is busy or hangs.
    if (isEsimdError(error, "deadline")) return "connected";
    throw error;
  } finally {
    socket.destroy();
  }
}

function bind(http: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void =>
      reject(
        codeOf(cause) === "EADDRINUSE"
          ? new EsimdError("daemon_running", `another program just took the control socket ${path}`, { cause })
          : unusable(path, cause),
      );
    http.once("error", onError);
    http.once("listening", () => {
      http.removeListener("error", onError);
      resolve();
    });
    // The kernel gives a socket its mode when it is bound (unix(7)), and Node binds within this call: no moment in which others may in.
    const before = process.umask(umask);
    try {
      http.listen(path);
    } finally {
      process.umask(before);
    }
  });
}

function unusable(path: string, cause: unknown): EsimdError {
  return new EsimdError("socket_unusable", `the control socket ${path} cannot be made: ${describeCause(cause)}`, {
    cause,
  });
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
