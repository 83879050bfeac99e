import { spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { buildDateMs } from "../base/build-date.js";
import { describeCause, EsimdError } from "../base/errors.js";
import type { HostClock } from "../provision/host-clock.js";

/** The host's own clock, as far as others can tell whether it is right, and the one way to set it. */

/** systemd-timesyncd touches it when it has synchronised (systemd-timesyncd.service(8)); /run is empty after every start. */
const syncMark = "/run/systemd/timesync/synchronized";
const systemPath = "/usr/sbin:/usr/bin:/sbin:/bin";
const childMs = 5_000;
const longestAnswer = 4_096;

export interface HostClockPlaces {
  readonly syncMark: string;
  /** PATH of the programs that are asked. */
  readonly path: string;
}

export function createHostClock(places: HostClockPlaces): HostClock {
  return {
    builtAtMs: buildDateMs,
    isMarked: () =>
      stat(places.syncMark).then(
        () => true,
        () => false,
      ),
    isSynchronised: async (signal) => {
      // The kernel's STA_UNSYNC (adjtimex(2)), which chrony and ntpd clear, too; Node cannot ask it, timedatectl(1) can.
      const words = ["show", "--property=NTPSynchronized", "--value"];
      const { text } = await runProgram("timedatectl", words, places.path, signal).catch(nothing(signal));
      if (text.trim() === "yes") return true;
      return text.trim() === "no" ? false : undefined;
    },
  };
}

export const realHostClock: HostClock = createHostClock({ syncMark, path: systemPath });

/** Sets the system's clock by date(1): Node has no call for it. @throws EsimdError `clock_refused`. */
export async function setSystemClock(epochMs: number, signal: AbortSignal, path = systemPath): Promise<void> {
  const words = ["--utc", `--set=@${Math.round(epochMs / 1000)}`];
  const { status, errors } = await runProgram("date", words, path, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new EsimdError("clock_refused", `the clock could not be set: ${describeCause(cause)}`, { cause });
  });
  if (status !== 0) throw new EsimdError("clock_refused", `the clock could not be set: ${errors.trim()}`);
}

interface Said {
  readonly status: number | null;
  readonly text: string;
  readonly errors: string;
}

function nothing(signal: AbortSignal): () => Said {
  return () => {
    signal.throwIfAborted();
    return { status: null, text: "", errors: "" };
  };
}

/** A short program to its end; it gets nothing of our environment but PATH, and is ended with us or after some seconds. */
function runProgram(name: string, words: readonly string[], path: string, signal: AbortSignal): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, words, {
      env: { PATH: path, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: childMs,
      killSignal: "SIGKILL",
      signal,
    });
    const said = { text: "", errors: "" };
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      said.text = `${said.text}${part}`.slice(0, longestAnswer);
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      said.errors = `${said.errors}${part}`.slice(0, longestAnswer);
    });
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, ...said }));
  });
}
