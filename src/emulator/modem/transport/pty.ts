/**
 * A real pseudo-terminal. node-pty's own `open()` keeps a reader on the slave, which takes the bytes meant for the host; a child process that
 * only holds the slave open does not, and while it lives the master survives a host that closes the port.
 */

import { Socket } from "node:net";
import { EsimdError } from "../../../base/errors.js";
import { pointLink, removeLink } from "./link.js";
import { backlogBytes, type ModemTransport, type TransportEvents } from "./transport.js";

/** Printed by the holder once the slave is raw; nothing before it is the host's. */
const readyMarker = "READY";
const holderScript = `stty raw -echo && printf ${readyMarker} && exec sleep infinity`;

export interface PtyOptions {
  readonly events: TransportEvents;
  /** A symbolic link to the slave that stays the same over replugs. */
  readonly link?: string | undefined;
}

/** @throws EsimdError `usage` where the machine has no pseudo-terminal library, `bad_input` for a link that cannot be made. */
export async function openPty(options: PtyOptions): Promise<ModemTransport> {
  const transport = new PtyTransport(options);
  await transport.replug();
  return transport;
}

interface Terminal {
  readonly slavePath: string;
  readonly master: Socket;
  /** Kills the holder of the slave and closes the master: for the host this is a hang-up. */
  readonly hangUp: () => Promise<void>;
}

class PtyTransport implements ModemTransport {
  readonly #options: PtyOptions;
  #terminal: Terminal | undefined;
  #lastSlavePath = "";
  #replugging: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: PtyOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#options.link ?? this.#lastSlavePath;
  }

  write(bytes: Uint8Array): void {
    const master = this.#terminal?.master;
    if (master === undefined || master.destroyed || master.writableLength > backlogBytes) return;
    master.write(bytes);
  }

  async unplug(): Promise<void> {
    const terminal = this.#terminal;
    if (terminal === undefined) return;
    this.#terminal = undefined;
    // The name goes first, as udev's does: a host that looks again must not find the dying port.
    if (this.#options.link !== undefined) await removeLink(this.#options.link, terminal.slavePath);
    await terminal.hangUp();
  }

  /** One at a time: a second call waits for the first. Nothing after `close`. */
  replug(): Promise<void> {
    if (this.#isClosed || this.#terminal !== undefined) return Promise.resolve();
    this.#replugging ??= this.#plugIn().finally(() => {
      this.#replugging = undefined;
    });
    return this.#replugging;
  }

  async #plugIn(): Promise<void> {
    const terminal = await openTerminal((bytes) => this.#options.events.onBytes(bytes));
    this.#terminal = terminal;
    this.#lastSlavePath = terminal.slavePath;
    if (this.#options.link === undefined) return;
    try {
      await pointLink(this.#options.link, terminal.slavePath);
    } catch (error) {
      this.#terminal = undefined;
      await terminal.hangUp();
      throw error;
    }
  }

  /** A replug under way ends first: neither its terminal nor its link is left behind. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // Its failure is told to whoever asked for it.
    await this.#replugging?.catch(() => undefined);
    await this.unplug();
  }
}

type PtyLibrary = typeof import("@lydell/node-pty");

async function loadLibrary(): Promise<PtyLibrary> {
  try {
    return await import("@lydell/node-pty");
  } catch (cause) {
    throw new EsimdError(
      "pty_missing",
      "this machine has no pseudo-terminal library, so the fake modem serves sockets only",
      {
        cause,
        hint: "Give --listen HOST:PORT or --listen unix:/PATH, and open it as tcp://HOST:PORT or unix:/PATH.",
      },
    );
  }
}

async function openTerminal(onBytes: (bytes: Uint8Array) => void): Promise<Terminal> {
  const { spawn } = await loadLibrary();
  const terminal = spawn("/bin/sh", ["-c", holderScript], { encoding: null, name: "dumb" });
  const { slavePath, master } = internalsOf(terminal);
  const exited = new Promise<void>((resolve) => terminal.onExit(() => resolve()));
  const hangUp = async (): Promise<void> => {
    terminal.kill("SIGKILL");
    master.destroy();
    await exited;
  };
  let sawMarker: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    sawMarker = resolve;
  });
  let head = "";
  let isReady = false;
  const onData = (data: unknown): void => {
    if (!(data instanceof Uint8Array)) return;
    if (isReady) {
      onBytes(data);
      return;
    }
    head += Buffer.from(data).toString("latin1");
    if (head.length > 4096) master.destroy();
    if (!head.endsWith(readyMarker)) return;
    isReady = true;
    sawMarker();
  };
  terminal.onData(onData);
  const failed = exited.then(() => {
    throw new EsimdError(
      "unexpected",
      "the process that holds the fake modem's terminal open ended before it was ready",
    );
  });
  await Promise.race([ready, failed]);
  failed.catch(() => undefined);
  return { slavePath, master, hangUp };
}

/** node-pty keeps the slave's path and the master's stream to itself; without them the terminal is of no use here. */
function internalsOf(terminal: object): { readonly slavePath: string; readonly master: Socket } {
  const slavePath = "ptsName" in terminal ? terminal.ptsName : undefined;
  const master = "_socket" in terminal ? terminal._socket : undefined;
  if (typeof slavePath !== "string" || !slavePath.startsWith("/dev/") || !(master instanceof Socket)) {
    throw new EsimdError("unexpected", "the pseudo-terminal library is not of the version that esimd knows");
  }
  return { slavePath, master };
}
