import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clock } from "../base/clock.js";
import { withDeadline } from "../base/deadline.js";
import { describeCause, isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";

/**
 * ModemManager's own way to be asked for a modem: `mmcli --inhibit-device=UID` as a child. The modem is ours while the child lives, and
 * ModemManager takes it up again when the child goes (mmcli(1)).
 */

export type Inhibition =
  | { readonly kind: "inhibited"; readonly end: () => Promise<void> }
  /** ModemManager does not work with this modem, or leaves it alone for somebody else. */
  | { readonly kind: "unneeded"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string }
  /** There is no mmcli to ask by. */
  | { readonly kind: "no-mmcli"; readonly why: string };

export interface InhibitionParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Where mmcli is looked for (PATH) and where the system bus is; of the rest mmcli gets nothing. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const answerWaitMs = 10_000;
const endWaitMs = 2000;
const lastWordsMs = 500;
/** mmcli's words end in less than this; what follows is not kept. */
const longestWords = 4096;

/** Asks for the modem that ModemManager knows as `uid`. Rejects only when `signal` aborts; no child is left then. */
export async function inhibitDevice(uid: string, parts: InhibitionParts, signal: AbortSignal): Promise<Inhibition> {
  const path = parts.env["PATH"] ?? defaultPath;
  const mmcli = await findProgram("mmcli", path);
  if (mmcli === undefined) return { kind: "no-mmcli", why: "there is no mmcli on this host" };
  const words = [mmcli, `--inhibit-device=${uid}`];
  const setpriv = await findProgram("setpriv", path);
  // An esimd that is killed must not leave the modem inhibited behind it: the kernel ends the child with its parent (prctl(2)).
  const tied =
    setpriv === undefined ? undefined : await ask([setpriv, "--pdeathsig", "TERM", "--", ...words], parts, signal);
  // Before util-linux 2.33 it had no such option.
  const lacksOption = tied?.kind === "refused" && /^setpriv: (unrecognized|invalid) option/m.test(tied.why);
  return tied === undefined || lacksOption ? ask(words, parts, signal) : tied;
}

const defaultPath = "/usr/sbin:/usr/bin:/sbin:/bin";

async function ask(words: readonly string[], parts: InhibitionParts, signal: AbortSignal): Promise<Inhibition> {
  const { clock, log } = parts;
  const [program = "", ...rest] = words;
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"], env: envOf(parts) });
  const running = follow(child, clock);
  try {
    const what = "mmcli --inhibit-device";
    const answer = await withDeadline({ clock, timeoutMs: answerWaitMs, signal, what }, () => running.answered);
    if (answer.kind !== "inhibited") return answer;
  } catch (error) {
    await end(running, clock);
    if (signal.aborted || !isEsimdError(error, "deadline")) throw error;
    return { kind: "refused", why: error.message };
  }
  let ending = false;
  void running.exited.then((how) => {
    if (!ending) log.warn({ how }, "mmcli ended while esimd works: ModemManager may take the modem up again");
  });
  return {
    kind: "inhibited",
    end: async () => {
      ending = true;
      await end(running, clock);
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  /** Resolves when mmcli has said how it went, or ended. */
  readonly answered: Promise<{ readonly kind: "inhibited" } | Exclude<Inhibition, { kind: "inhibited" }>>;
  /** Resolves with how it ended; a program that could not be started has ended too. */
  readonly exited: Promise<string>;
}

function follow(child: ChildProcess, clock: Clock): Running {
  let words = "";
  let lastWords = "";
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(describeCause(error)));
    // "close" comes after the last words, unlike "exit"; a grandchild that still has the pipes must not put it off for ever.
    child.once("exit", () => {
      const cancel = clock.setTimer(lastWordsMs, () => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      });
      child.once("close", cancel);
    });
    child.once("close", (status, ended) => resolve(ended === null ? `exit status ${status}` : `signal ${ended}`));
  });
  const answered = new Promise<Awaited<Running["answered"]>>((resolve) => {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      words = `${words}${text}`.slice(0, longestWords);
      // ModemManager cli/mmcli-manager.c, inhibit_device_ready.
      if (words.includes("successfully inhibited device")) resolve({ kind: "inhibited" });
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      lastWords = `${lastWords}${text}`.slice(0, longestWords);
    });
    void exited.then((how) => resolve(refusalOf(lastWords.trim(), how)));
  });
  return { child, answered, exited };
}

/** What mmcli's last words mean. Pure. */
export function refusalOf(lastWords: string, how: string): Exclude<Inhibition, { kind: "inhibited" }> {
  // ModemManager src/mm-base-manager.c, base_manager_inhibit_device; without ModemManager on the bus there is nobody to ask.
  if (/No device found with uid/.test(lastWords)) return { kind: "unneeded", why: "ModemManager has no such modem" };
  if (/is already inhibited/.test(lastWords)) return { kind: "unneeded", why: "it is inhibited already" };
  if (/couldn't find the ModemManager process/.test(lastWords))
    return { kind: "unneeded", why: "ModemManager is gone" };
  return { kind: "refused", why: lastWords === "" ? `mmcli ended with ${how}` : lastWords.replace(/\s+/g, " ") };
}

/** SIGTERM makes mmcli take the inhibition back itself; ModemManager takes it back too when mmcli leaves the bus. */
async function end({ child, exited }: Running, clock: Clock): Promise<void> {
  let over = false;
  const ended = exited.then(() => {
    over = true;
  });
  child.kill("SIGTERM");
  const cancel = clock.setTimer(endWaitMs, () => {
    if (!over) child.kill("SIGKILL");
  });
  await ended;
  cancel();
}

function envOf({ env }: InhibitionParts): Record<string, string> {
  const bus = env["DBUS_SYSTEM_BUS_ADDRESS"];
  // Its words are read: they must not be translated.
  return {
    PATH: env["PATH"] ?? defaultPath,
    LC_ALL: "C",
    ...(bus === undefined ? {} : { DBUS_SYSTEM_BUS_ADDRESS: bus }),
  };
}

/** The program of that name; busybox's stand-ins know other options, and are passed over. */
async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(":").filter((part) => part.startsWith("/"))) {
    const candidate = join(folder, name);
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile() && basename(await realpath(candidate)) !== "busybox") return candidate;
    } catch {
      // Not in this folder: the next one is looked at.
    }
  }
  return undefined;
}
