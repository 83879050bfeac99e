import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { sleep, systemClock } from "../../src/base/clock.js";

/** Stands between esimd and the fake modem and speaks in its place where a story wants something that no emulator should do. */

export interface Intercepted {
  /** What `--port` takes. */
  readonly port: string;
  close(): Promise<void>;
}

/** What is said to a command in the modem's place, in pieces with a millisecond between; undefined: the modem is asked. */
export type InItsPlace = (command: string) => Iterable<string> | undefined;

/** `modemPort` is a `tcp://` port of one modem; one host at a time. */
export async function intercept(modemPort: string, inItsPlace: InItsPlace): Promise<Intercepted> {
  const open = new Set<Socket>();
  const server = createServer((host) => {
    const { hostname, port } = new URL(modemPort);
    const modem = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const socket of [host, modem]) {
      open.add(socket);
      // What breaks off is over for both; which of them it was does not matter here.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        open.delete(socket);
        host.destroy();
        modem.destroy();
      });
    }
    modem.on("data", (bytes) => host.write(bytes));
    let line = "";
    let turn = Promise.resolve();
    host.setEncoding("latin1").on("data", (text: string) => {
      line += text;
      for (let end = line.indexOf("\r"); end !== -1; end = line.indexOf("\r")) {
        const command = line.slice(0, end);
        line = line.slice(end + 1);
        turn = turn.then(() => answer(command, host, modem, inItsPlace));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the interceptor has no port");
  return {
    port: `tcp://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

async function answer(command: string, host: Socket, modem: Socket, inItsPlace: InItsPlace): Promise<void> {
  const said = inItsPlace(command);
  if (said === undefined) {
    modem.write(`${command}\r`, "latin1");
    return;
  }
  for (const text of said) {
    if (host.destroyed) return;
    if (!host.write(text, "latin1")) await taken(host);
    await sleep(systemClock, pauseMs);
  }
}

/** So that a flood without end leaves the machine some time for others. */
const pauseMs = 1;

/** Resolves when the host has taken what was written, or is gone. */
function taken(host: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      host.off("drain", done);
      host.off("close", done);
      resolve();
    };
    host.on("drain", done);
    host.on("close", done);
  });
}
