import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { CancelTimer, Clock } from "../../base/clock.js";
import { EsimdError, toEsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import { strictTls } from "../../base/strict-tls.js";
import { errorAnswer } from "../../daemon/control/answers.js";
import type { Outlet } from "../../daemon/control/routes.js";
import { readBody } from "./body.js";
import { bounds } from "./bounds.js";
import { type ExportFile, PageRefusal, type PageReply, type PageRequest } from "./reply.js";
import { assetHeaders, exportHeaders, pageHeaders } from "./security-headers.js";

/**
 * HTTP for the page, bounded as on the control socket (src/daemon/control/server.ts): whoever can connect can neither fill the station's memory
 * nor keep the operator out for long. One request a connection, so that a browser's spare ones hold no place.
 */

export interface PageTls {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Who is let in at all: holders of a certificate that this CA signed. */
  readonly clientCa?: string | Uint8Array | undefined;
}

export interface PageServerParts {
  readonly tls: PageTls | undefined;
  readonly answer: (request: PageRequest) => Promise<PageReply>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PageServer {
  /** Not listening yet. */
  readonly http: Server;
  close(): Promise<void>;
}

export function createPageServer({ tls, answer, clock, log }: PageServerParts): PageServer {
  const ended = new AbortController();
  const sockets = new Set<Socket>();
  const heads = new Map<Socket, CancelTimer>();
  let streams = 0;

  // Node's own deadlines are switched off but for the handshake's: they are timers of their own, and ours are bound to the clock.
  const limits = {
    maxHeaderSize: bounds.headerBytes,
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    connectionsCheckingInterval: 2 ** 31 - 1,
  };
  const http: Server = tls === undefined ? createServer(limits) : createTlsServer({ ...limits, ...tlsOptions(tls) });
  // A few more than are served, so that the next one is told why it is not.
  http.maxConnections = bounds.clients + 8;
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", (error) => log.debug({ error }, "a client of the page went away"));
    socket.on("close", () => sockets.delete(socket));
  });
  http.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    heads.set(
      socket,
      clock.setTimer(bounds.requestMs, () => socket.destroy()),
    );
    socket.on("close", () => {
      heads.get(socket)?.();
      heads.delete(socket);
    });
  });
  http.on("tlsClientError", (error: Error) => log.debug({ error }, "a client of the page was not let in"));
  http.on("clientError", (cause, socket) => {
    if (!socket.writable) return;
    const tooLong = "code" in cause && cause.code === "HPE_HEADER_OVERFLOW";
    const status = tooLong ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
  });
  http.on("request", (request, response) => {
    heads.get(request.socket)?.();
    serve(request, response).catch((thrown: unknown) => {
      log.error({ error: toEsimdError(thrown) }, "a request to the page failed");
      response.destroy();
    });
  });

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on("error", (error) => log.debug({ error }, "a client of the page went away"));
    response.setHeader("connection", "close");
    try {
      if (sockets.size > bounds.clients) throw tooMany("clients", bounds.clients);
      await send(response, await answer(requestOf(request)));
    } catch (thrown) {
      sendError(response, toEsimdError(thrown));
    }
  };

  const requestOf = (request: IncomingMessage): PageRequest => {
    const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
    return {
      method: request.method ?? "",
      path,
      query: new URLSearchParams(query),
      headers: request.headers,
      address: networkOf(request.socket.remoteAddress ?? "unknown"),
      body: () => readBody(request, clock),
      signal: ended.signal,
    };
  };

  const send = async (response: ServerResponse, reply: PageReply): Promise<void> => {
    switch (reply.kind) {
      case "json": {
        const cookie = reply.cookie === undefined ? {} : { "set-cookie": reply.cookie };
        sendJson(response, reply.status ?? 200, reply.body, cookie);
        return;
      }
      case "asset":
        within(response, bounds.readMs);
        response.writeHead(200, assetHeaders(reply.asset));
        response.end(reply.asset.bytes);
        return;
      case "redirect":
        within(response, bounds.readMs);
        response.writeHead(303, { ...pageHeaders, location: reply.to, "content-length": 0 });
        response.end();
        return;
      case "file":
        await sendFile(response, reply.file);
        return;
      case "stream":
        sendStream(response, reply);
    }
  };

  const sendJson = (response: ServerResponse, status: number, body: object, more: object = {}): void => {
    const text = `${JSON.stringify(body)}\n`;
    within(response, bounds.readMs);
    const type = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    response.writeHead(status, { ...pageHeaders, ...type, ...more });
    response.end(text);
  };

  const sendFile = async (response: ServerResponse, { contentType, fileName, body }: ExportFile): Promise<void> => {
    within(response, bounds.exportMs);
    response.writeHead(200, exportHeaders(contentType, fileName));
    const pieces = typeof body === "string" || body instanceof Uint8Array ? [body] : body;
    // A piece that cannot be made ends the connection in the middle: the browser tells a broken download from a whole one.
    await pipeline(Readable.from(pieces, { objectMode: true }), response, { signal: ended.signal });
  };

  const sendError = (response: ServerResponse, error: EsimdError): void => {
    if (response.headersSent) {
      log.info({ error }, "an answer of the page broke off");
      response.destroy();
      return;
    }
    if (error.code === "unexpected") log.error({ error }, "a request to the page failed");
    const { status, body, retryAfterSeconds } = errorAnswer(error);
    const retry = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
    const allow = error instanceof PageRefusal && error.allow !== undefined ? { allow: error.allow } : {};
    sendJson(response, error instanceof PageRefusal ? error.status : status, body, { ...retry, ...allow });
  };

  const sendStream = (response: ServerResponse, reply: Extract<PageReply, { kind: "stream" }>): void => {
    if (streams >= bounds.streams) throw tooMany("open pages", bounds.streams);
    streams++;
    response.writeHead(200, { ...pageHeaders, "content-type": "text/event-stream" });
    let end = (): void => undefined;
    let closed = false;
    response.on("close", () => {
      closed = true;
      streams--;
      end();
    });
    const outlet: Outlet = {
      write: (text) => !response.destroyed && response.write(text),
      onRoom: (listener) => response.on("drain", listener),
      drop: (why) => {
        log.info({ why }, "an open page was dropped");
        response.destroy();
      },
    };
    const opened = reply.open(outlet);
    if (closed) opened();
    else end = opened;
  };

  const within = (response: ServerResponse, ms: number): void => {
    response.on(
      "close",
      clock.setTimer(ms, () => response.destroy()),
    );
  };

  return {
    http,
    close: async () => {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      ended.abort(new EsimdError("cancelled", "the station's page is closed"));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function tlsOptions({ cert, key, clientCa }: PageTls): object {
  const pem = (text: string | Uint8Array): string | Buffer => (typeof text === "string" ? text : Buffer.from(text));
  const client = clientCa === undefined ? {} : { ca: pem(clientCa), requestCert: true, rejectUnauthorized: true };
  return {
    cert: pem(cert),
    key: pem(key),
    minVersion: strictTls.minVersion,
    handshakeTimeout: bounds.requestMs,
    ...client,
  };
}

/** An IPv6 host has 2^64 addresses of its own: its network stands for all of them. */
function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(":")) return mapped ?? address;
  const [head = "", tail = ""] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === "" ? [] : tail.split(":");
  const groups = address.includes("::")
    ? [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0"), ...after]
    : before;
  return groups.slice(0, 4).join(":");
}

function tooMany(what: string, most: number): EsimdError {
  return new EsimdError("daemon_busy", `the page has as many ${what} as it takes (${most})`);
}
