import type { Agent, Client, Dispatcher } from "undici";
import type { Clock } from "../base/clock.js";
import { formatMs, withDeadline } from "../base/deadline.js";
import { describeCause, EsimdError, isEsimdError } from "../base/errors.js";
import { strictTls } from "../base/strict-tls.js";

/** Beyond this an answer is not the API's: its pages hold 100 resources of less than 1 KiB each. */
const maxBodyBytes = 1024 * 1024;

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * Open a connection for this request alone. A kept-alive connection that the other side is just closing loses the request with no
   * word on whether it was read; where that costs money, the connection is new.
   */
  readonly ownConnection?: true;
}

export interface HttpAnswer {
  readonly kind: "answer";
  readonly status: number;
  /** One header by its lower-case name; repeated headers joined by comma. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

/** No whole answer. `sent` false means that not one byte of the request was written, and none will be. */
export interface HttpFailure {
  readonly kind: "failure";
  readonly error: EsimdError;
  readonly sent: boolean;
  /** The status, where the answer broke off behind its head. */
  readonly status: number | undefined;
}

export interface HttpTransport {
  /** Never rejects. Redirects are not followed. */
  exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | HttpFailure>;
  close(): Promise<void>;
}

export interface HttpTransportOptions {
  readonly clock: Clock;
  /** Name resolution, TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** From the call to the last byte of the answer. */
  readonly requestTimeoutMs: number;
  /** For a server that is not of the web: roots of its own in place of the web's, and a certificate to show to it. All PEM. */
  readonly tls?: TlsMaterial | undefined;
}

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export type OpenHttpTransport = (options: HttpTransportOptions) => HttpTransport;

/** How far one request got; read after a failure. */
interface Progress {
  sent: boolean;
  status: number | undefined;
}

/** HTTP over undici, which is loaded with the first request. */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const { clock, connectTimeoutMs, requestTimeoutMs } = options;
  // The deadlines are ours, by the Clock. Only undici's connect timeout stays, as a backstop that frees the socket of an attempt
  // that was given up.
  const undiciOptions = {
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { ...options.tls, ...strictTls, timeout: connectTimeoutMs + 5000 },
  };
  let agent: Agent | undefined;
  const own = new Set<Client>();

  const send = async (request: HttpRequest, progress: Progress, signal: AbortSignal): Promise<HttpAnswer> => {
    const undici = await import("undici");
    signal.throwIfAborted();
    if (request.ownConnection === undefined) {
      agent ??= new undici.Agent(undiciOptions);
      return await dispatch({ dispatcher: agent, request, progress, clock, connectTimeoutMs, signal });
    }
    const client = new undici.Client(request.url.origin, undiciOptions);
    own.add(client);
    try {
      return await dispatch({ dispatcher: client, request, progress, clock, connectTimeoutMs, signal });
    } finally {
      own.delete(client);
      await client.destroy();
    }
  };

  return {
    exchange: async (request, signal) => {
      const progress: Progress = { sent: false, status: undefined };
      const what = `${request.method} ${request.url.origin}${request.url.pathname}`;
      try {
        return await withDeadline({ clock, timeoutMs: requestTimeoutMs, signal, what }, (inner) =>
          send(request, progress, inner),
        );
      } catch (cause) {
        return { kind: "failure", error: toTransportError(cause, what, progress, signal), ...progress };
      }
    },
    close: async () => {
      await Promise.all([agent?.destroy(), ...[...own].map((client) => client.destroy())]);
      agent = undefined;
    },
  };
}

interface Dispatch {
  readonly dispatcher: Dispatcher;
  readonly request: HttpRequest;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
}

function dispatch({ dispatcher, request, progress, clock, connectTimeoutMs, signal }: Dispatch): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let givenUp: Error | undefined;
    let head: Pick<HttpAnswer, "status" | "header"> | undefined;
    const chunks: Buffer[] = [];
    let receivedBytes = 0;

    const giveUp = (reason: Error): void => {
      givenUp ??= reason;
      settle();
      controller?.abort(givenUp);
      reject(givenUp);
    };
    const onAbort = (): void =>
      giveUp(signal.reason instanceof Error ? signal.reason : new EsimdError("cancelled", "the request was cancelled"));
    const cancelConnectTimer = clock.setTimer(connectTimeoutMs, () =>
      giveUp(
        new EsimdError(
          "api_unreachable",
          `${request.url.host} took no connection within ${formatMs(connectTimeoutMs)}`,
        ),
      ),
    );
    const settle = (): void => {
      cancelConnectTimer();
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort, { once: true });

    dispatcher.dispatch(
      {
        origin: request.url.origin,
        path: `${request.url.pathname}${request.url.search}`,
        method: request.method,
        headers: { ...request.headers },
        body: request.body ?? null,
      },
      {
        // The last moment before the first byte is written: up to here nothing can have reached the other side.
        onRequestStart: (started) => {
          controller = started;
          if (givenUp !== undefined) {
            started.abort(givenUp);
            return;
          }
          cancelConnectTimer();
          progress.sent = true;
        },
        onResponseStart: (_controller, status, headers) => {
          if (status < 200) return;
          progress.status = status;
          head = { status, header: (name) => joined(headers[name]) };
        },
        onResponseData: (_controller, chunk) => {
          receivedBytes += chunk.length;
          if (receivedBytes <= maxBodyBytes) chunks.push(chunk);
          else giveUp(new EsimdError("api_protocol", `${request.url.host} answers with more than 1 MiB`));
        },
        onResponseEnd: () => {
          settle();
          if (head === undefined)
            reject(new EsimdError("api_protocol", `${request.url.host} answers without a status`));
          else resolve({ kind: "answer", ...head, body: Buffer.concat(chunks).toString("utf8") });
        },
        onResponseError: (_controller, error) => {
          settle();
          reject(error);
        },
      },
    );
  });
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

function toTransportError(cause: unknown, what: string, progress: Progress, signal: AbortSignal): EsimdError {
  if (isEsimdError(cause)) return cause;
  if (signal.aborted) return new EsimdError("cancelled", `${what} was cancelled`, { cause });
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const isParserError = cause instanceof Error && cause.name === "HTTPParserError";
  if (isParserError || code === "UND_ERR_HEADERS_OVERFLOW") {
    return new EsimdError("api_protocol", `${what}: the answer is not HTTP (${describeCause(cause)})`, { cause });
  }
  const sentence = !progress.sent
    ? `no connection: ${describeCause(cause)}`
    : `the connection broke ${progress.status === undefined ? "before an answer came" : "within the answer"}: ${describeCause(cause)}`;
  return new EsimdError("api_unreachable", `${what}: ${sentence}`, { cause });
}
