import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { CancelTimer, Clock } from "../../base/clock.js";
import { type ErrorCode, EsimdError, toEsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import { errorAnswer } from "./answers.js";
import { readJsonBody } from "./json-body.js";
import type { ControlReply, ControlRoutes, FoundRoute, Outlet } from "./routes.js";

/**
 * HTTP on the control socket, bounded on every side: whoever may open the socket can neither fill the daemon's memory nor keep others out
 * for long. One request a connection: there is nothing to gain from a second one on this machine.
 */

export const bounds = {
  clients: 32,
  /** Of those, streams that stay: a look must always be possible. */
  streams: 16,
  headerBytes: 8 * 1024,
  bodyBytes: 16 * 1024,
  /** From the connection to the end of the head, and from there to the end of the body. */
  requestMs: 5_000,
  /** How long a client may take to read an answer. */
  readMs: 15_000,
  /** What still runs when the daemon ends has this long to be written down. */
  closeMs: 10_000,
} as const;

export interface ControlServerParts {
  readonly routes: ControlRoutes;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ControlServer {
  /** Not listening yet. */
  readonly http: Server;
  close(): Promise<void>;
}

export function createControlServer({ routes, clock, log }: ControlServerParts): ControlServer {
  const ended = new AbortController();
  const sockets = new Map<Socket, CancelTimer>();
  const working = new Set<Promise<void>>();
  let streams = 0;

  // Node's own deadlines are switched off: they are timers of their own, and ours are bound to the clock.
  const http = createServer({
    maxHeaderSize: bounds.headerBytes,
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    connectionsCheckingInterval: 2 ** 31 - 1,
  });
  // A few more than are served, so that the next one is told why it is not.
  http.maxConnections = bounds.clients + 8;
  http.on("connection", (socket) => {
    sockets.set(
      socket,
      clock.setTimer(bounds.requestMs, () => socket.destroy()),
    );
    socket.on("close", () => {
      sockets.get(socket)?.();
      sockets.delete(socket);
    });
  });
  http.on("clientError", (cause, socket) => {
    if (!socket.writable) return;
    const tooLong = "code" in cause && cause.code === "HPE_HEADER_OVERFLOW";
    const status = tooLong ? "431 Request Header Fields Too Large" : "400 Bad Request";
    const error = new EsimdError("bad_input", tooLong ? "the request's head is too long" : "this is no HTTP request");
    const body = JSON.stringify(errorAnswer(error).body);
    socket.end(
      `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  http.on("request", (request, response) => {
    sockets.get(request.socket)?.();
    const work = serve(request, response).finally(() => working.delete(work));
    working.add(work);
  });

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // What went wrong on the way to a client is the client's business.
    response.on("error", (error) => log.debug({ error }, "a client of the control socket went away"));
    response.setHeader("connection", "close");
    try {
      if (sockets.size > bounds.clients) throw tooMany("clients", bounds.clients);
      send(response, await answer(request));
    } catch (thrown) {
      sendError(response, toEsimdError(thrown));
    }
  };

  const answer = async (request: IncomingMessage): Promise<ControlReply> => {
    const method = request.method ?? "";
    const [path = ""] = (request.url ?? "").split("?");
    const found = routes.find(method, path);
    if (found.kind !== "found") throw refusal(found, method, path, routes);
    return found.handle({
      params: found.params,
      headers: request.headers,
      body: () => readBody(request, clock),
      signal: ended.signal,
    });
  };

  const send = (response: ServerResponse, reply: ControlReply): void => {
    switch (reply.kind) {
      case "json":
        sendWhole(response, reply.status ?? 200, "application/json", `${JSON.stringify(reply.body)}\n`);
        return;
      case "text":
        sendWhole(response, 200, reply.contentType, reply.text);
        return;
      case "stream":
        sendStream(response, reply);
    }
  };

  const sendError = (response: ServerResponse, error: EsimdError): void => {
    if (error.code === "unexpected") log.error({ error }, "a request to the control socket failed");
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, body, retryAfterSeconds } = errorAnswer(error);
    if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
    if (error instanceof RefusedRequest && error.allow !== undefined) response.setHeader("allow", error.allow);
    const whole = error instanceof RefusedRequest ? error.status : status;
    sendWhole(response, whole, "application/json", `${JSON.stringify(body)}\n`);
  };

  const sendWhole = (response: ServerResponse, status: number, contentType: string, text: string): void => {
    const cancel = clock.setTimer(bounds.readMs, () => response.destroy());
    response.on("close", cancel);
    response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(text) });
    response.end(text);
  };

  const sendStream = (response: ServerResponse, reply: Extract<ControlReply, { kind: "stream" }>): void => {
    if (streams >= bounds.streams) throw tooMany("streams", bounds.streams);
    streams++;
    response.writeHead(200, { "content-type": reply.contentType, "cache-control": "no-store" });
    response.flushHeaders();
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
        log.info({ why }, "a client of the control socket was dropped");
        response.destroy();
      },
    };
    const opened = reply.open(outlet);
    if (closed) opened();
    else end = opened;
  };

  return {
    http,
    close: async () => {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      ended.abort(new EsimdError("cancelled", "the daemon ends"));
      let cancel: CancelTimer = () => undefined;
      const late = new Promise<void>((resolve) => {
        cancel = clock.setTimer(bounds.closeMs, resolve);
      });
      await Promise.race([Promise.all(working), late]);
      cancel();
      for (const socket of sockets.keys()) socket.destroy();
      await closed;
    },
  };
}

/** A refusal for which HTTP has a status that no code of ours means. */
class RefusedRequest extends EsimdError {
  readonly status: number;
  readonly allow: string | undefined;

  constructor(status: number, message: string, options: { hint: string; allow?: string; code?: ErrorCode }) {
    super(options.code ?? "bad_input", message, { hint: options.hint });
    this.status = status;
    this.allow = options.allow;
  }
}

function refusal(
  found: Exclude<FoundRoute, { kind: "found" }>,
  method: string,
  path: string,
  routes: ControlRoutes,
): EsimdError {
  if (found.kind === "unknown")
    return new RefusedRequest(404, `the control socket has no ${quote(path)}`, {
      hint: `There are: ${routes.list().join(", ")}.`,
    });
  const allow = found.allowed.join(", ");
  return new RefusedRequest(405, `${quote(path)} takes ${allow}, and was asked by ${quote(method)}`, {
    hint: `Ask it by ${allow}.`,
    allow,
  });
}

function tooMany(what: string, most: number): EsimdError {
  return new EsimdError("daemon_busy", `the control socket has as many ${what} as it takes (${most})`);
}

function readBody(request: IncomingMessage, clock: Clock): Promise<unknown> {
  return readJsonBody(request, clock, {
    ...bounds,
    page: "control-socket.md",
    refusal: (status, message, options) => new RefusedRequest(status, message, options),
  });
}
