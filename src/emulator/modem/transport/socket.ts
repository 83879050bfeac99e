/** A TCP or Unix socket in the place of a serial line: one host at a time, the next is turned away. */

import { lstat, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { EsimdError } from "../../../base/errors.js";
import { quote } from "../../../base/identifiers.js";
import { backlogBytes, type ModemTransport, type TransportEvents } from "./transport.js";

export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Reads `HOST:PORT`, `:PORT` (loopback) or `unix:/path`; port 0 lets the system choose. @throws EsimdError `bad_input`. */
export function parseListenAddress(text: string): ListenAddress {
  const refuse = (why: string): EsimdError =>
    new EsimdError("bad_input", `--listen ${quote(text)} ${why}`, { hint: "Give HOST:PORT or unix:/PATH." });
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    // sun_path holds 108 bytes with its terminator (unix(7)).
    if (!path.startsWith("/") || Buffer.byteLength(path) > 107) throw refuse("is not unix:/PATH of at most 107 bytes");
    return { kind: "unix", path };
  }
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) throw refuse("is neither HOST:PORT nor unix:/PATH");
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { kind: "tcp", host: host === "" ? "127.0.0.1" : host, port };
}

/** @throws EsimdError `bad_input` when the address cannot be listened on. */
export async function openSocketServer(listen: ListenAddress, events: TransportEvents): Promise<ModemTransport> {
  const transport = new SocketTransport(listen, events);
  await transport.replug();
  return transport;
}

class SocketTransport implements ModemTransport {
  #listen: ListenAddress;
  readonly #events: TransportEvents;
  #server: Server | undefined;
  #host: Socket | undefined;

  constructor(listen: ListenAddress, events: TransportEvents) {
    this.#listen = listen;
    this.#events = events;
  }

  get address(): string {
    if (this.#listen.kind === "unix") return `unix:${this.#listen.path}`;
    const { host, port } = this.#listen;
    return `tcp://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  write(bytes: Uint8Array): void {
    const host = this.#host;
    if (host === undefined || host.destroyed || host.writableLength > backlogBytes) return;
    host.write(bytes);
  }

  async unplug(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#host?.destroy();
    this.#host = undefined;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async replug(): Promise<void> {
    if (this.#server !== undefined) return;
    if (this.#listen.kind === "unix") await removeStaleSocket(this.#listen.path);
    const server = createServer((socket) => this.#welcome(socket));
    await listenOn(server, this.#listen);
    this.#server = server;
    const bound = server.address();
    if (this.#listen.kind === "tcp" && typeof bound === "object" && bound !== null) {
      // Port 0 was chosen by the system: keep it, so that the modem comes back under the same name.
      this.#listen = { ...this.#listen, port: bound.port };
    }
  }

  close(): Promise<void> {
    return this.unplug();
  }

  #welcome(socket: Socket): void {
    // A reset by the host is its way to leave, too. The place is free at once: the same host may come again before `close` follows.
    const leave = (): void => {
      if (this.#host === socket) this.#host = undefined;
    };
    socket.on("error", leave);
    socket.on("end", leave);
    socket.on("close", leave);
    if (this.#host !== undefined) {
      socket.destroy();
      return;
    }
    this.#host = socket;
    this.#events.onHostChange();
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#events.onBytes(bytes));
  }
}

function listenOn(server: Server, listen: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new EsimdError("bad_input", `the fake modem cannot listen on ${describe(listen)}`, { cause })),
    );
    server.once("listening", resolve);
    if (listen.kind === "unix") server.listen(listen.path);
    else server.listen(listen.port, listen.host);
  });
}

function describe(listen: ListenAddress): string {
  return listen.kind === "unix" ? quote(listen.path) : `${listen.host} port ${listen.port}`;
}

/** A killed emulator leaves its socket file behind; one that nobody answers on is removed, anything else is left to fail in listen. */
async function removeStaleSocket(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined || !there.isSocket()) return;
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (!answered) await unlink(path).catch(() => undefined);
}
