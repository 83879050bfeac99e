import { spawn } from "node:child_process";
import { once } from "node:events";
import { fstatSync, writeSync } from "node:fs";
import type { CancelTimer, Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import { messageOf, type Notice, NoticeQueue } from "./notice.js";
import { type Environment, notifyDescriptor } from "./supervision.js";

/**
 * The ways to systemd. Node has no datagram sockets of the Unix family, and native add-ons for them have failed in the field, so: the
 * socket that systemd itself connected and passed (`OpenFile=`, systemd 253), or else its own systemd-notify(1) as a child.
 */
export interface NoticeTransport {
  /** Never fails and never waits: what cannot be sent now is sent later, or was overtaken by then. */
  readonly send: (notice: Notice) => void;
  /** How often it is worth telling what merely moves on. */
  readonly paceMs: number;
  /** Resolves once everything is sent, or given up. */
  readonly close: () => Promise<void>;
}

export interface TransportParts {
  readonly env: Environment;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Undefined where no service manager wants to hear anything. */
export function openTransport(parts: TransportParts): NoticeTransport | undefined {
  const { env, pid } = parts;
  const byChild = env["NOTIFY_SOCKET"] === undefined ? undefined : () => childTransport(parts);
  const descriptor = notifyDescriptor(env, pid);
  if (descriptor === undefined || !isOpen(descriptor)) return byChild?.();
  return descriptorTransport(descriptor, parts, byChild);
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

const againAfterMs = 100;
const closeWithinMs = 2_000;

/** `write` throws as writeSync does. `instead` is what goes on where the descriptor turns out to lead nowhere. */
export function descriptorTransport(
  descriptor: number,
  { clock, log }: Pick<TransportParts, "clock" | "log">,
  instead: (() => NoticeTransport) | undefined,
  write: (descriptor: number, message: string) => void = writeSync,
): NoticeTransport {
  const queue = new NoticeQueue();
  let successor: NoticeTransport | undefined;
  let isDead = false;
  let cancelAgain: CancelTimer | undefined;

  const giveUp = (cause: unknown, unsent: readonly Notice[]): void => {
    isDead = true;
    successor = instead?.();
    log.warn(
      { cause: describeCause(cause), goesOnBy: successor === undefined ? "nothing" : "systemd-notify" },
      "systemd's socket takes no messages",
    );
    queue.putBack(unsent);
    while (successor !== undefined && !queue.isEmpty) for (const notice of queue.take()) successor.send(notice);
  };

  const flush = (): void => {
    cancelAgain?.();
    cancelAgain = undefined;
    while (!isDead && !queue.isEmpty) {
      const notices = queue.take();
      try {
        write(descriptor, messageOf(notices));
      } catch (cause) {
        if (!isFull(cause)) {
          giveUp(cause, notices);
          return;
        }
        queue.putBack(notices);
        cancelAgain = clock.setTimer(againAfterMs, flush);
        return;
      }
    }
  };

  return {
    paceMs: 1_000,
    send: (notice) => {
      if (isDead) {
        successor?.send(notice);
        return;
      }
      queue.add(notice);
      flush();
    },
    close: async () => {
      flush();
      cancelAgain?.();
      await successor?.close();
    },
  };
}

/** systemd's own queue of messages is full: it reads on in a moment. */
function isFull(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "EAGAIN" || code === "ENOBUFS" || code === "EINTR";
}

/** It waits until systemd has taken the message (a barrier), and for ever where nobody takes it. */
const childWithinMs = 5_000;

/** One child at a time; what comes meanwhile is put together for the next. */
export function childTransport({ env, clock, log }: TransportParts, program = "systemd-notify"): NoticeTransport {
  const queue = new NoticeQueue();
  let running: Promise<void> | undefined;
  let isFailing = false;

  const told = (error: unknown): void => {
    if (error !== undefined && !isFailing)
      log.warn(
        {
          cause: describeCause(error),
          next: "Look whether systemd-notify is installed, and NotifyAccess=all in the unit.",
        },
        "systemd could not be told how esimd stands",
      );
    isFailing = error !== undefined;
  };

  const work = async (): Promise<void> => {
    while (!queue.isEmpty) {
      const words = messageOf(queue.take()).trimEnd().split("\n");
      told(await runOnce(program, words, env, clock));
    }
    running = undefined;
  };

  return {
    paceMs: 10_000,
    send: (notice) => {
      queue.add(notice);
      running ??= work();
    },
    close: async () => {
      const last = running;
      if (last === undefined) return;
      const bound = { clock, timeoutMs: closeWithinMs, what: "systemd-notify" };
      await withDeadline(bound, () => last).catch(told);
    },
  };
}

/** Resolves with what went wrong. The message is in argv, which is why a status has its identifiers masked before it comes here. */
async function runOnce(program: string, words: readonly string[], env: Environment, clock: Clock): Promise<unknown> {
  const child = spawn(program, words, {
    stdio: "ignore",
    env: { PATH: env["PATH"] ?? "/usr/bin:/bin", NOTIFY_SOCKET: env["NOTIFY_SOCKET"] },
  });
  try {
    const bound = { clock, timeoutMs: childWithinMs, what: "systemd-notify" };
    await withDeadline(bound, (signal) => once(child, "exit", { signal }));
    if (child.exitCode === 0) return undefined;
    return new EsimdError("unexpected", `systemd-notify ended with ${child.exitCode ?? child.signalCode}`);
  } catch (cause) {
    child.kill("SIGKILL");
    return cause;
  }
}
