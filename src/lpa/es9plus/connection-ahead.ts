import type { TLSSocket } from "node:tls";
import type { Clock } from "../../base/clock.js";
import { connectToSmdp, type SmdpEndpoint, type SmdpTlsOptions } from "./tls.js";

/**
 * A server closes a connection that says nothing, the first of them after 5 s (nginx gives 60, Node 5): one of that age is not tried, since a
 * request that meets the end of it cannot tell whether it was read.
 */
const freshMs = 4_000;

interface Ahead {
  readonly endpoint: SmdpEndpoint;
  readonly socket: Promise<TLSSocket | undefined>;
  readonly stop: AbortController;
  connectedMs: number;
}

/**
 * Connections to SM-DP+s, of which one may be made ahead: while the modem still answers, the handshake is done, and the first request finds
 * it over. What goes wrong with it is nobody's failure: the request then makes its own connection, and says what is wrong.
 */
export class ConnectionsAhead {
  readonly #options: SmdpTlsOptions;
  readonly #clock: Clock;
  #ahead: Ahead | undefined;

  constructor(options: SmdpTlsOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** Begins, unless one to there is under way or at hand. */
  prepare(endpoint: SmdpEndpoint): void {
    if (this.#ahead !== undefined && isSame(this.#ahead.endpoint, endpoint) && !this.#isStale(this.#ahead)) return;
    this.close();
    const stop = new AbortController();
    const socket = connectToSmdp(endpoint, { ...this.#options, signal: stop.signal }).then(
      (connected) => {
        ahead.connectedMs = this.#clock.monotonicMs();
        // Nobody else listens yet, and an error that nobody hears ends the process; a closed socket is not used.
        connected.on("error", () => undefined);
        if (stop.signal.aborted) connected.destroy();
        return connected;
      },
      () => undefined,
    );
    const ahead: Ahead = { endpoint, socket, stop, connectedMs: Number.POSITIVE_INFINITY };
    this.#ahead = ahead;
  }

  /** The connection that was made ahead, where it is good, else a new one. @throws ConnectFailure */
  async take(endpoint: SmdpEndpoint): Promise<TLSSocket> {
    const ahead = this.#ahead;
    if (ahead !== undefined && isSame(ahead.endpoint, endpoint)) {
      this.#ahead = undefined;
      const socket = await ahead.socket;
      if (socket !== undefined && !this.#isStale(ahead) && isUntouched(socket)) return socket;
      socket?.destroy();
    }
    return connectToSmdp(endpoint, this.#options);
  }

  /** One that nobody took is closed. */
  close(): void {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    ahead?.stop.abort();
    void ahead?.socket.then((socket) => socket?.destroy());
  }

  #isStale({ connectedMs }: Ahead): boolean {
    return this.#clock.monotonicMs() - connectedMs > freshMs;
  }
}

function isSame(one: SmdpEndpoint, other: SmdpEndpoint): boolean {
  return one.host === other.host && one.port === other.port;
}

/** Open in both directions, and nothing was said on it. */
function isUntouched(socket: TLSSocket): boolean {
  return !socket.destroyed && !socket.readableEnded && socket.writable && socket.readableLength === 0;
}
