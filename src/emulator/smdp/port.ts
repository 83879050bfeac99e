import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import type { Clock } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";

/**
 * One port for two protocols: the first byte of a connection tells a TLS handshake (0x16) from plain HTTP. So the SM-DP+ has one
 * HOST:PORT for devices and operators.
 */
export interface SharedPort {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface SharedPortOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls: SecureContextOptions;
  readonly onTls: RequestListener;
  readonly onPlain: RequestListener;
  readonly clock: Clock;
}

const firstByteTimeoutMs = 30_000;
const tlsHandshake = 0x16;

/** @throws EsimdError `bad_input` when the address cannot be listened on. */
export async function openSharedPort(options: SharedPortOptions): Promise<SharedPort> {
  const { listen, tls, onTls, onPlain, clock } = options;
  const secure = createHttpsServer(tls, onTls);
  const plain = createHttpServer(onPlain);
  // A handshake that fails (an unknown root on the other side) ends its own connection and nothing else.
  secure.on("tlsClientError", (_error, socket) => socket.destroy());
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const cancelTimer = clock.setTimer(firstByteTimeoutMs, () => socket.destroy());
    socket.on("close", cancelTimer);
    socket.once("data", (first: Buffer) => {
      cancelTimer();
      socket.pause();
      socket.unshift(first);
      const isTls = first[0] === tlsHandshake;
      const target: HttpServer = isTls ? secure : plain;
      target.emit("connection", socket);
      // TLS reads what was put back by itself; made to flow, the bytes would be gone before it looks.
      if (!isTls) socket.resume();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const place = `${listen.host}:${listen.port}`;
      reject(new EsimdError("bad_input", `the SM-DP+ cannot listen on ${place}: ${cause.message}`, { cause }));
    });
    server.listen(listen.port, listen.host, resolve);
  });
  const bound = server.address();
  return {
    host: listen.host,
    port: typeof bound === "object" && bound !== null ? bound.port : listen.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
