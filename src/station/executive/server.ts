import { chmod, lstat, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../base/clock.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import { parsePortAddress } from "../../serial/address.js";
import type { StationControl } from "../control.js";
import { answerTo, errorLine, eventLine, isTooLong, longestLine, protocolName } from "./protocol.js";

/** The socket of the test executive: loopback or a Unix socket, a few clients, lines of bounded length, and nobody who does not read. */

const mostClients = 8;
/** A client that leaves so much unread is gone. */
const mostUnreadBytes = 256 * 1024;
/** How long what was said last may take to be read at the end. */
const goodbyeMs = 1_000;

export interface ExecutiveServer {
  close(): Promise<void>;
}

/** @throws EsimdError `config_invalid` for another address than loopback or a Unix socket, `socket_unusable`. */
export async function openExecutive(
  listen: string,
  parts: { readonly name: string; readonly control: StationControl; readonly log: Log; readonly clock: Clock },
): Promise<ExecutiveServer> {
  const { name, control, log, clock } = parts;
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    if (clients.size >= mostClients) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    socket.on("close", () => clients.delete(socket));
    serve(socket, name, control, log);
  });
  await listenAt(server, listen);
  server.on("error", (error) => log.error({ error, listen }, "the executive's socket failed"));
  return {
    close: async () => {
      // What was said last is still sent; who does not read it does not hold us up.
      for (const client of clients) client.destroySoon();
      const cancel = clock.setTimer(goodbyeMs, () => {
        for (const client of clients) client.destroy();
      });
      await new Promise<void>((resolve) => server.close(() => resolve()));
      cancel();
    },
  };
}

function serve(socket: Socket, name: string, control: StationControl, log: Log): void {
  let rest = "";
  let unhear: (() => void) | undefined;
  const say = (line: string): void => {
    if (socket.destroyed || socket.writableEnded) return;
    if (socket.writableLength > mostUnreadBytes) {
      log.warn({}, "an executive does not read what it is sent, and is let go");
      socket.destroy();
      return;
    }
    socket.write(`${line}\n`);
  };
  /** Half of such a line may be a command that nobody gave: none of it is obeyed, nor what is behind it. */
  const refuseLine = (): void => {
    rest = "";
    socket.removeAllListeners("data").resume();
    say(errorLine(new EsimdError("executive_protocol", `a line has more than ${longestLine} bytes`)));
    socket.destroySoon();
  };
  socket.setNoDelay(true);
  socket.setEncoding("utf8");
  // A reset is a client's way to leave; `close` follows.
  socket.on("error", (error) => log.debug({ error }, "an executive's connection broke"));
  socket.on("close", () => unhear?.());
  socket.on("data", (chunk) => {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (isTooLong(line)) return refuseLine();
      const answer = answerTo(line, control);
      for (const said of answer.lines) say(said);
      if (answer.listens) unhear ??= control.onEvent((event) => say(eventLine(event)));
    }
    if (isTooLong(rest)) refuseLine();
  });
  say(`${protocolName} ${name}`);
}

const loopback = new Set(["127.0.0.1", "localhost", "::1"]);

async function listenAt(server: Server, listen: string): Promise<void> {
  const address = parsePortAddress(listen);
  if (address.kind === "tty" || (address.kind === "tcp" && !loopback.has(address.host))) {
    throw new EsimdError(
      "config_invalid",
      `executive.listen is ${quote(listen)}; it takes unix:/PATH or tcp://127.0.0.1:PORT, since the line has no lock`,
    );
  }
  if (address.kind === "unix") await removeStale(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new EsimdError(
          "socket_unusable",
          `the executive's socket ${quote(listen)} cannot be opened: ${describeCause(cause)}`,
          { cause },
        ),
      ),
    );
    server.once("listening", resolve);
    if (address.kind === "unix") server.listen(address.path);
    else server.listen(address.port, address.host);
  });
  // Whoever may open it may run the line: the group that the station runs with, as for the daemon's own socket.
  if (address.kind === "unix") await chmod(address.path, 0o660);
}

/** A killed station leaves its socket file; one that somebody answers on is his. */
async function removeStale(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there?.isSocket() !== true) return;
  const isAnswered = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (!isAnswered) await unlink(path).catch(() => undefined);
}
