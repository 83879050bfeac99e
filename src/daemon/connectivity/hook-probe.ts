import { type ChildProcess, spawn } from "node:child_process";
import type { Clock } from "../../base/clock.js";
import { formatMs, withDeadline } from "../../base/deadline.js";
import { describeCause, isEsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { ServiceProbe } from "../../provision/service-probe.js";
import type { Service } from "../../provision/trial.js";

/** `connectivity.hook`: a program of the operator's says whether the host has service. No shell, no words, no secret, and an end. */

export interface HookProbeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly path: string;
  readonly timeoutMs: number;
}

const longestWords = 2048;
/** Between SIGTERM, by which it may leave things in order, and SIGKILL. */
const lastWordsMs = 1_000;
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function hookProbe({ clock, log, path, timeoutMs }: HookProbeOptions): ServiceProbe {
  return {
    name: "hook",
    look: async ({ port, eid, iccid }, signal) => {
      signal.throwIfAborted();
      const child = spawn(path, [], {
        cwd: "/",
        env: { PATH: searchPath, ESIMD_PORT: port, ESIMD_EID: eid, ESIMD_ICCID: iccid },
        stdio: ["ignore", "ignore", "pipe"],
        // A group of its own, so that what it started ends with it.
        detached: true,
      });
      const running = follow(child);
      try {
        const what = `the hook ${path}`;
        const end = await withDeadline({ clock, timeoutMs, signal, what }, () => running.ended);
        if (running.words() !== "") log.info({ hook: path, words: running.words() }, "the hook said something");
        return serviceOf(end, path);
      } catch (error) {
        await stop(child, running.ended, clock);
        if (signal.aborted || !isEsimdError(error, "deadline")) throw error;
        return { up: false, why: `the hook ${path} did not end within ${formatMs(timeoutMs)} and was killed` };
      } finally {
        // Whatever it left running had its chance, too; a group that is empty is no longer there.
        kill(child, "SIGKILL");
      }
    },
  };
}

/** How the program ended, or why it never began. */
export type HookEnd =
  | { readonly kind: "exit"; readonly status: number }
  | { readonly kind: "signal"; readonly name: string }
  | { readonly kind: "not-begun"; readonly why: string };

/** A hook that cannot be started says nothing about the network. Pure. */
export function serviceOf(end: HookEnd, path: string): Service {
  switch (end.kind) {
    case "exit":
      return end.status === 0 ? { up: true } : { up: false, why: `the hook ${path} ended with status ${end.status}` };
    case "signal":
      return { up: false, why: `the hook ${path} ended by ${end.name}` };
    case "not-begun":
      return { up: undefined, why: `the hook ${path} cannot be started: ${end.why}` };
  }
}

interface Running {
  readonly ended: Promise<HookEnd>;
  readonly words: () => string;
}

function follow(child: ChildProcess): Running {
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = `${words}${text}`.slice(0, longestWords);
  });
  const ended = new Promise<HookEnd>((resolve) => {
    child.once("error", (error) => resolve({ kind: "not-begun", why: describeCause(error) }));
    // Not "close": a grandchild that still has the pipe must not put it off.
    child.once("exit", (status, name) => {
      child.stderr?.destroy();
      resolve(name === null ? { kind: "exit", status: status ?? 0 } : { kind: "signal", name });
    });
  });
  return { ended, words: () => words.replace(/\s+/g, " ").trim() };
}

async function stop(child: ChildProcess, ended: Promise<HookEnd>, clock: Clock): Promise<void> {
  kill(child, "SIGTERM");
  const cancel = clock.setTimer(lastWordsMs, () => kill(child, "SIGKILL"));
  await ended;
  cancel();
}

/** The whole group. */
function kill({ pid }: ChildProcess, name: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // Nothing of it is left.
  }
}
