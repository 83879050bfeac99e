import { connect, type Socket } from "node:net";
import { describeCause, EsimdError } from "../base/errors.js";
import type { PortAddress } from "./address.js";
import { createInbox } from "./inbox.js";
import type { BytePort } from "./port.js";

/** A modem behind a TCP or Unix socket: a serial server, or an emulator. */
export async function openSocket(
  name: string,
  address: Exclude<PortAddress, { kind: "tty" }>,
  signal: AbortSignal,
): Promise<BytePort> {
  const socket = await connected(name, address, signal);
  const inbox = createInbox();
  let closing = false;
  socket.on("data", (bytes) => inbox.deliver(bytes));
  socket.on("error", (cause) =>
    inbox.end(new EsimdError("serial_gone", `${name} broke off: ${describeCause(cause)}`, { cause })),
  );
  socket.on("close", () => {
    if (!closing) inbox.end(new EsimdError("serial_gone", `${name} closed the connection while it was in use`));
  });
  return {
    name,
    onData: inbox.onData,
    onGone: inbox.onGone,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const ended = inbox.ended();
        if (ended !== undefined) {
          reject(ended);
          return;
        }
        socket.write(bytes, (cause) => {
          if (cause)
            reject(new EsimdError("serial_io", `writing to ${name} failed: ${describeCause(cause)}`, { cause }));
          else resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        closing = true;
        if (socket.destroyed) {
          resolve();
          return;
        }
        socket.once("close", () => resolve());
        socket.destroy();
      }),
  };
}

function connected(name: string, address: Exclude<PortAddress, { kind: "tty" }>, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      address.kind === "tcp"
        ? connect({ host: address.host, port: address.port, noDelay: true })
        : connect({ path: address.path });
    const stop = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener("abort", stop, { once: true });
    socket.once("connect", () => {
      signal.removeEventListener("abort", stop);
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (cause) => {
      signal.removeEventListener("abort", stop);
      reject(connectError(name, cause));
    });
  });
}

function connectError(name: string, cause: Error): EsimdError {
  const code = "code" in cause ? cause.code : undefined;
  if (code === "EACCES" || code === "EPERM") {
    return new EsimdError("port_forbidden", `${name} may not be opened by this user`, { cause });
  }
  return new EsimdError("port_missing", `nothing listens at ${name}: ${describeCause(cause)}`, {
    cause,
    hint: `Check that the serial server or the emulator behind it runs, and that ${name} is its address.`,
  });
}
