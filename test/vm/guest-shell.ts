import { connect, type Socket } from "node:net";
import type { Clock } from "../../src/base/clock.js";

/**
 * The machine's debug shell (systemd.debug_shell) on a serial port: one command in flight, its output between what was sent and a mark.
 * It is there from early in the boot on, and needs no network and no login.
 */
export interface GuestShell {
  /** @throws Error when no answer comes in time, or when the command fails. */
  run(command: string, timeoutMs?: number): Promise<string>;
  /** As {@link run}, and a command may fail. */
  try(command: string, timeoutMs?: number): Promise<{ readonly status: number; readonly output: string }>;
  close(): void;
}

export interface GuestShellOptions {
  readonly clock: Clock;
  readonly socketPath: string;
  /** How long the machine may take until its shell answers. */
  readonly bootTimeoutMs: number;
  /** Aborts when the machine is no more. */
  readonly signal: AbortSignal;
}

const knockMs = 1000;
const commandTimeoutMs = 120_000;
/** The mark is sent in two parts, so that what the terminal echoes is none. */
const mark = "esimd-mark";

/** Resolves once the shell answers. */
export async function openGuestShell(options: GuestShellOptions): Promise<GuestShell> {
  const { clock, socketPath, bootTimeoutMs, signal } = options;
  const socket = await connected(socketPath);
  const received = new Received(socket);
  let serial = 0;

  const exchange = async (command: string, timeoutMs: number): Promise<{ status: number; output: string }> => {
    const id = `${++serial}`;
    received.forget();
    socket.write(`{ ${command}\n} </dev/null 2>&1; printf '\\n%s-%s %s\\n' ${mark} ${id} "$?"\n`);
    const pattern = new RegExp(`\\n${mark}-${id} (\\d+)\\n`);
    const found = await received.match(pattern, { clock, timeoutMs, signal });
    if (found === undefined) throw new Error(`the shell gave no answer within ${timeoutMs / 1000} s to: ${command}`);
    return { status: Number(found.match[1]), output: found.before.replace(/\n$/, "") };
  };

  await awake(socket, received, { clock, timeoutMs: bootTimeoutMs, signal });
  return {
    run: async (command, timeoutMs = commandTimeoutMs) => {
      const { status, output } = await exchange(command, timeoutMs);
      if (status !== 0) throw new Error(`in the machine, ${command} ended with ${status}:\n${output}`);
      return output;
    },
    try: (command, timeoutMs = commandTimeoutMs) => exchange(command, timeoutMs),
    close: () => socket.destroy(),
  };
}

async function awake(socket: Socket, received: Received, limits: Limits): Promise<void> {
  const { clock, timeoutMs, signal } = limits;
  const untilMs = clock.monotonicMs() + timeoutMs;
  for (let knock = 1; clock.monotonicMs() < untilMs; knock++) {
    // What is written before somebody reads the line is lost, so it is written again.
    const quiet = "stty -echo; bind 'set enable-bracketed-paste off' 2>/dev/null; PS1=; PS2=";
    socket.write(`${quiet}; printf '\\n%s-%s\\n' ${mark} awake${knock}\n`);
    if ((await received.match(/\nesimd-mark-awake\d+\n/, { clock, timeoutMs: knockMs, signal })) === undefined)
      continue;
    // Knocks that were kept for the shell are answered after each other: the last one ends it.
    const last = new RegExp(`\\n${mark}-awake${knock}\\n`);
    if ((await received.match(last, { clock, timeoutMs: knockMs * 3, signal })) !== undefined) return;
  }
  throw new Error(`the machine's shell did not answer within ${timeoutMs / 1000} s`);
}

interface Limits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What the shell wrote since it was last forgotten. */
class Received {
  #text = "";
  #changed: (() => void) | undefined;

  constructor(socket: Socket) {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.#text += text.replaceAll("\r", "");
      this.#changed?.();
    });
    // The machine's end is told by its process.
    socket.on("error", () => undefined);
  }

  forget(): void {
    this.#text = "";
  }

  async match(
    pattern: RegExp,
    { clock, timeoutMs, signal }: Limits,
  ): Promise<{ readonly match: RegExpExecArray; readonly before: string } | undefined> {
    let isLate = false;
    const wake = (): void => this.#changed?.();
    const cancelTimer = clock.setTimer(timeoutMs, () => {
      isLate = true;
      wake();
    });
    signal.addEventListener("abort", wake);
    try {
      for (;;) {
        signal.throwIfAborted();
        const match = pattern.exec(this.#text);
        if (match !== null) return { match, before: this.#text.slice(0, match.index) };
        if (isLate) return undefined;
        await new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
      }
    } finally {
      cancelTimer();
      signal.removeEventListener("abort", wake);
      this.#changed = undefined;
    }
  }
}

/** QEMU makes the socket when it starts, which is before the machine does anything. */
async function connected(path: string): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once("error", reject);
  });
}
